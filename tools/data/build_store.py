r"""Build the scene store that training, testing and maps read from.

    python tools/data/build_store.py data/train data/store \
        --spacings 80 160 --channels HH HV incidence_angle --workers 4

The same command run again continues an interrupted build, and does nothing
when all scenes are there. Exit code 2 means that scenes were skipped. On a
cluster, give each task of a job array a share of the scenes:

    --shard $SLURM_ARRAY_TASK_ID/8      # sbatch --array=1-8
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import positive, readable_errors
from mmseaice.utils.slurm import end_when_time_is_up


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SRC',
        type=Path,
        help='scene files, or folders of them (.nc, ready-to-train or raw)',
    )
    parser.add_argument('out', metavar='OUT', type=Path, help='store folder')
    parser.add_argument(
        '--spacings', nargs='+', type=float, default=[80.0], metavar='M',
        help='pixel spacings in metres (default: 80)',
    )  # fmt: skip
    parser.add_argument(
        '--channels', nargs='+', default=['HH', 'HV'], metavar='NAME',
        help='canonical channel names (default: HH HV)',
    )  # fmt: skip
    parser.add_argument(
        '--tasks', nargs='*', default=['SIC', 'SOD', 'FLOE'], metavar='NAME',
        help='charts (default: SIC SOD FLOE); none for unlabelled scenes',
    )  # fmt: skip
    parser.add_argument(
        '--charts', choices=['majority', 'nearest', 'max'],
        default='majority', help='how charts are brought to coarser spacings',
    )  # fmt: skip
    parser.add_argument(
        '--min-valid', type=float, default=0.5, metavar='SHARE',
        help='valid share that a coarser cell needs (default: 0.5)',
    )  # fmt: skip
    parser.add_argument(
        '--mask', choices=['chart', 'land', 'none'],
        help='where SAR is blanked (default: outside the chart)',
    )  # fmt: skip
    parser.add_argument(
        '--release', default='auto', metavar='NAME',
        help='Oct-2022, Dec-2022 or auto (default)',
    )  # fmt: skip
    parser.add_argument(
        '--rules', choices=['autoice', 'accumulate'], default='autoice',
        help='how the polygons of raw scenes become classes',
    )  # fmt: skip
    parser.add_argument(
        '--sod-threshold', type=float, metavar='SHARE',
        help='share of the ice from which a stage of development names a '
        'polygon of a raw scene (default: that of the release)',
    )  # fmt: skip
    parser.add_argument(
        '--floe-threshold', type=float, metavar='SHARE',
        help='the same for a floe size',
    )  # fmt: skip
    parser.add_argument(
        '--allow-mixed-releases', action='store_true',
        help='store scenes of several releases together',
    )  # fmt: skip
    parser.add_argument(
        '--on-error', choices=['skip', 'raise'], default='skip',
        help='leave a scene out that cannot be stored and tell at the end '
        '(default), or end there',
    )  # fmt: skip
    parser.add_argument(
        '--workers', type=positive, default=1, metavar='N',
        help='processes, each with one scene in memory (1 to 3 GB)',
    )  # fmt: skip
    parser.add_argument(
        '--shard', type=shard, default=(1, 1), metavar='I/N',
        help='build the I-th of N parts, 1 to N; several builders may work '
        'on one store at once, each called with all sources',
    )  # fmt: skip
    parser.add_argument(
        '--dask', metavar='ADDRESS',
        help='build on the workers of this Dask scheduler (tcp://...), which '
        'must see sources and store at the same paths',
    )  # fmt: skip
    parser.add_argument(
        '--report', action='store_true',
        help='end with tables of scenes, class counts and sizes',
    )  # fmt: skip
    return parser.parse_args(argv)


def shard(text: str) -> tuple[int, int]:
    """Read 'I/N'."""
    number, _, count = text.partition('/')
    if not (number.isdigit() and count.isdigit()):
        raise argparse.ArgumentTypeError(f'must be I/N, but got {text!r}')
    return int(number), int(count)


def main(argv: list[str] | None = None) -> int:
    """Build the store and say what became of the scenes."""
    arguments = vars(parse_args(argv))
    tell = arguments.pop('report')
    logging.basicConfig(format='%(levelname)s: %(message)s')
    with readable_errors(ValueError):
        from mmseaice.scenes.build import build_store

        end_when_time_is_up(arguments['out'])
        report = build_store(**arguments)
        tables = ''
        if tell:
            from mmseaice.scenes.store import SceneStore
            from mmseaice.scenes.store_report import report_store

            store = SceneStore(report.path, allow_incomplete=True)
            tables = report_store(store)
    size = sum(
        path.stat().st_size
        for path in report.path.rglob('*')
        if path.is_file()
    )
    if tables:
        print(tables, end='\n\n')
    print(
        f'{len(report.written)} scenes written, {len(report.existing)} there '
        f'before, {len(report.skipped)} skipped; {size / 1e6:.1f} MB'
    )
    for reason in report.skipped.values():
        print(f'skipped: {reason}')
    print(f'The store is {report.path}')
    return 2 if report.skipped else 0


if __name__ == '__main__':
    sys.exit(main())
