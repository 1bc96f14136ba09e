"""Download the AI4Arctic scenes: OUT/train, OUT/test, or OUT/raw.

Every archive is compared with its published md5 sum. A call that was cut
off is taken up again by the same command, wherever it stopped.
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

from mmseaice.utils.cli import readable_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path, help='folder of the scenes')
    parser.add_argument(
        '--split',
        choices=('train', 'test', 'all'),
        default='all',
        help='62 GB, 2.5 GB or both (default)',
    )
    parser.add_argument(
        '--kind',
        choices=('ready', 'raw'),
        default='ready',
        help='ready-to-train scenes from the Hugging Face hub (default), or '
        'raw scenes with polygons from the DTU collection',
    )
    parser.add_argument(
        '--from',
        dest='archives',
        type=Path,
        metavar='DIR',
        help='take archives that were fetched by hand from this folder',
    )
    parser.add_argument(
        '--keep-archives',
        action='store_true',
        help='do not remove archives once they are unpacked',
    )
    parser.add_argument(
        '--verify',
        action='store_true',
        help='only compare what was unpacked to OUT with its sums',
    )
    return parser.parse_args(argv)


def download(args: argparse.Namespace) -> int:
    """Fetch or verify; the exit code is 2 if something is damaged."""
    from mmseaice.scenes.download import (
        download_raw,
        download_ready,
        verify_folder,
    )

    raw = args.kind == 'raw'
    folder = args.out / 'raw' if raw else args.out
    if args.verify:
        bad = verify_folder(folder)
        for name in bad:
            print(f'missing or damaged: {name}')
        print(f'{folder}: {f"{len(bad)} bad files" if bad else "all whole"}')
        return 2 if bad else 0
    splits = ('train', 'test') if args.split == 'all' else (args.split,)
    if raw:
        count = download_raw(args.out, splits, args.archives)
    else:
        count = download_ready(
            args.out, splits, args.archives, args.keep_archives
        )
    print(f'{count} files in {folder}')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    args = parse_args(argv)
    logging.basicConfig(format='%(levelname)s: %(message)s')
    with readable_errors():
        return download(args)


if __name__ == '__main__':
    sys.exit(main())
