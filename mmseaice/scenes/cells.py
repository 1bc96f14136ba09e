"""Single arrays on a coarser grid, weighted by overlap area.

Output cell ``(i, j)`` covers the input pixels ``[i f, (i + 1) f)`` on each
axis, for any real factor ``f >= 1``; the output has ``floor(size / f)``
cells and pixels count by the area that they share with a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from ..charts.codes import IGNORE

ChartRule = Literal['majority', 'nearest', 'max']

#: How charts may be brought to a coarser grid.
CHART_RULES: tuple[ChartRule, ...] = ('majority', 'nearest', 'max')

ROUNDING = 1e-9
_CELLS_AT_ONCE = 1 << 16
_LINES_AT_ONCE = 64
#: Bits of a class where charts are looked at together, and all of them set.
_NIBBLE, _ALL_BITS = 4, 15
NEPER_PER_DECIBEL = np.log(10) / 10

#: Backscatter (dB) whose power single precision holds with all its digits.
_LOWEST_SINGLE = -300


@dataclass(frozen=True)
class Axis:
    """Which pixels each cell covers along one axis, and how much of them.

    Args:
        pixels: Pixel numbers, shape (cells, k). Slots that a cell does not
            need repeat its first pixel with weight 0.
        weights: Covered part of each pixel, 0..1, shape (cells, k).
        centres: The pixel that holds the cell's centre, shape (cells,).
        matrix: The same weights as a sparse matrix, shape (cells, pixels).
    """

    pixels: np.ndarray
    weights: np.ndarray
    centres: np.ndarray
    matrix: csr_array


@lru_cache(maxsize=32)
def cell_axis(size: int, factor: float) -> Axis:
    """Lay cells of ``factor`` pixels over an axis of ``size`` pixels.

    Raises:
        ValueError: If the factor is below 1 or not one cell fits.
    """
    if not factor >= 1:
        raise ValueError(f'factor must be at least 1, but got {factor}.')
    cells = int(size / factor + ROUNDING)
    if cells < 1:
        raise ValueError(
            f'size must be at least one cell of {factor:g} pixels, but got '
            f'{size} pixels.'
        )
    start = np.arange(cells)[:, None] * factor
    first = np.floor(start + ROUNDING).astype(int)
    pixels = first + np.arange(int(np.ceil(factor)) + 1)
    overlap = np.minimum(pixels + 1, start + factor) - np.maximum(
        pixels, start
    )
    overlap[overlap < ROUNDING] = 0
    # Whole and half factors never need the last slot.
    used = overlap.any(axis=0)
    pixels, overlap = pixels[:, used], overlap[:, used]
    pixels = np.where(overlap > 0, pixels, first)
    weights = np.minimum(overlap, 1.0)
    matrix = csr_array(
        (weights.ravel(), (_row_numbers(pixels), pixels.ravel())),
        shape=(cells, size),
    )
    matrix.eliminate_zeros()
    centres = np.floor(start[:, 0] + factor / 2 + ROUNDING).astype(int)
    return Axis(pixels, weights, centres, matrix)


def _row_numbers(table: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(table)), table.shape[1])


def precision(values: np.ndarray, decibel: bool) -> type[np.floating]:
    """The dtype to average in: single precision cannot hold all powers.

    Files hold outliers down to -463 dB.
    """
    low = decibel and (values < _LOWEST_SINGLE).any()
    return np.float64 if low else np.float32


def summands(
    values: np.ndarray, valid: np.ndarray, *, decibel: bool
) -> np.ndarray:
    """What the pixels of a field add to its means, whatever the cells.

    Args:
        values: The field, shape (H, W).
        valid: True where a pixel counts, shape (H, W).
        decibel: Whether to average in linear power.
    """
    terms = values.astype(precision(values, decibel))
    if decibel:
        terms *= terms.dtype.type(NEPER_PER_DECIBEL)
        np.exp(terms, out=terms)
    np.copyto(terms, terms.dtype.type(0), where=~valid)
    return terms


def mean_of(
    sums: np.ndarray, area: np.ndarray | np.float32, *, decibel: bool
) -> np.ndarray:
    """Means, float32, from the sums of :func:`summands` over an area."""
    mean = sums / area
    if decibel:
        mean = np.log(mean) / NEPER_PER_DECIBEL
    return mean.astype(np.float32)


class CellMean:
    """Means over the valid part of each cell, for one validity mask.

    Args:
        valid: True where a pixel counts, shape (H, W).
        factor: Pixels per cell and axis.
        min_valid: Share of a cell's area that must be valid.
    """

    def __init__(
        self, valid: np.ndarray, factor: float, min_valid: float = 0.5
    ) -> None:
        factor = float(factor)
        self.valid = valid
        self.axes = tuple(cell_axis(size, factor) for size in valid.shape)
        # Eighths are exact in single precision, so the limit is, too.
        exact = np.float32 if (8 * factor).is_integer() else np.float64
        area = self._sum(valid.astype(exact))
        enough = (min_valid - ROUNDING) * factor**2
        self.area = np.where((area >= enough) & (area > 0), area, np.nan)

    def __call__(
        self, values: np.ndarray, *, decibel: bool = False
    ) -> np.ndarray:
        """Average a field.

        Args:
            values: The field, shape (H, W).
            decibel: Whether to average in linear power.

        Returns:
            Means, float32, shape (h, w), NaN in cells with too few valid
            pixels.
        """
        terms = summands(values, self.valid, decibel=decibel)
        return self.average(terms, decibel=decibel)

    def average(
        self, terms: np.ndarray, *, decibel: bool = False
    ) -> np.ndarray:
        """Average what :func:`summands` made of a field."""
        return mean_of(self._sum(terms), self.area, decibel=decibel)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Sums over cells in the precision of ``values``."""
        rows, cols = (axis.matrix.astype(values.dtype) for axis in self.axes)
        sums = np.empty((rows.shape[0], cols.shape[0]), values.dtype)
        # Lines that fit into the cache, because the product transposes them.
        for start in range(0, len(sums), _LINES_AT_ONCE):
            part = slice(start, start + _LINES_AT_ONCE)
            sums[part] = (cols @ (rows[part] @ values).T).T
        return sums


def resample_field(
    values: np.ndarray,
    valid: np.ndarray,
    factor: float,
    *,
    decibel: bool = False,
    min_valid: float = 0.5,
) -> np.ndarray:
    """Average one field over cells, weighted by area.

    Args:
        values: The field, shape (H, W).
        valid: True where the field is valid, shape (H, W).
        factor: Pixels per cell and axis, any real number >= 1.
        decibel: Whether the field is in dB and averages in linear power.
        min_valid: Share of a cell's area that must be valid.

    Returns:
        Means, float32, shape (H // factor, W // factor), NaN in cells with
        too few valid pixels.
    """
    return CellMean(valid, factor, min_valid)(values, decibel=decibel)


def resample_chart(
    values: np.ndarray,
    factor: float,
    how: ChartRule = 'majority',
    *,
    min_valid: float = 0.5,
) -> np.ndarray:
    """Bring a chart to a coarser grid.

    Args:
        values: Classes, uint8, 255 without label, shape (H, W).
        factor: Pixels per cell and axis, any real number >= 1.
        how: 'majority' takes the class of the largest area, the lower one
            of two equal ones, and 255 if the labelled share of the cell is
            below ``min_valid``; 'nearest' the pixel at the cell's centre;
            'max' the largest number that the cell touches, 255 included.
        min_valid: Share of a cell's area that must be labelled.

    Returns:
        Classes of the same dtype, shape (H // factor, W // factor).

    Raises:
        ValueError: If ``how`` is not one of the three names.
    """
    rows, cols = (cell_axis(size, factor) for size in values.shape)
    if how == 'nearest':
        return values[rows.centres[:, None], cols.centres]
    if how == 'max':
        return _largest(values, rows, cols)
    if how != 'majority':
        raise ValueError(
            f'how must be one of {", ".join(CHART_RULES)}, but got {how!r}.'
        )
    return MajorityCharts([values])(factor, min_valid)[0]


class MajorityCharts:
    """Charts of one scene on coarser grids, by majority.

    Polygons are large: most cells hold one class of each chart, and only the
    others need their areas measured. Which these are is found for all charts
    at once, as if they were one.

    Args:
        charts: Classes, uint8, 255 without label, each of shape (H, W).
    """

    def __init__(self, charts: Sequence[np.ndarray]) -> None:
        self.charts = list(charts)
        width = _NIBBLE * len(self.charts)
        # 255, which is no label, becomes the highest number of four bits.
        self._fits = width <= 16 and all(
            chart.dtype == np.uint8
            and (chart + np.uint8(1)).max(initial=0) <= _ALL_BITS
            for chart in self.charts
        )
        if self._fits:
            self._packed = np.zeros(
                self.charts[0].shape, np.uint16 if width > 8 else np.uint8
            )
            for place, chart in enumerate(self.charts):
                part = (chart & _ALL_BITS).astype(self._packed.dtype)
                part <<= self._packed.dtype.type(_NIBBLE * place)
                self._packed |= part

    def __call__(
        self, factor: float, min_valid: float = 0.5
    ) -> list[np.ndarray]:
        """Bring the charts to a coarser grid, see :func:`resample_chart`."""
        rows, cols = (cell_axis(n, factor) for n in self.charts[0].shape)
        if self._fits:
            packed, mixed = _first_and_mixed(self._packed, rows, cols)
            firsts = [self._unpack(packed, i) for i in range(len(self.charts))]
            places = [np.nonzero(mixed)] * len(self.charts)
        else:
            pairs = [_first_and_mixed(c, rows, cols) for c in self.charts]
            firsts = [first for first, _ in pairs]
            places = [np.nonzero(mixed) for _, mixed in pairs]
        for chart, out, (i, j) in zip(
            self.charts, firsts, places, strict=True
        ):
            for start in range(0, len(i), _CELLS_AT_ONCE):
                at = tuple(n[start : start + _CELLS_AT_ONCE] for n in (i, j))
                out[at] = _largest_class(chart, rows, cols, *at, min_valid)
        return firsts

    @staticmethod
    def _unpack(packed: np.ndarray, place: int) -> np.ndarray:
        """The classes of one chart."""
        shift = packed.dtype.type(_NIBBLE * place)
        classes = ((packed >> shift) & _ALL_BITS).astype(np.uint8)
        classes[classes == _ALL_BITS] = IGNORE
        return classes


def _largest(values: np.ndarray, rows: Axis, cols: Axis) -> np.ndarray:
    """Largest value that each cell touches."""
    first, *others = rows.pixels.T
    lines = values[first]
    for pixels in others:
        np.maximum(lines, values[pixels], out=lines)
    first, *others = cols.pixels.T
    out = lines[:, first]
    for pixels in others:
        np.maximum(out, lines[:, pixels], out=out)
    return out


def _first_and_mixed(
    values: np.ndarray, rows: Axis, cols: Axis
) -> tuple[np.ndarray, np.ndarray]:
    """First value of each cell, and whether it touches another one."""
    first, *others = rows.pixels.T
    lines = values[first]
    differ = np.zeros(lines.shape, bool)
    for pixels in others:
        differ |= values[pixels] != lines
    first, *others = cols.pixels.T
    out, mixed = lines[:, first], differ[:, first]
    for pixels in others:
        mixed |= differ[:, pixels]
        mixed |= lines[:, pixels] != out
    return out, mixed


def _largest_class(
    values: np.ndarray,
    rows: Axis,
    cols: Axis,
    i: np.ndarray,
    j: np.ndarray,
    min_valid: float,
) -> np.ndarray:
    """The majority class of n single cells (i, j), shape (n,)."""
    classes = values[rows.pixels[i][:, :, None], cols.pixels[j][:, None, :]]
    areas = rows.weights[i][:, :, None] * cols.weights[j][:, None, :]
    classes = classes.reshape(len(i), -1)
    labelled = classes != IGNORE
    areas = areas.reshape(len(i), -1)
    cell = areas.sum(1)
    count = int(classes[labelled].max(initial=0)) + 1
    bins = np.arange(len(i))[:, None] * count + classes
    per_class = np.bincount(
        bins[labelled], areas[labelled], minlength=len(i) * count
    ).reshape(len(i), count)
    shares = np.round(per_class / cell[:, None], 9)
    best = shares.argmax(1).astype(values.dtype)
    too_few = shares.sum(1) < min_valid - ROUNDING * count
    best[too_few | (shares.max(1) == 0)] = IGNORE
    return best
