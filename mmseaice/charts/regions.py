"""From a map of concentration to the polygons that an ice chart would have.

An analyst draws few, large polygons of a like concentration. Here they are
found on square cells of several pixels: the concentration is smoothed, cut
into the classes of the WMO colour code, and every connected patch of one
class becomes a region; patches that are too small go to a neighbour. Land and
gaps in the data are regions of their own and are neither smoothed nor merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from scipy import ndimage
from tqdm import tqdm

#: Lower limits, in tenths, of the classes 1-3, 4-6, 7-8 and 9-10 tenths.
#: Below the first is open water: less than a tenth.
WMO_EDGES = (1.0, 3.5, 6.5, 8.5)

#: Lines that are looked at in one go, about.
_LINES = 512

#: POLY_TYPE of land and of no data, by the order of ``Regions`` codes.
_FIXED_KINDS = 'LN'


@dataclass(frozen=True)
class Regions:
    """Connected patches of a chart, on square cells of several pixels.

    Regions are connected over edges, not over corners, and numbered from 1.

    Args:
        labels: Number of the region of each cell, int32, shape (h, w).
        factor: Pixels along a side of a cell; the last row and column of
            cells may hold fewer.
        shape: Lines and samples of the scene.
        kinds: SIGRID-3 POLY_TYPE by region: 'I' ice, 'W' water, 'L' land
            or 'N' no data.
        concentration: Mean concentration of the charted pixels of each
            region in tenths, float64; NaN for land and no data.
        areas: Area of each region in km2, float64, as if every pixel had
            its nominal size.
        smoothed: Smoothed concentration of each cell in tenths, float32,
            NaN on land and without data.
    """

    labels: np.ndarray
    factor: int
    shape: tuple[int, int]
    kinds: tuple[str, ...]
    concentration: np.ndarray
    areas: np.ndarray
    smoothed: np.ndarray

    def edges(self, axis: int) -> np.ndarray:
        """Pixel positions of the edges of cells along an axis."""
        return _edges(self.shape[axis], self.factor)

    def of_lines(self, start: int, stop: int) -> np.ndarray:
        """Number of the region of each pixel of some lines, int32."""
        lines = np.arange(start, stop) // self.factor
        samples = np.arange(self.shape[1]) // self.factor
        return self.labels[lines[:, None], samples]


def make_regions(
    concentration: np.ndarray,
    status: np.ndarray,
    *,
    spacing: float = 80.0,
    cell: float = 400.0,
    smooth: float = 800.0,
    edges: tuple[float, ...] = WMO_EDGES,
    smallest: float = 25.0,
    progress: bool = False,
) -> Regions:
    """Find the regions of a charted concentration.

    A cell is what most of its pixels are: charted, land or without data. Its
    concentration is the mean of its charted pixels, then a Gaussian mean over
    charted cells around it. Charted regions below the smallest size go, the
    smallest first, to the charted neighbour with the longest common border;
    one without such a neighbour stays, and so do islands and gaps.

    Args:
        concentration: Tenths, float, shape (H, W), NaN where not charted.
        status: 0 charted, 1 land, anything else no data, same shape.
        spacing: Size of a pixel in metres.
        cell: Side of a cell in metres, rounded to whole pixels.
        smooth: Standard deviation of the Gaussian in metres; 0 for none.
        edges: Lower limits of the classes in tenths, ascending; open water
            is what lies below the first.
        smallest: Smallest charted region in km2.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If shapes differ or an argument is out of range.
    """
    if np.shape(concentration) != np.shape(status):
        raise ValueError(
            'status must have the shape of concentration, '
            f'{np.shape(concentration)}, but got {np.shape(status)}.'
        )
    if not 0 < spacing <= cell:
        raise ValueError(
            f'cell must be at least one pixel ({spacing:g} m), but got '
            f'{cell:g} m.'
        )
    if smooth < 0 or smallest < 0:
        raise ValueError(
            'smooth and smallest must not be negative, but got '
            f'{smooth:g} m and {smallest:g} km2.'
        )
    if not edges or any(np.diff(edges) <= 0):
        raise ValueError(f'edges must be ascending, but got {edges}.')
    factor = round(cell / spacing)
    counts, sums = _pool(concentration, status, factor, progress)
    kinds = counts.argmax(0)
    smoothed = _smooth(sums, counts[0], kinds == 0, smooth / spacing / factor)
    classes = np.where(
        kinds == 0, np.digitize(smoothed, edges), len(edges) + kinds
    )
    sizes = counts.sum(0) * (spacing / 1000) ** 2
    classes = _merge_small(classes, len(edges), sizes, smallest)

    labels, number = _label(classes)
    index = np.arange(1, number + 1)
    charted = ndimage.sum_labels(counts[0], labels, index)
    total = ndimage.sum_labels(sums, labels, index)
    fixed = ndimage.maximum(classes, labels, index).astype(int) - len(edges)
    means = np.full(number, np.nan)
    np.divide(total, charted, out=means, where=fixed <= 0)
    letters = tuple(
        _FIXED_KINDS[kind - 1] if kind > 0 else 'WI'[bool(mean >= edges[0])]
        for kind, mean in zip(fixed, means, strict=True)
    )
    areas = np.asarray(ndimage.sum_labels(sizes, labels, index), float)
    shape = np.shape(status)
    return Regions(labels, factor, shape, letters, means, areas, smoothed)


def _edges(size: int, factor: int) -> np.ndarray:
    return np.append(np.arange(0, size, factor), size)


def _pool(
    concentration: np.ndarray, status: np.ndarray, factor: int, progress: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Count pixels of each kind, and sum the concentration, by cell."""
    lines, samples = status.shape
    columns = np.arange(0, samples, factor)
    size = -(-lines // factor), len(columns)
    counts, sums = np.zeros((3, *size), np.int32), np.zeros(size)
    step = factor * max(1, _LINES // factor)

    def pool(values: np.ndarray, kind: type) -> np.ndarray:
        rows = np.arange(0, len(values), factor)
        values = np.add.reduceat(values, rows, axis=0, dtype=kind)
        return np.add.reduceat(values, columns, axis=1, dtype=kind)

    starts = range(0, lines, step)
    for start in tqdm(starts, 'Regions', disable=not progress, unit='block'):
        block = np.asarray(concentration[start : start + step])
        kind = np.asarray(status[start : start + step])
        charted = (kind == 0) & np.isfinite(block)
        land = kind == 1
        cells = slice(start // factor, -(-(start + len(kind)) // factor))
        parts = charted, land, ~(charted | land)
        for count, part in zip(counts, parts, strict=True):
            count[cells] = pool(part, np.int32)
        sums[cells] = pool(np.where(charted, block, 0), np.float64)
    return counts, sums


def _smooth(
    sums: np.ndarray, counts: np.ndarray, charted: np.ndarray, sigma: float
) -> np.ndarray:
    """Gaussian mean of the concentration over charted cells."""
    field = np.where(charted, sums / np.maximum(counts, 1), 0)
    weight = charted.astype(float)
    if sigma > 0:
        field = ndimage.gaussian_filter(field, sigma, mode='constant')
        weight = ndimage.gaussian_filter(weight, sigma, mode='constant')
    out = np.full(field.shape, np.nan)
    np.divide(field, weight, out=out, where=charted)
    # Noise of the filter must not push a constant field over an edge.
    return out.round(4).astype(np.float32)


def _label(classes: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the connected patches of equal classes from 1."""
    labels, number = np.zeros(classes.shape, np.int32), 0
    for value in np.unique(classes):
        here = classes == value
        found, more = ndimage.label(here)
        labels[here] = found[here] + number
        number += more
    return labels, number


def _common_borders(labels: np.ndarray) -> list[dict[int, int]]:
    """Edges of cells that regions share, by region and neighbour."""
    size = int(labels.max()) + 1
    keys = []
    for one, other in (
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1], labels[1:]),
    ):
        apart = one != other
        pair = np.sort([one[apart], other[apart]], axis=0).astype(np.int64)
        keys.append(pair[0] * size + pair[1])
    found, lengths = np.unique(np.concatenate(keys), return_counts=True)
    borders: list[dict[int, int]] = [{} for _ in range(size)]
    for key, length in zip(found.tolist(), lengths.tolist(), strict=True):
        one, other = divmod(key, size)
        borders[one][other] = borders[other][one] = length
    return borders


def _merge_small(
    classes: np.ndarray, last: int, sizes: np.ndarray, smallest: float
) -> np.ndarray:
    """Give small patches of the classes 0..``last`` to a neighbour."""
    labels, number = _label(classes)
    own = np.zeros(number + 1, classes.dtype)
    own[labels] = classes
    areas = np.bincount(labels.ravel(), sizes.ravel(), number + 1).tolist()
    free = own <= last
    borders = [
        {other: length for other, length in row.items() if free[other]}
        for row in _common_borders(labels)
    ]
    into = np.arange(number + 1)
    queue = [(areas[i], i) for i in range(1, number + 1) if free[i]]
    queue = [entry for entry in queue if entry[0] < smallest]
    heapify(queue)
    while queue:
        area, small = heappop(queue)
        gone = into[small] != small or area != areas[small]
        if gone or not borders[small]:
            continue
        around = borders[small]
        target = max(around, key=lambda i: (around[i], areas[i], -i))
        into[small] = target
        areas[target] += area
        for other, length in around.items():
            del borders[other][small]
            if other != target:
                more = borders[target].get(other, 0) + length
                borders[target][other] = borders[other][target] = more
        if areas[target] < smallest:
            heappush(queue, (areas[target], target))
    while (into[into] != into).any():
        into = into[into]
    return own[into][labels]
