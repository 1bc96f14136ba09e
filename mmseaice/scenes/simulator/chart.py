"""Ice chart polygons with egg codes that summarise the ice inside.

Polygons come from what an analyst would see (:attr:`Layout.charted`), on a
200 m grid; their codes are counted from the true ice within them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .egg import HEADER, STAGE_CODES, egg_code, hidden_code
from .ice import IceTruth
from .layout import Layout
from .regimes import FAST_BAND, WATER_BAND

#: Raw pixels per cell of the grid that polygons are drawn on.
CHART_CELL = 5
_SMALLEST = 36e6 / 200.0**2  # cells in the smallest polygon, 36 km2


@dataclass
class Chart:
    """An ice chart on its own 200 m grid.

    Args:
        polygon: Polygon id of each cell, 0 outside the chart's region,
            int32, shape (ceil(L / 5), ceil(S / 5)).
        codes: Code table with its header, one text per polygon.
    """

    polygon: np.ndarray
    codes: list[str]

    def rows(self, start: int, stop: int, samples: int) -> np.ndarray:
        """Polygon ids of raw lines ``start`` to ``stop``, int32."""
        line = np.arange(start, stop) // CHART_CELL
        sample = np.arange(samples) // CHART_CELL
        return self.polygon[line[:, None], sample]


def draw_chart(
    rng: np.random.Generator,
    layout: Layout,
    truth: IceTruth,
    shape: tuple[int, int],
    hidden: bool = False,
) -> Chart:
    """Draw the chart of a scene.

    Args:
        rng: Source of randomness.
        layout: Large-scale map of the scene.
        truth: What its pixels hold.
        shape: Raw (lines, samples).
        hidden: Leave the concentration of nearly all polygons undetermined
            (CT 99), as charts do over ice that the analyst did not see.
    """
    cells = [-(-count // CHART_CELL) for count in shape]
    centre = [
        np.minimum((np.arange(n) * CHART_CELL + CHART_CELL // 2) // 2, m - 1)
        for n, m in zip(cells, layout.land.shape, strict=True)
    ]
    region = layout.charted[centre[0][:, None], centre[1]].astype(np.int32)
    band = region // layout.cells
    region[band == WATER_BAND] = 0
    region[band == FAST_BAND] = FAST_BAND * layout.cells
    polygon = _polygons(region)
    polygon[~_inside(rng, polygon.shape)] = 0

    index = [
        np.arange(0, 2 * count, 2) // CHART_CELL for count in truth.land.shape
    ]
    index = [np.minimum(i, n - 1) for i, n in zip(index, cells, strict=True)]
    fine = polygon[index[0][:, None], index[1]]
    fine[truth.land] = 0
    counts = _count(fine, truth, polygon.max() + 1)

    ids, codes = np.zeros(len(counts), np.int32), [HEADER]
    number = int(rng.integers(0, 30))
    present = [i for i in range(1, len(ids)) if counts[i].sum()]
    largest = max(present, key=lambda i: counts[i].sum(), default=0)
    style = [rng.choice(choices) if choices else '' for choices in STAGE_CODES]
    for i in present:
        number += 1 + int(rng.random() < 0.15) * int(rng.integers(1, 6))
        ids[i] = number
        if hidden and (i == largest or rng.random() < 0.85):
            fields = hidden_code()
        else:
            fields = egg_code(counts[i], style, brash=rng.random() < 0.25)
        codes.append(';'.join([str(number), *fields]))
    return Chart(ids[polygon], codes)


def _polygons(region: np.ndarray) -> np.ndarray:
    """Number connected parts from 1, small ones joined to a neighbour."""
    polygon = np.zeros(region.shape, np.int32)
    smallest = min(_SMALLEST, 0.02 * region.size)
    number = 0
    for value in np.unique(region):
        parts, count = ndimage.label(region == value)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        keep = np.flatnonzero(sizes >= smallest)
        keep = keep[keep > 0]
        new = np.zeros(count + 1, np.int32)
        new[keep] = number + 1 + np.arange(keep.size)
        polygon += new[parts]
        number += keep.size
    if (polygon == 0).any():
        nearest = ndimage.distance_transform_edt(
            polygon == 0, return_distances=False, return_indices=True
        )
        polygon = polygon[tuple(nearest)]
    return polygon


def _inside(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """The quadrilateral that the chart covers, bool; it cuts the scene."""
    y = np.linspace(0, 1, shape[0])[:, None]
    x = np.linspace(0, 1, shape[1])
    inside = np.ones(shape, bool)
    for depth in (y, 1 - y, x, 1 - x):
        if rng.random() < 0.4:
            along = x if depth.shape[-1] == 1 else y
            cut = rng.uniform(0, 0.12) + rng.uniform(-0.15, 0.15) * along
            inside &= depth > cut
    return inside


def _count(polygon: np.ndarray, truth: IceTruth, polygons: int) -> np.ndarray:
    """Ice-covered area by polygon, stage and floe class.

    Returns:
        Float64 (polygons, 6, 7) in pixels; stage 0 holds the water, of
        partly covered pixels too; the last floe class is fast ice.
    """
    floe = np.minimum(truth.floe, 6)
    key = (polygon * 6 + truth.stage) * 7 + floe
    cover = truth.concentration.ravel() / np.float32(100)
    size = polygons * 42
    area = np.bincount(key.ravel(), cover, size)
    pixels = np.bincount(key.ravel(), minlength=size)
    area, pixels = area.reshape(-1, 6, 7), pixels.reshape(-1, 6, 7)
    area[:, 0, 0] = pixels.sum((1, 2)) - area[:, 1:].sum((1, 2))
    return area
