"""Hold scenes out without leaking: neighbours stay on one side.

Frames of one absolute orbit follow each other along the same pass, and one
ice chart may label several scenes. Scenes that share either belong
together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .leaks import leak_keys


def group_scenes(scenes: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Group scenes that share an absolute orbit or an ice chart.

    Args:
        scenes: Attributes by scene id, with ``product_id``,
            ``absolute_orbit`` and ``chart_id``.

    Returns:
        Groups of scene ids, each sorted, in the order of their first id.
    """
    parent = {name: name for name in scenes}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    first: dict[tuple, str] = {}
    for name, attrs in scenes.items():
        for kind, key in leak_keys(attrs).items():
            parent[root(name)] = root(first.setdefault((kind, *key), name))
    groups: dict[str, list[str]] = {}
    for name in sorted(scenes):
        groups.setdefault(root(name), []).append(name)
    return list(groups.values())


def hold_out(
    groups: Sequence[Sequence[str]], share: float
) -> tuple[list[str], list[str]]:
    """Split whole groups into training scenes and held-out ones.

    Args:
        groups: Groups of scene ids, in the order to hold them out, as of
            :func:`~.strata.representative_order`.
        share: Share of all scenes to hold out, within (0, 1). Groups are
            taken as they fit in it, and at least one is held out.

    Returns:
        Training scenes and held-out scenes, both sorted.

    Raises:
        ValueError: If the share is not within (0, 1), or nothing would be
            left to train on.
    """
    if not 0 < share < 1:
        raise ValueError(f'share must be within (0, 1), but got {share}.')
    if not groups:
        raise ValueError('groups must not be empty: there are no scenes.')
    if len(groups) < 2:
        raise ValueError(
            'groups must be at least 2 to hold one out, but got '
            f'{len(groups)}: all scenes share an orbit or an ice chart.'
        )
    total = sum(len(group) for group in groups)
    wanted = max(1, round(share * total))
    held = [groups[0]]
    for group in groups[1:-1]:
        if sum(map(len, held)) + len(group) <= wanted:
            held.append(group)
    held_out = {name for group in held for name in group}
    train = sorted(
        name for group in groups for name in group if name not in held_out
    )
    return train, sorted(held_out)
