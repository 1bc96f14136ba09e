"""Distance-to-land zones, numbered 0 (land) to 41 (beyond 300 km)."""

from __future__ import annotations

import numpy as np

from .fields import double
from .layout import Layout

#: Upper limits in kilometres of the zones 1 to 40.
ZONE_LIMITS = np.array(
    [
        0.5,
        *range(1, 21),
        *range(25, 51, 5),
        *range(60, 101, 10),
        *range(125, 301, 25),
    ],
    float,
)

_STRIP = 512
_FAR = np.float32(1e4)


def zone_table() -> str:
    """The table of zones as the files carry it in an attribute."""
    limits = [0.0, *ZONE_LIMITS, np.inf]
    rows = ['', 'dist_id; dist_range_km', '0; land']
    for zone in range(1, len(limits)):
        rows.append(f'{zone}; {limits[zone - 1]:g} -> {limits[zone]:g}')
    return '\n'.join(rows)


def land_rows(
    layout: Layout, start: int, stop: int, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Land and zones of raw lines ``start`` (even) to ``stop``.

    Args:
        layout: Large-scale map of the scene on its 80 m grid.
        start: First raw line.
        stop: One past the last raw line.
        samples: Raw samples.

    Returns:
        Land as bool and zones as float32, each (stop - start, samples).
    """
    first = max(start // 2 - 1, 0)
    strip = slice(first, -(-stop // 2) + 1)
    skip = start - 2 * first
    lines = slice(skip, skip + stop - start)
    land = layout.land[strip].astype(np.float32)
    distance = np.minimum(layout.land_distance[strip], _FAR)
    land = double(land)[lines, :samples] >= 0.5
    zones = 1 + np.searchsorted(ZONE_LIMITS, double(distance)[lines, :samples])
    zones[land] = 0
    return land, zones.astype(np.float32)


def distance_map(
    layout: Layout, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Land (bool) and zones (float32) of a scene on its raw grid."""
    land, zones = np.empty(shape, bool), np.empty(shape, np.float32)
    for start in range(0, shape[0], _STRIP):
        stop = min(start + _STRIP, shape[0])
        rows = land_rows(layout, start, stop, shape[1])
        land[start:stop], zones[start:stop] = rows
    return land, zones
