"""Choose scenes so that each part resembles the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...charts.codes import TASKS

#: A class counts as rare if fewer of the scenes have it.
RARE = 0.25

_SEASONS = ('winter', 'spring', 'summer', 'autumn')


def season(time: str) -> str:
    """Season of an ISO 8601 time; winter is December to February."""
    return _SEASONS[int(time[5:7]) % 12 // 3]


def region(attrs: Mapping[str, Any]) -> str:
    """Chart region of a scene, from its chart: 'SouthEast_RIC', 'SGRDIEA'."""
    service, _, chart = attrs['chart_id'].partition('_')
    first, _, rest = chart.partition('_')
    return rest if service == 'dmi' else first


def _properties(attrs: Mapping[str, Any]) -> set[str]:
    """What a scene contributes: season, service, region and its classes."""
    found = {
        f'season {season(attrs["acquisition_time"])}',
        f'service {attrs["ice_service"]}',
        f'region {region(attrs)}',
    }
    for task, counts in attrs.get('class_histogram', {}).items():
        if task in TASKS:
            names = zip(TASKS[task].classes, counts, strict=True)
            found |= {f'{task} {name}' for name, count in names if count}
    return found


def describe_scenes(
    scenes: Mapping[str, Mapping[str, Any]],
) -> tuple[list[str], np.ndarray]:
    """Properties that parts should hold in the same shares as the whole.

    Args:
        scenes: Attributes by scene id: ``acquisition_time``,
            ``ice_service``, ``chart_id`` and, if known,
            ``class_histogram``, pixels by class for each task.

    Returns:
        Names of seasons, services, regions and rare classes, and whether
        each scene has them, shape (scenes, names).
    """
    properties = [_properties(attrs) for attrs in scenes.values()]
    counts: dict[str, int] = {}
    for name in (name for found in properties for name in found):
        counts[name] = counts.get(name, 0) + 1
    names = sorted(
        name
        for name, count in counts.items()
        if not name.startswith(tuple(TASKS)) or count < RARE * len(scenes)
    )
    table = [[name in found for name in names] for found in properties]
    return names, np.array(table, bool).reshape(len(properties), -1)


def representative_order(
    groups: Sequence[Sequence[str]],
    scenes: Mapping[str, Mapping[str, Any]],
    seed: int = 0,
) -> list[list[str]]:
    """Order groups so that every beginning of the list resembles the whole.

    The next group is the one that brings the shares of seasons, services,
    regions and rare classes among the scenes so far closest to those among
    all scenes, where a share counts the more the rarer it is (chi-squared).

    Args:
        groups: Groups of scene ids that must stay together.
        scenes: As for :func:`describe_scenes`.
        seed: Seed of the first group and of ties.

    Returns:
        The same groups.
    """
    index = {name: i for i, name in enumerate(scenes)}
    _, table = describe_scenes(scenes)
    sums = np.array(
        [
            table[[index[name] for name in group]].sum(axis=0)
            for group in groups
        ],
        float,
    ).reshape(len(groups), -1)
    sizes = np.array([len(group) for group in groups], float)
    target = sums.sum(axis=0) / sizes.sum() if len(groups) else sums
    # A random order decides the first group and between equals.
    left = np.random.default_rng(seed).permutation(len(groups))
    chosen: list[int] = []
    so_far, count = np.zeros(sums.shape[1]), 0.0
    while left.size:
        shares = (so_far + sums[left]) / (count + sizes[left])[:, None]
        distance = ((shares - target) ** 2 / target).sum(axis=1)
        best = int(np.argmin(distance.round(12))) if chosen else 0
        pick = left[best]
        chosen.append(int(pick))
        so_far, count = so_far + sums[pick], count + sizes[pick]
        left = np.delete(left, best)
    return [list(groups[i]) for i in chosen]


def nested_fractions(
    order: Sequence[Sequence[str]], percents: Sequence[float]
) -> dict[float, list[str]]:
    """Scenes of each fraction; a smaller one is part of a larger one.

    Args:
        order: Groups as :func:`representative_order` gives them.
        percents: Fractions in percent, above 0 and at most 100. Whole
            groups are taken until the fraction is reached, at least one.

    Returns:
        Sorted scene ids by percent.

    Raises:
        ValueError: If a fraction is out of range.
    """
    for percent in percents:
        if not 0 < percent <= 100:
            raise ValueError(
                'percents must be above 0 and at most 100, but got '
                f'{percent:g}.'
            )
    ends = np.cumsum([len(group) for group in order])
    fractions = {}
    for percent in percents:
        wanted = max(1, round(percent / 100 * ends[-1]))
        last = int(np.searchsorted(ends, wanted))
        names = [name for group in order[: last + 1] for name in group]
        fractions[percent] = sorted(names)
    return fractions
