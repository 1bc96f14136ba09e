"""Chart whole scenes: `python tools/predict.py CONFIG CHECKPOINT SCENE...`.

A scene is a ready-to-train or raw AI4Arctic file, a Sentinel-1 EW GRDM SAFE
folder, a GeoTIFF of sigma0, or a scene of a store; a folder, a store, a
pattern or a text file with a path in each line stands for all of its scenes.
Each gets a folder with its products below DIR.

Memory depends on the window and the width of a scene. What was cut off goes
on with the same command, and what is done is passed over. A scene that fails
does not keep the others from being charted; the exit code is then 2.

The charts are those of a model and not for navigation.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    readable_errors,
)
from mmseaice.utils.slurm import AGAIN, end_when_time_is_up

if TYPE_CHECKING:
    from mmseaice.apis.prediction_run import PredictionRun, RunReport

PRODUCTS = (
    *('netcdf', 'geotiff', 'vector', 'risk', 'quicklook'),
    *('mosaic', 'autoice'),
)
#: Exit code of a run in which a scene failed.
FAILED = 2
#: Errors that stay until the command is another one.
LASTING = ('ParityError', 'MissingChannelError', 'ValueError')
#: All scenes, and not the part of one of several devices.
WHOLE = '1/1'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of a fine-tuning')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('scenes', nargs='+', metavar='SCENE')
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('predictions'),
        metavar='DIR',
        help='folder of the results (predictions)',
    )
    parser.add_argument(
        '--product',
        nargs='+',
        choices=PRODUCTS,
        default=['netcdf', 'quicklook'],
        metavar='NAME',
        help=f'what to write: {", ".join(PRODUCTS)} (netcdf quicklook)',
    )
    add_model_arguments(parser)
    add_scene_arguments(parser)
    add_product_arguments(parser)
    add_config_arguments(parser)
    return parser.parse_args(argv)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how the model is run."""
    group = parser.add_argument_group('the model')
    group.add_argument(
        '--device',
        nargs='+',
        default=[None],
        help='cpu, cuda, or several as cuda:0 cuda:1, which share the '
        'scenes (the first GPU, or the CPU)',
    )
    group.add_argument(
        '--window',
        type=positive,
        nargs=2,
        metavar=('H', 'W'),
        help='size of a window in pixels of the model (the config)',
    )
    group.add_argument(
        '--stride',
        type=positive,
        nargs=2,
        metavar=('Y', 'X'),
        help='steps between windows (the config, or half a window)',
    )
    group.add_argument(
        '--blend',
        choices=('uniform', 'linear', 'gaussian'),
        help='weights of the pixels of a window where windows overlap '
        '(the config)',
    )
    group.add_argument(
        '--batch-size', type=positive, help='windows in one pass (the config)'
    )
    group.add_argument(
        '--precision', choices=('fp32', 'bf16', 'fp16'), default='fp32'
    )
    group.add_argument(
        '--ensemble',
        nargs='+',
        default=[],
        metavar='CHECKPOINT',
        help='more weights for the same config; probabilities are averaged',
    )
    group.add_argument(
        '--flips',
        nargs='+',
        choices=('none', 'horizontal', 'vertical', 'both'),
        default=['none'],
        help='also predict mirrored windows, and average',
    )
    group.add_argument(
        '--dropout-passes',
        type=natural,
        default=0,
        metavar='N',
        help='passes with dropout left on, averaged (0)',
    )
    group.add_argument(
        '--seed', type=natural, default=0, help='seed of the dropout'
    )
    group.add_argument(
        '--calibration',
        default='auto',
        metavar='FILE',
        help='file of tools/analysis/calibrate.py, or none (the one beside '
        'the checkpoint)',
    )


def add_scene_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how scenes are read."""
    group = parser.add_argument_group('the scenes')
    group.add_argument(
        '--mask',
        choices=('chart', 'land', 'none'),
        help='where SAR of raw AI4Arctic files is blanked (chart, or land '
        'where there is none)',
    )
    group.add_argument(
        '--land-mask',
        metavar='FILE',
        help='polygons or raster of land; none says that there is none',
    )
    group.add_argument(
        '--polarisation',
        nargs='+',
        choices=('HH', 'HV'),
        help='bands of a GeoTIFF that does not say what they are',
    )
    group.add_argument('--part', default=WHOLE, help=argparse.SUPPRESS)


def add_product_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how products are made."""
    group = parser.add_argument_group('the products')
    group.add_argument(
        '--crs',
        default='EPSG:3413',
        help='projection of maps and vectors (EPSG:3413)',
    )
    group.add_argument(
        '--map-spacing',
        type=float,
        default=80.0,
        metavar='M',
        help='size of a cell of maps in m (80)',
    )
    group.add_argument(
        '--smallest',
        type=float,
        default=25.0,
        metavar='KM2',
        help='smallest polygon in km2 (25)',
    )
    group.add_argument(
        '--vector-format', choices=('gpkg', 'shp', 'geojson'), default='gpkg'
    )
    group.add_argument(
        '--ship-class',
        default='PC5',
        help='ice class of the ship, for the risk (PC5)',
    )
    group.add_argument(
        '--season',
        choices=('winter', 'decayed'),
        default='winter',
        help='table of risk values (winter)',
    )
    group.add_argument(
        '--prefer',
        choices=('newest', 'certain'),
        default='newest',
        help='which scene a cell of a mosaic is taken from (newest)',
    )
    group.add_argument(
        '--consistent',
        action='store_true',
        help='make the charts agree on where there is water',
    )
    group.add_argument(
        '--keep-layers',
        action='store_true',
        help='keep the plain layers that products are made from',
    )


def make_run(args: argparse.Namespace) -> PredictionRun:
    """Build the models, and how their charts are written."""
    cfg = read_config(args)
    # These take seconds, so they wait until the arguments are known good.
    from mmseaice.apis import SceneInferencer
    from mmseaice.apis.prediction_run import PredictionRun
    from mmseaice.apis.products import ProductOptions

    infer = SceneInferencer(
        cfg,
        [args.checkpoint, *args.ensemble],
        args.device[0],
        args.trust_checkpoint,
        window=args.window,
        stride=args.stride,
        blend=args.blend,
        batch_size=args.batch_size,
        flips=args.flips,
        dropout_passes=args.dropout_passes,
        precision=args.precision,
        seed=args.seed,
        calibration=None if args.calibration == 'none' else args.calibration,
    )
    options = ProductOptions(
        crs=args.crs,
        map_spacing=args.map_spacing,
        smallest=args.smallest,
        vector_format=args.vector_format,
        ship_class=args.ship_class,
        season=args.season,
        prefer=args.prefer,
        progress=sys.stderr.isatty() or len(args.device) == 1,
    )
    return PredictionRun(
        infer,
        args.out,
        args.product,
        options,
        consistent=args.consistent,
        keep_layers=args.keep_layers,
        opening=dict(
            mask=args.mask,
            land_mask=args.land_mask,
            polarisation=args.polarisation,
        ),
        together=args.part == WHOLE,
    )


def share_out(args: argparse.Namespace, argv: list[str]) -> None:
    """Run this command once for each device, on its part of the scenes.

    What is done is passed over afterwards, so that one more run writes what
    all scenes make together.
    """
    count = len(args.device)
    # Whether there is more to do is for this program to say.
    env = {key: value for key, value in os.environ.items() if key != AGAIN}
    tools = [
        subprocess.Popen(
            [sys.executable, __file__, *argv, '--device', device,
             '--part', f'{index}/{count}', '--keep-layers'],
            env=env,
        )
        for index, device in enumerate(args.device, 1)
    ]  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))
    try:
        for tool in tools:
            tool.wait()
    finally:
        for tool in tools:
            tool.terminate()


def tell(report: RunReport, count: int, seconds: float, out: Path) -> None:
    """End with what was done and where it is."""
    done = len(report.charted) + len(report.existing)
    print(f'\n{done} of {count} scenes are charted.')
    if report.existing:
        print(f'Done already: {len(report.existing)}')
    if report.windows:
        share = report.model_seconds / report.seconds
        print(
            f'{report.windows} windows in {report.seconds:.0f} s, {share:.0%} '
            f'of it in the model; {seconds:.0f} s with the products.'
        )
    for path in report.files:
        print(path)
        if path.name.endswith('_swaths.csv'):
            print(swath_table(path))
    for title, lasting in (
        ('Failed; the same command tries again:', False),
        ('Failed, and the same command would again:', True),
    ):
        found = {
            path: error
            for path, error in report.failed.items()
            if error.startswith(LASTING) == lasting
        }
        if found:
            print(f'\n{title}', file=sys.stderr)
        for path, error in found.items():
            print(f'  {path}\n    {error}', file=sys.stderr)
    if report.files:
        print(f'Results: {out}')


def swath_table(path: Path) -> str:
    """The CSV of the sub-swaths as an aligned table of two digits."""
    with open(path, newline='', encoding='utf-8') as file:
        head, *rows = csv.reader(file)
    plain = {'channel', 'swath', 'pixels'}
    table = [head] + [
        [
            cell if name in plain else f'{float(cell):.2f}' if cell else '-'
            for name, cell in zip(head, row, strict=True)
        ]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return '\n'.join(
        '  ' + '  '.join(map(str.rjust, row, widths)) for row in table
    )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    end_when_time_is_up(args.out)
    with readable_errors(ValueError):
        from mmseaice.apis.scene_sources import find_scenes

        index, count = map(int, args.part.split('/'))
        scenes = find_scenes(args.scenes)[index - 1 :: count]
        if len(args.device) > 1:
            share_out(args, sys.argv[1:] if argv is None else argv)
            args.device = args.device[:1]
        run = make_run(args)
        began = time.perf_counter()
        report = run(scenes)
        tell(report, len(scenes), time.perf_counter() - began, args.out)
        sys.exit(FAILED if report.failed else 0)


if __name__ == '__main__':
    main()
