r"""Score predicted charts in files against reference charts.

    python tools/evaluate.py predictions/vit-base data/ai4arctic/test \
        --compare predictions/unet --out predictions/vit-base/scores

Predictions are an upload package, NetCDF products, or a folder of them;
references are ready-to-train scenes, their reference files, or a folder of
them. The score is the AutoICE challenge's at 80 m, to the digit. Beside it
stand how far it hangs on the scenes, scores by service, season, region and
distance to land, the ice edge, and predictions that no ice can be.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmseaice.errors import DatasetError
from mmseaice.utils.cli import natural, positive, readable_errors

#: What the columns of the tables mean, where their names do not tell.
COLUMNS = """\
columns of the tables:
  SIC.rmse            in tenths; other scores are in percent
  over_km2            area predicted as ice (15 % or more), charted as water
  under_km2           area charted as ice, predicted as water
  edge_km             length of the charted ice edge
  predicted_edge_km   length of the predicted one
  km2_per_km          over_km2 and under_km2 together, by edge_km
  hausdorff_km        95 % of each edge is nearer to the other than this
  missed              scenes with a charted edge and no predicted one
  invented            scenes with a predicted edge and no charted one
  water_with_stage    SIC is 0, and SOD says ice; likewise water_with_floe
  ice_without_stage   SOD says water, and SIC is not 0; likewise ..._floe
  floe_without_stage  SOD says water, FLOE ice; stage_without_floe reversed

A group whose charted SIC has a standard deviation below 5 % has no R2, and
no combined score; a class that is not charted has no recall.
"""

if TYPE_CHECKING:
    from mmseaice.evaluation.scoring import SceneScores


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=COLUMNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'predictions',
        nargs='+',
        type=Path,
        metavar='PREDICTIONS',
        help='upload package, products, or a folder of them',
    )
    parser.add_argument(
        'references',
        type=Path,
        metavar='REFERENCES',
        help='scene or reference file, or a folder of them',
    )
    parser.add_argument(
        '--compare',
        nargs='+',
        type=Path,
        metavar='OTHER',
        help='predictions of another model on the same scenes',
    )
    parser.add_argument(
        '--scenes',
        metavar='LIST',
        help='score these alone: a file of scene ids, or a published list',
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='DIR',
        help='folder for metrics.json and the tables',
    )
    parser.add_argument(
        '--draws',
        type=positive,
        default=1000,
        help='draws of scenes for the intervals (default: 1000)',
    )
    parser.add_argument(
        '--seed', type=natural, default=0, help='seed of the draws'
    )
    return parser.parse_args(argv)


def score(
    sources: list[Path], args: argparse.Namespace
) -> dict[str, SceneScores]:
    """Score the predictions of one model."""
    from mmseaice.evaluation.scoring import pair_scenes, score_files
    from mmseaice.scenes import read_split
    from mmseaice.scenes.prediction_files import find_predictions
    from mmseaice.scenes.reference_files import find_references

    for path in sources:
        if not path.exists():
            raise DatasetError(
                path,
                'predicted charts: an upload package, a product, or a folder '
                'of them',
                'nothing of that name',
                'Write them with tools/predict.py.',
            )
    pairs = pair_scenes(
        find_predictions(sources),
        find_references(args.references),
        read_split(args.scenes) if args.scenes else None,
    )
    return score_files(pairs, progress=True)


def evaluate(args: argparse.Namespace) -> None:
    """Score, compare, write, and say what was found and where it is."""
    from mmseaice.evaluation import scoring_report as report
    from mmseaice.evaluation.functional.comparison import compare_scenes
    from mmseaice.version import __version__

    scenes = score(args.predictions, args)
    tables = report.make_tables(scenes, args.draws, args.seed)
    statements = []
    if args.compare:
        names = [str(paths[0]) for paths in (args.predictions, args.compare)]
        comparisons = compare_scenes(
            report.sums_of(scenes),
            report.sums_of(score(args.compare, args)),
            args.draws,
            args.seed,
        )
        tables['comparison'] = report.comparison_rows(comparisons)
        statements = [one.statement(*names) for one in comparisons]
    print(report.text_report(scenes, tables))
    print('\n'.join(['', *statements]) if statements else '')
    if args.out is None:
        print('Nothing written: --out DIR keeps metrics.json and the tables.')
        return
    about = {
        'predictions': [str(path) for path in args.predictions],
        'references': str(args.references),
        'compared': [str(path) for path in args.compare or ()],
        'statements': statements,
        'draws': args.draws,
        'seed': args.seed,
        'version': __version__,
    }
    path = report.write_scoring(args.out, scenes, tables, about)
    print(f'Scores:  {path}')
    for name in ('per_class', 'per_scene', *tables):
        print(f'Table:   {args.out / name}.csv')
    for task in report.pooled_sums(scenes.values()).tasks:
        print(f'Plot:    {args.out}/confusion_{task}.png')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        evaluate(args)


if __name__ == '__main__':
    main()
