"""Mean and spread of a store's channels, as a data-set config wants them.

Every valid pixel of every scene counts the same, in physical units. The
last lines can be pasted into configs/_base_/datasets/.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import readable_errors

PERCENTILES = (1, 5, 50, 95, 99)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('store', help='store of scenes')
    parser.add_argument(
        '--split', help='scene list: a file or the name of a published one'
    )
    parser.add_argument(
        '--channels', nargs='+', metavar='NAME', help='channels (all)'
    )
    parser.add_argument(
        '--spacing', type=float, help='pixel spacing in m (the finest)'
    )
    parser.add_argument(
        '--class-weights',
        nargs='?',
        const='inverse_sqrt',
        choices=('inverse_sqrt', 'effective'),
        help='only weights of classes, from the class counts of the store',
    )
    return parser.parse_args(argv)


def compute(args: argparse.Namespace) -> None:
    """Read every scene once, print table and config lines."""
    from tqdm import tqdm

    from mmseaice.errors import DatasetError
    from mmseaice.scenes import CHANNELS, SceneStore, read_split
    from mmseaice.scenes.class_weights import class_weights, pool_histograms
    from mmseaice.scenes.statistics import compute_statistics

    store = SceneStore(args.store)
    names = read_split(args.split) if args.split else list(store.scene_ids)
    if args.class_weights:
        for task, histogram in pool_histograms(store, names).items():
            weights = class_weights(histogram, args.class_weights)
            print(f'{task} = dict(class_weight={weights})')
        return
    statistics = compute_statistics(
        store,
        tqdm(names, unit='scene', disable=None),
        args.channels,
        args.spacing,
    )
    for name, found in statistics.items():
        if not found.count:
            raise DatasetError(
                args.store,
                f'valid values of {name}',
                f'none in {len(names)} scenes',
                'Leave the channel out with --channels.',
            )
    heads = ''.join(f'{f"p{percent}":>10}' for percent in PERCENTILES)
    print(f'{"channel":<20}{"unit":<8}{"pixels":>14}{heads}')
    for name, found in statistics.items():
        cells = ''.join(
            f'{found.percentile(percent):10.3f}' for percent in PERCENTILES
        )
        units = CHANNELS[name].units
        print(f'{name:<20}{units:<8}{found.count:>14,}{cells}')
    for entry in ('mean', 'std'):
        values = ', '.join(
            f'{name}={getattr(found, entry):.6f}'
            for name, found in statistics.items()
        )
        print(f'{entry} = dict({values})')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        compute(args)


if __name__ == '__main__':
    main()
