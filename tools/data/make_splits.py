"""Choose scenes of a store: train.txt, val.txt, label fractions and folds.

Scenes that share an orbit or an ice chart stay on the same side, and every
list holds seasons, services, regions and rare classes as the whole store
does, as far as its size allows. Fractions are nested: train_010.txt is part
of train_020.txt. Folds hold every scene of the store out once. What the lists
share with each other, or with --against, is told at the end.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.utils.cli import natural, positive, readable_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('store', help='store of the training scenes')
    parser.add_argument('out', help='folder for the lists')
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.05,
        help='share of scenes to hold out (default: 0.05)',
    )
    parser.add_argument(
        '--fractions',
        type=float,
        nargs='+',
        default=[],
        metavar='PERCENT',
        help='also write these fractions of train.txt, e.g. 1 5 10 20 40',
    )
    parser.add_argument(
        '--folds',
        type=positive,
        metavar='K',
        help='also write fold0_train.txt and fold0_val.txt, and so on, for '
        'cross-validation over all scenes',
    )
    parser.add_argument(
        '--against',
        help='store of test scenes; scenes that overlap one of them within '
        '--days are told',
    )
    parser.add_argument(
        '--days',
        type=float,
        default=3,
        help='overlapping scenes count within so many days (default: 3)',
    )
    parser.add_argument('--seed', type=natural, default=0)
    return parser.parse_args(argv)


def make_splits(args: argparse.Namespace) -> None:
    """Group, split, write, tell."""
    from mmseaice.scenes import (
        SceneStore,
        find_leaks,
        fold_groups,
        group_scenes,
        hold_out,
        nested_fractions,
        representative_order,
        write_split,
    )

    scenes = SceneStore(args.store).describe()
    order = representative_order(group_scenes(scenes), scenes, args.seed)
    train, val = hold_out(order, args.val_share)
    lists = {'train': train, 'val': val}
    folds = fold_groups(order, args.folds) if args.folds else []
    for number, sides in enumerate(folds):
        for side, scene_ids in zip(('train', 'val'), sides, strict=True):
            lists[f'fold{number}_{side}'] = scene_ids
    left = {name: scenes[name] for name in train}
    order = representative_order(group_scenes(left), left, args.seed)
    for percent, names in nested_fractions(order, args.fractions).items():
        lists[f'train_{percent:03g}'] = names
    for name, scene_ids in lists.items():
        path = Path(args.out, f'{name}.txt')
        write_split(path, scene_ids)
        print(f'{path}: {len(scene_ids)} scenes')

    held_out = {name: scenes[name] for name in val}
    print(f'val against train: {find_leaks(left, held_out, args.days)}')
    for number, sides in enumerate(folds):
        rest, held = ({name: scenes[name] for name in side} for side in sides)
        print(f'fold{number}: {find_leaks(rest, held, args.days)}')
    if args.against:
        test = SceneStore(args.against).describe()
        print(f'{args.against} against train: ', end='')
        print(find_leaks(left, test, args.days))


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        make_splits(args)


if __name__ == '__main__':
    main()
