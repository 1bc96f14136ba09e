r"""Cut patches of fixed size out of a store: npz files, a table, a split.

    python tools/data/export_patches.py data/train.zarr data/patches \
        --count 20 --size 224 --spacing 80

OUT/patches.csv has one row per patch, OUT/train.txt and OUT/val.txt are the
two sides of the split. The same command run again continues an interrupted
export, and does nothing when all patches are there.
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

#: Scenes with too few patches that are named.
SHOWN = 3


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('store', help='store of scenes')
    parser.add_argument('out', type=Path, help='folder of the patches')
    parser.add_argument(
        '--scenes',
        metavar='LIST',
        help='scenes to cut: a file or the name of a published list (all)',
    )
    parser.add_argument(
        '--placement',
        choices=('random', 'grid'),
        default='random',
        help='at random places (default), or one beside the other over the '
        'whole scene',
    )
    parser.add_argument(
        '--count',
        type=positive,
        help='patches per scene at most, for random (default: 20); at most '
        'ten places are tried for each',
    )
    parser.add_argument(
        '--size', type=positive, default=224, help='pixels (default: 224)'
    )
    parser.add_argument(
        '--stride',
        type=positive,
        help='pixels from one patch to the next, for grid; less than the '
        'size overlaps (default: the size)',
    )
    parser.add_argument(
        '--spacing',
        type=float,
        default=80,
        help='pixel spacing in m, one of the store (default: 80)',
    )
    parser.add_argument(
        '--min-valid',
        type=float,
        default=0.3,
        metavar='SHARE',
        help='share of the pixels that must have SAR (default: 0.3)',
    )
    parser.add_argument(
        '--min-labelled',
        type=float,
        default=0,
        metavar='SHARE',
        help='share of those that must have a label (default: 0)',
    )
    parser.add_argument(
        '--channels',
        nargs='+',
        default=['HH', 'HV'],
        metavar='NAME',
        help='canonical channel names (default: HH HV)',
    )
    parser.add_argument(
        '--tasks',
        nargs='*',
        default=['SIC'],
        metavar='NAME',
        help='charts (default: SIC); none for unlabelled scenes',
    )
    parser.add_argument(
        '--split-by',
        choices=('scene', 'patch'),
        default='scene',
        help='hold out whole orbits and ice charts (default), or patches at '
        'random, which leaks: neighbours are on both sides',
    )
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.15,
        metavar='SHARE',
        help='share to hold out (default: 0.15); 0 for nothing',
    )
    parser.add_argument('--seed', type=natural, default=0)
    return parser.parse_args(argv)


def export(args: argparse.Namespace) -> None:
    """Write the patches, say where they are."""
    from mmseaice.scenes import (
        PatchOptions,
        PatchSampler,
        SceneStore,
        export_patches,
        read_split,
    )

    options = PatchOptions(
        PatchSampler(args.size, args.placement, args.count, args.stride),
        spacing=args.spacing,
        channels=args.channels,
        tasks=args.tasks,
        min_valid=args.min_valid,
        min_labelled=args.min_labelled,
        seed=args.seed,
    )
    report = export_patches(
        SceneStore(args.store),
        args.out,
        options,
        scene_ids=read_split(args.scenes) if args.scenes else None,
        split_by=args.split_by,
        val_share=args.val_share,
    )
    if report.short:
        shown = [f'{k} ({n})' for k, n in list(report.short.items())[:SHOWN]]
        more = ', ...' if len(report.short) > SHOWN else ''
        print(
            f'{len(report.short)} scenes gave fewer than '
            f'{options.sampler.count} patches: {", ".join(shown)}{more}'
        )
    scenes = {patch.scene_id for patch in report.patches}
    print(f'{len(report.patches)} patches of {len(scenes)} scenes')
    print(f'  {report.table}')
    for side, path in report.lists.items():
        count = sum(patch.split == side for patch in report.patches)
        print(f'  {path}: {count} patches')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        export(args)


if __name__ == '__main__':
    main()
