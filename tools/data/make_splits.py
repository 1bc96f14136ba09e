"""Write train.txt and val.txt for the scenes of a store.

Scenes that share an orbit or an ice chart stay on the same side.
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('store', help='store of the training scenes')
    parser.add_argument('out', help='folder for train.txt and val.txt')
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.05,
        help='share of scenes to hold out (default: 0.05)',
    )
    parser.add_argument('--seed', type=natural, default=0)
    return parser.parse_args(argv)


def make_splits(args: argparse.Namespace) -> None:
    """Group, split, write, tell."""
    from mmseaice.scenes import (
        SceneStore,
        group_scenes,
        hold_out,
        write_split,
    )

    store = SceneStore(args.store)
    groups = group_scenes(
        {name: store[name].attrs for name in store.scene_ids}
    )
    train, val = hold_out(groups, args.val_share, args.seed)
    for name, scene_ids in (('train', train), ('val', val)):
        path = Path(args.out, f'{name}.txt')
        write_split(path, scene_ids)
        print(f'{path}: {len(scene_ids)} scenes')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        make_splits(args)


if __name__ == '__main__':
    main()
