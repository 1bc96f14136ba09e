"""What two scene lists share although they should be independent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Scenes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Leak:
    """One thing that two scenes of different lists share.

    Args:
        kind: 'scene', 'orbit', 'chart' or 'place'.
        first: Scene id in the first list.
        second: Scene id in the second list.
        what: What they share, such as the orbit's number.
    """

    kind: str
    first: str
    second: str
    what: str


class LeakReport:
    """All leaks between two lists, usually training and evaluation.

    Args:
        leaks: The leaks.
        sizes: Number of scenes of the first and the second list.
    """

    def __init__(self, leaks: list[Leak], sizes: tuple[int, int]) -> None:
        self.leaks = leaks
        self.sizes = sizes

    def __bool__(self) -> bool:
        """Whether anything leaks."""
        return bool(self.leaks)

    def affected(self, kind: str) -> list[str]:
        """Scenes of the second list that leak in one way, sorted."""
        return sorted({k.second for k in self.leaks if k.kind == kind})

    def __str__(self) -> str:
        """One line for each kind of leak, or one that says there is none."""
        size = self.sizes[1]
        if not self.leaks:
            return f'none of {size} scenes shares an orbit, chart or place'
        wording = {
            'scene': 'are in the other list too',
            'orbit': 'share an absolute orbit with the other list',
            'chart': 'share an ice chart with the other list',
            'place': 'overlap a scene of the other list a few days apart',
        }
        lines = []
        for kind, text in wording.items():
            if names := self.affected(kind):
                shown = ', '.join(names[:3]) + (', ...' if names[3:] else '')
                lines.append(f'{len(names)} of {size} scenes {text}: {shown}')
        return '\n'.join(lines)


def leak_keys(attrs: Mapping[str, Any]) -> dict[str, tuple]:
    """What ties a scene to others, by kind: 'orbit', and 'chart' if known.

    Args:
        attrs: ``product_id``, ``absolute_orbit``, ``chart_id`` and
            ``ice_service`` of a scene. Orbits are counted for each
            satellite.
    """
    keys = {'orbit': (attrs['product_id'][:3], int(attrs['absolute_orbit']))}
    if attrs['chart_id']:
        keys['chart'] = (attrs['ice_service'], attrs['chart_id'])
    return keys


def find_leaks(
    first: Scenes, second: Scenes, days: float | None = None
) -> LeakReport:
    """Look for what two lists share.

    Args:
        first: Attributes by scene id: ``product_id``, ``absolute_orbit``,
            ``chart_id`` and ``ice_service``; for ``days`` also
            ``acquisition_time`` (ISO 8601) and, where known, ``footprint``,
            the corners in order as (latitude, longitude) in degrees, shape
            (n, 2).
        second: Likewise.
        days: Also report overlapping footprints at most so many days
            apart. None does not look.
    """
    leaks = [
        Leak('scene', name, name, name) for name in second if name in first
    ]
    index: dict[tuple, list[str]] = defaultdict(list)
    for name, attrs in first.items():
        for kind, key in leak_keys(attrs).items():
            index[kind, *key].append(name)
    for name, attrs in second.items():
        for kind, key in leak_keys(attrs).items():
            leaks += [
                Leak(kind, other, name, str(key[-1]))
                for other in index[kind, *key]
                if other != name
            ]
    if days is not None:
        leaks += _overlaps(first, second, days)
    return LeakReport(leaks, (len(first), len(second)))


def _overlaps(first: Scenes, second: Scenes, days: float) -> list[Leak]:
    """Pairs whose footprints overlap within so many days."""
    first = {k: attrs for k, attrs in first.items() if 'footprint' in attrs}
    limit = np.timedelta64(round(days * 86400), 's')
    times = np.array(
        [attrs['acquisition_time'] for attrs in first.values()],
        'datetime64[s]',
    )
    places = [_to_plane(attrs['footprint']) for attrs in first.values()]
    names = list(first)
    leaks = []
    for name, attrs in second.items():
        if 'footprint' not in attrs:
            continue
        place = _to_plane(attrs['footprint'])
        apart = abs(times - np.datetime64(attrs['acquisition_time'], 's'))
        for i in np.flatnonzero(apart <= limit):
            if names[i] != name and convex_overlap(places[i], place):
                gap = apart[i] / np.timedelta64(1, 'D')
                leaks.append(
                    Leak('place', names[i], name, f'{gap:.1f} days apart')
                )
    return leaks


def _to_plane(footprint: Any) -> np.ndarray:
    """Corners in the gnomonic plane of the pole, where arcs are straight.

    Each hemisphere has its own plane; scenes lie on one side of 20 degrees
    from the equator.
    """
    latitude, longitude = np.radians(np.asarray(footprint, float)).T
    radius = 1 / np.tan(np.abs(latitude))
    # The other hemisphere is moved aside, so the two never meet.
    shift = np.where(latitude < 0, 1e3, 0.0)
    x = radius * np.cos(longitude) + shift
    return np.stack([x, radius * np.sin(longitude)], axis=1)


def convex_overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two convex polygons share some area.

    They do not if, and only if, a line along one of their sides separates
    them.

    Args:
        first: Corners in order, shape (n, 2).
        second: Likewise, shape (m, 2).
    """
    for corners in (first, second):
        sides = np.roll(corners, -1, axis=0) - corners
        for x, y in sides:
            normal = np.array([-y, x])
            a, b = first @ normal, second @ normal
            if a.max() <= b.min() or b.max() <= a.min():
                return False
    return True
