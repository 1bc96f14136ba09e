"""Where tie points and coarse cells lie on the full grid of a scene.

Positions are edge-based: pixel ``i`` spans ``[i, i + 1)``, its centre is
``i + 0.5``. A tie point at raw pixel ``r`` is at ``r + 0.5``.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ..errors import SceneDimensionError, SceneFileError
from .geolocation import geodetic_to_ecef
from .variables import COARSE_CELL

logger = logging.getLogger(__name__)

#: Square metres between four tie points, a fraction of a pixel.
_LEAST_AREA = 1.0


def coarse_size(raw_size: int) -> int:
    """Number of 2 km cells along an axis of ``raw_size`` 40 m pixels."""
    return (raw_size - 1) // COARSE_CELL


def coarse_positions(count: int) -> np.ndarray:
    """Centres of the 2 km cells in raw pixels, shape (count,)."""
    return COARSE_CELL * (np.arange(count) + 0.5)


def tie_indices(raw_size: int, count: int) -> np.ndarray:
    """Raw pixel indices of the tie points along an axis, shape (count,).

    Steps of ``ceil(raw_size / (count - 1))``, and the last pixel. Where so
    few pixels are left that the steps overrun, as in no published scene, the
    points are spread evenly.
    """
    step = -(-raw_size // (count - 1))
    indices = np.append(step * np.arange(count - 1.0), raw_size - 1.0)
    if indices[-1] <= indices[-2]:
        logger.warning(
            'an axis of %d pixels is too short for %d tie points in whole '
            'steps; their positions are a guess',
            raw_size,
            count,
        )
        return np.linspace(0, raw_size - 1, count)
    return indices


def check_ties(path: Any, latitude: np.ndarray, longitude: np.ndarray) -> None:
    """Refuse a tie grid that is no surface on Earth.

    Args:
        path: The file it comes from.
        latitude: Degrees, shape (lines, samples) of the tie grid.
        longitude: Degrees, same shape.

    Raises:
        SceneDimensionError: If the grid is smaller than 3 by 3.
        SceneFileError: If neighbouring points span no area.
    """
    shape = np.shape(latitude)
    if min(shape) < 3:
        raise SceneDimensionError(
            path,
            'a grid of tie points, 3 x 3 at least',
            f'one of {shape[0]} x {shape[1]}',
            'Fetch the file again and compare its checksum.',
        )
    points = np.stack(geodetic_to_ecef(latitude, longitude), axis=-1)
    down = np.diff(points, axis=0)[:, :-1]
    right = np.diff(points, axis=1)[:-1]
    area = np.linalg.norm(np.cross(down, right), axis=-1)
    if not np.median(area) >= _LEAST_AREA:
        raise SceneFileError(
            path,
            'tie points that span an area on Earth',
            f'latitudes from {np.min(latitude):g} to {np.max(latitude):g} '
            f'and longitudes from {np.min(longitude):g} to '
            f'{np.max(longitude):g}, in one place or on one line',
            'Fetch the file again and compare its checksum.',
        )


def last_interval_ratio(
    latitude: np.ndarray, longitude: np.ndarray, axis: int
) -> float:
    """Length of the last tie interval over that of the one before it.

    Args:
        latitude: Degrees, shape (lines, samples) of the tie grid.
        longitude: Degrees, same shape.
        axis: 0 along lines, 1 along samples.
    """
    points = np.stack(geodetic_to_ecef(latitude, longitude), axis=-1)
    points = np.moveaxis(points, axis, 0)
    lengths = np.linalg.norm(np.diff(points[-3:], axis=0), axis=-1)
    before, last = lengths.mean(axis=1) if len(lengths) > 1 else (0, 0)
    return float(last / before) if before else float('nan')


def raw_size_of(
    ready_size: int,
    latitude: np.ndarray,
    longitude: np.ndarray,
    axis: int,
) -> int:
    """Raw pixels along an axis of a ready-to-train scene.

    The 2x2 mean drops an odd last pixel, so the raw size is twice the ready
    size or one more. That moves tie points only where twice the size is a
    multiple of the number of intervals: there the last interval of the odd
    size is nearly one step count shorter, which its length on the ground
    shows. Elsewhere the even size is taken.
    """
    even = 2 * ready_size
    intervals = latitude.shape[axis] - 1
    if intervals < 3 or even % intervals or even < 2 * intervals:
        return even
    step = even // intervals
    if_even = (step - 1) / step
    if_odd = max(step + 1 - intervals, 0) / (step + 1)
    found = last_interval_ratio(latitude, longitude, axis)
    return even + int(abs(found - if_odd) < abs(found - if_even))


def interpolate_ties(
    values: np.ndarray,
    lines: np.ndarray,
    samples: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """Interpolate a smooth field bilinearly from tie points to pixels.

    Args:
        values: Shape (n lines, n samples) of the tie grid.
        lines: Increasing pixel indices of the tie rows.
        samples: Increasing pixel indices of the tie columns.
        shape: (H, W) of the full grid.

    Returns:
        float32, shape (H, W); constant beyond the outermost tie points.
    """
    height, width = shape
    columns = np.arange(width)
    rows = np.stack([np.interp(columns, samples, row) for row in values])
    position = np.interp(np.arange(height), lines, np.arange(len(lines)))
    below = np.clip(position.astype(int), 0, len(lines) - 2)
    weight = (position - below).astype(np.float32)[:, None]
    rows = rows.astype(np.float32)
    steps = np.diff(rows, axis=0)
    out = np.empty(shape, np.float32)
    for index in range(len(lines) - 1):
        here = below == index
        out[here] = rows[index] + weight[here] * steps[index]
    return out
