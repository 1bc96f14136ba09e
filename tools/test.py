"""Score a trained model: `python tools/test.py CONFIG CHECKPOINT --out DIR`.

DIR gets metrics.json, the tables, confusion plots and one figure per scene.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.config import Config

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.cli import (
    add_run_arguments,
    natural,
    read_run_config,
    readable_errors,
)
from mmseaice.utils.faults import noted_faults
from mmseaice.utils.json_file import write_json
from mmseaice.version import __version__


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(description='Score a trained model.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', help='checkpoint to score, or a run for its best'
    )
    parser.add_argument(
        '--out', help='folder of the results (work_dirs/<config name>/test)'
    )
    parser.add_argument(
        '--max-figures',
        type=natural,
        metavar='N',
        help='draw at most N scenes (all); 0 draws none',
    )
    add_run_arguments(parser)
    return parser.parse_args(argv)


def make_config(args: argparse.Namespace) -> Config:
    """Read the config and send every output below ``args.out``."""
    cfg = read_run_config(args)
    if cfg.get('test_dataloader') is None:
        raise MMSeaIceError(
            args.config,
            'a test_dataloader',
            'none',
            'Test the config of a downstream task.',
        )
    default = Path('work_dirs') / Path(args.config).stem / 'test'
    args.out = args.out or str(default)
    cfg.work_dir = args.out
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if chart_metrics(cfg):
        send_charts(cfg, args)
    return cfg


def chart_metrics(cfg: Config) -> list[dict]:
    """The metrics of a config that write a report on charts."""
    found = cfg.test_evaluator
    found = found if isinstance(found, list) else [found]
    return [m for m in found if m['type'].endswith('AutoICEMetric')]


def send_charts(cfg: Config, args: argparse.Namespace) -> None:
    """Have the metric write its tables and a hook draw the scenes."""
    for metric in chart_metrics(cfg):
        metric['out_dir'] = args.out
    hooks = [
        hook
        for hook in cfg.get('custom_hooks', None) or []
        if not hook['type'].endswith('SceneFigureHook')
    ]
    if args.max_figures != 0:
        hooks.append(
            dict(
                type='SceneFigureHook',
                out_dir=str(Path(args.out) / 'figures'),
                max_scenes=args.max_figures,
            )
        )
    cfg.custom_hooks = hooks


def write_metrics(
    scores: Mapping[str, float], cfg: Config, args: argparse.Namespace
) -> Path:
    """Write all scores of this run, by their full names, and their origin.

    What the metric on charts has just reported is kept beside them; a file
    that an earlier run left is not.
    """
    path = Path(args.out) / 'metrics.json'
    report = json.loads(path.read_text()) if chart_metrics(cfg) else {}
    report.update(
        scores={name: float(value) for name, value in scores.items()},
        config=args.config,
        checkpoint=args.checkpoint,
        version=__version__,
    )
    write_json(path, report)
    return path


def tell(scores: Mapping[str, float], path: Path) -> None:
    """End with one table and the paths of what was written."""
    width = max(map(len, scores), default=0)
    print()
    for name, value in scores.items():
        print(f'{name:<{width}}  {value:10.3f}')
    print(f'\nScores:  {path}')
    for title, pattern in {
        'Tables': '*.csv',
        'Plots': '*.png',
        'Figures': 'figures/*.png',
    }.items():
        files = sorted(path.parent.glob(pattern))
        if files:
            print(f'{title + ":":<8} {files[0]}', end='')
            print(f' and {len(files) - 1} more' if files[1:] else '')


def test(cfg: Config, args: argparse.Namespace) -> None:
    """Run the test loop and write what it found."""
    from mmengine.runner import Runner

    from mmseaice.engine import trusted_checkpoints
    from mmseaice.engine.run_folder import best_checkpoint
    from mmseaice.registry import RUNNERS

    if Path(args.checkpoint).is_dir():
        args.checkpoint = str(best_checkpoint(args.checkpoint))
        cfg.load_from = args.checkpoint
    build = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg
    with trusted_checkpoints(args.trust_checkpoint):
        runner = build(cfg)
        scores = runner.test()
    if runner.rank == 0:
        tell(scores, write_metrics(scores, cfg, args))


def main(argv: list[str] | None = None) -> None:
    """Entry point; also of `mim test mmseaice CONFIG`."""
    args = parse_args(argv)
    with noted_faults(), readable_errors():
        cfg = make_config(args)
        # These take seconds, so they wait until the arguments are known good.
        from mmseaice.engine.ranks import joined_ranks
        from mmseaice.utils.quiet import import_upstream_quietly

        import_upstream_quietly()
        with joined_ranks(cfg):
            test(cfg, args)


if __name__ == '__main__':
    main()
