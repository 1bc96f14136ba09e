"""Simulate AI4Arctic scenes: train/, test/, raw/, truth/, metadata.csv.

``simulation.json`` marks the folder as simulated and notes the arguments; the
same command goes on with a set that was interrupted.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import natural, positive, readable_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Simulate sea-ice scenes in the format of AI4Arctic.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument('--scenes', type=positive, default=12, help='how many')
    parser.add_argument(
        '--test-scenes',
        type=natural,
        default=0,
        metavar='M',
        help='how many of them (the last) are test scenes',
    )
    parser.add_argument(
        '--kind',
        choices=('ready', 'raw', 'both'),
        default='ready',
        help='ready-to-train files, raw files, or both of each scene',
    )
    parser.add_argument(
        '--lines',
        type=int,
        default=2000,
        help='raw lines of 40 m, 400 or more; real scenes have about 10000',
    )
    parser.add_argument(
        '--samples',
        type=int,
        default=2000,
        help='raw samples of 40 m, 400 or more; real scenes about 10460',
    )
    parser.add_argument('--seed', type=natural, default=0)
    parser.add_argument('--workers', type=positive, default=1)
    parser.add_argument(
        '--release', choices=('Dec-2022', 'Oct-2022'), default='Dec-2022'
    )
    parser.add_argument(
        '--test-charts',
        choices=('chart', 'truth'),
        default='chart',
        help='what is beside ready-to-train test scenes to score them by: '
        "the analyst's chart, or the truth of every pixel",
    )
    parser.add_argument(
        '--safe',
        action='store_true',
        help='also write each raw scene as a Sentinel-1 product, without '
        'charts',
    )
    parser.add_argument(
        '--plain',
        action='store_true',
        help='without the special scenes (no ice, short, masked labels, '
        'shared time stamp) that larger sets hold',
    )
    args = parser.parse_args(argv)
    if args.safe and args.kind == 'ready':
        parser.error('--safe needs --kind raw or both')
    return args


def write_products(args: argparse.Namespace) -> list[Path]:
    """Write the raw scenes as SAFE folders, and list their images."""
    from mmseaice.scenes import open_scene
    from mmseaice.scenes.simulator.safe import write_safe

    for path in sorted((args.out / 'raw').glob('*.nc')):
        scene = open_scene(path, mask='none')
        try:
            write_safe(scene, args.out / 'safe', seed=args.seed)
        except FileExistsError:
            continue
    return sorted((args.out / 'safe').glob('*.SAFE/measurement/*'))


def main(argv: list[str] | None = None) -> None:
    """Write the scenes and say where they are."""
    args = parse_args(argv)
    began = time.monotonic()
    with readable_errors(ValueError):
        from mmseaice.scenes.simulator import write_scenes

        paths = write_scenes(
            args.out,
            args.scenes,
            lines=args.lines,
            samples=args.samples,
            kind=args.kind,
            seed=args.seed,
            test_scenes=args.test_scenes,
            release=args.release,
            specials=not args.plain,
            test_charts=args.test_charts,
            workers=args.workers,
            progress=True,
        )
        if args.safe:
            paths[-1:-1] = write_products(args)
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(
        f'{args.scenes} scenes, {len(paths)} files, {size:.1f} MB in '
        f'{time.monotonic() - began:.0f} s'
    )
    for folder in dict.fromkeys(path.parent for path in paths[:-1]):
        count = sum(path.parent == folder for path in paths)
        print(f'  {folder}: {count} files')
    print(f'  {paths[-1]}')
    if args.safe:
        for folder in sorted((args.out / 'safe').glob('*.SAFE')):
            print(f'Product: {folder}')


if __name__ == '__main__':
    main()
