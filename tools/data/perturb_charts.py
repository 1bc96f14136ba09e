r"""Copy raw scenes with errors in their ice charts, and in nothing else.

    python tools/data/perturb_charts.py data/raw data/wrong \
        --tenths 1 --displacement 2000 --seed 1

Concentrations move by up to --tenths, and the borders between polygons by
--displacement metres (root mean square) in random directions. Each copy says
so in its attribute chart_errors. The same command run again continues.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import natural, readable_errors


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
        help='raw scene files, or folders of them',
    )
    parser.add_argument('out', metavar='OUT', type=Path, help='folder')
    parser.add_argument(
        '--tenths',
        type=natural,
        default=1,
        metavar='N',
        help='largest change of a concentration (default: 1)',
    )
    parser.add_argument(
        '--displacement',
        type=float,
        default=0.0,
        metavar='M',
        help='how far borders move, in metres (default: 0)',
    )
    parser.add_argument('--seed', type=natural, default=0)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the copies and say where they are."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        from mmseaice.scenes.perturb import ChartErrors, perturb_scenes

        errors = ChartErrors(args.tenths, args.displacement, args.seed)
        written, there = perturb_scenes(
            args.sources, args.out, errors, progress=True
        )
    print(
        f'{len(written)} scenes written, {len(there)} there before: {args.out}'
    )


if __name__ == '__main__':
    main()
