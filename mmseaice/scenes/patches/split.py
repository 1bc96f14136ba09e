"""Which patches to train on and which to hold out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..splits.groups import group_scenes, hold_out
from ..splits.strata import representative_order
from .table import Patch

SPLITS_BY = ('scene', 'patch')


def check_split(by: str, val_share: float) -> None:
    """Check the arguments of a split.

    Raises:
        ValueError: If one is out of range.
    """
    if by not in SPLITS_BY:
        raise ValueError(
            f'by must be one of {", ".join(SPLITS_BY)}, but got {by!r}.'
        )
    if not 0 <= val_share < 1:
        raise ValueError(
            f'val_share must be at least 0 and below 1, but got {val_share}.'
        )


def split_scenes(
    scenes: Mapping[str, Mapping[str, Any]], val_share: float, seed: int
) -> list[str]:
    """Scenes to hold out, whole groups of one orbit or ice chart.

    Args:
        scenes: Attributes by scene id.
        val_share: Share of the scenes, within (0, 1).
        seed: Seed of the choice.

    Raises:
        ValueError: If all scenes belong to one group.
    """
    scenes = {name: scenes[name] for name in sorted(scenes)}
    order = representative_order(group_scenes(scenes), scenes, seed)
    return hold_out(order, val_share)[1]


def split_patches(
    patches: Sequence[Patch],
    scenes: Mapping[str, Mapping[str, Any]],
    by: Literal['scene', 'patch'] = 'scene',
    val_share: float = 0.15,
    seed: int = 0,
) -> list[Patch]:
    """Say of each patch whether it is for training or held out.

    - 'scene': all patches of a scene, and of scenes that share its orbit or
      ice chart, are on one side, and the sides resemble each other in
      season, service, region and rare classes.
    - 'patch': patches are drawn at random. Neighbours, which look alike and
      even overlap, are then on both sides, so scores come out too high. It
      is here because earlier systems split so, to compare with them.

    Args:
        patches: Patches in any order.
        scenes: Attributes by scene id, as :func:`.group_scenes` and
            :func:`.representative_order` want them; needed by 'scene'.
        by: What to split.
        val_share: Share of scenes or patches to hold out; 0 holds out none.
        seed: Seed of the choice.

    Returns:
        The same patches with their ``split``, 'train' or 'val'.

    Raises:
        ValueError: If an argument is out of range, or nothing would be left
            on one side.
    """
    check_split(by, val_share)
    if val_share == 0:
        held_out = set()
    elif by == 'scene':
        names = {patch.scene_id for patch in patches}
        known = {name: scenes[name] for name in names}
        chosen = set(split_scenes(known, val_share, seed))
        held_out = {p.patch_id for p in patches if p.scene_id in chosen}
    else:
        names = sorted(patch.patch_id for patch in patches)
        if len(names) < 2:
            raise ValueError(
                'patches must be at least 2 to hold one out, but got '
                f'{len(names)}.'
            )
        count = min(max(1, round(val_share * len(names))), len(names) - 1)
        order = np.random.default_rng(seed).permutation(len(names))
        held_out = {names[i] for i in order[:count]}
    return [
        replace(p, split='val' if p.patch_id in held_out else 'train')
        for p in patches
    ]
