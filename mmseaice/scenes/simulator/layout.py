"""The large-scale map of a scene: land, bands from the ice edge, cells.

A smooth potential puts water, marginal zone and pack one behind the other;
Voronoi cells cut the bands into regions. The true map adds fractal detail
to what :attr:`Layout.charted` holds, so a chart drawn from the latter is
coarser than the ice and a little displaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .fields import fractal_field, smooth_field
from .regimes import (
    FAST_BAND,
    MARGINAL_BAND,
    PACK_BAND,
    WATER_BAND,
    region_number,
)

_COARSE = 4
_KM = 12.5  # pixels of 80 m


@dataclass
class Layout:
    """Regions of a scene on its 80 m grid, arrays of shape (H, W).

    Args:
        region: True region of each pixel, int16.
        charted: Region an analyst would see there, int16.
        land: True on land.
        land_distance: Kilometres to the nearest land, float32, inf
            without land.
        cells: Number of Voronoi cells.
    """

    region: np.ndarray
    charted: np.ndarray
    land: np.ndarray
    land_distance: np.ndarray
    cells: int


def _ramp(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Plane from about -1 to 1 in a random direction, float32 (H, W)."""
    angle = rng.uniform(0, 2 * np.pi)
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)
    return np.float32(np.sin(angle)) * y + np.float32(np.cos(angle)) * x


def _draw_land(
    rng: np.random.Generator, shape: tuple[int, int], share: float
) -> np.ndarray:
    """Land with a ragged coast and some islands, bool (H, W)."""
    if share <= 0:
        return np.zeros(shape, bool)
    extent = min(shape)
    height = fractal_field(rng, shape, extent / 3, finest=2.5, persistence=0.5)
    height += np.float32(1.8) * _ramp(rng, shape)
    return height > np.quantile(height[::8, ::8], 1 - share)


def _distance(land: np.ndarray) -> np.ndarray:
    """Kilometres to the nearest land, float32, inf without land."""
    if not land.any():
        return np.full(land.shape, np.inf, np.float32)
    out = ndimage.distance_transform_edt(~land).astype(np.float32)
    out /= _KM
    return out


def _draw_cells(
    rng: np.random.Generator, shape: tuple[int, int]
) -> tuple[np.ndarray, int]:
    """Voronoi cells of random points on a coarse grid, int16, and count."""
    area = shape[0] * shape[1]
    count = int(np.clip(round(6 + 18 * np.sqrt(area / 26e6)), 6, 40))
    columns = max(1, round(np.sqrt(count * shape[1] / shape[0])))
    rows = -(-count // columns)
    spots = rng.permutation(rows * columns)[:count]
    point_y = (spots // columns + rng.uniform(0.1, 0.9, count)) / rows
    point_x = (spots % columns + rng.uniform(0.1, 0.9, count)) / columns
    y = np.arange(0, shape[0], _COARSE, dtype=np.float32)[:, None]
    x = np.arange(0, shape[1], _COARSE, dtype=np.float32)
    nearest = np.full((y.size, x.size), np.inf, np.float32)
    cell = np.zeros(nearest.shape, np.int16)
    for i in range(count):
        down = (y - np.float32(point_y[i] * shape[0])) ** 2
        distance = down + (x - np.float32(point_x[i] * shape[1])) ** 2
        cell[distance < nearest] = i
        np.minimum(nearest, distance, out=nearest)
    return cell, count


def _warped(
    cell: np.ndarray, down: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Look the cell up at displaced pixels, int16 (H, W)."""
    height, width = down.shape
    y = (np.arange(height, dtype=np.float32)[:, None] + down) / _COARSE
    x = (np.arange(width, dtype=np.float32) + right) / _COARSE
    row = np.clip(y, 0, cell.shape[0] - 1).astype(np.int16)
    column = np.clip(x, 0, cell.shape[1] - 1).astype(np.int16)
    return cell[row, column]


def draw_layout(
    rng: np.random.Generator,
    shape: tuple[int, int],
    land_share: float,
    water_share: float,
) -> Layout:
    """Draw the map of a scene.

    Args:
        rng: Source of randomness.
        shape: 80 m grid (H, W).
        land_share: Part of the scene that is land.
        water_share: Part of the sea in front of the ice edge; 1 for a
            scene without ice.
    """
    extent = float(min(shape))
    land = _draw_land(rng, shape, land_share)
    land_distance = _distance(land)
    # Skerries hold no fast ice of their own.
    mainland = ndimage.binary_opening(land, iterations=6)
    coast = _distance(mainland)
    coast *= np.exp(np.float32(0.35) * smooth_field(rng, shape, extent / 8))

    potential = fractal_field(rng, shape, extent / 2.5, 170, persistence=0.4)
    potential += np.float32(1.4) * _ramp(rng, shape)
    sample = potential[::8, ::8][~land[::8, ::8]]
    if water_share < 1:
        marginal_share = rng.uniform(0.18, 0.32)
        shares = [water_share, min(water_share + marginal_share, 1.0)]
        edge, pack = np.quantile(sample, shares)
    else:
        edge = pack = np.inf
    fast_reach = min(rng.uniform(0.04, 0.1) * extent / _KM, 20.0)

    cell, cells = _draw_cells(rng, shape)
    size = extent / np.sqrt(cells)
    down, right = (
        np.float32(0.2 * size)
        * fractal_field(rng, shape, 0.6 * size, 90, persistence=0.4)
        for _ in range(2)
    )

    def regions(
        potential: np.ndarray,
        distance: np.ndarray,
        down: np.ndarray,
        right: np.ndarray,
    ) -> np.ndarray:
        band = np.full(shape, WATER_BAND, np.int16)
        band[potential > edge] = MARGINAL_BAND
        band[potential > pack] = PACK_BAND
        band[(potential > edge) & (distance < fast_reach)] = FAST_BAND
        return region_number(band, _warped(cell, down, right), cells)

    # The analyst's line: smooth, and displaced by up to a kilometre or so.
    shift = smooth_field(rng, shape, extent / 12)
    charted = regions(
        potential + np.float32(0.03) * shift,
        coast + np.float32(0.5) * shift,
        down + np.float32(0.02 * size) * shift,
        right - np.float32(0.02 * size) * shift,
    )
    # The ice itself: eddies at its edge, ragged borders inside.
    detail = fractal_field(rng, shape, extent / 16, 4, persistence=0.55)
    region = regions(
        potential + np.float32(0.07) * detail,
        coast + np.float32(0.12 * fast_reach) * detail,
        down + np.float32(0.06 * size) * detail,
        right - np.float32(0.06 * size) * detail[::-1, ::-1],
    )
    return Layout(region, charted, land, land_distance, cells)
