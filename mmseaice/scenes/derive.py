"""Images between 80 and 160 m, made from the one at 80 m when read.

The same cells and weights as :mod:`mmseaice.scenes.resample`, on a window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from .cells import ROUNDING, cell_axis, mean_of, summands
from .store_format import BASE_SPACING, MISSING, dequantise

#: Cells after which the borders of cells and pixels meet again, for any
#: spacing that is a multiple of 10 m.
PERIOD = 8


def source_span(cells: slice, factor: float, size: int) -> tuple[slice, int]:
    """Pixels that a span of cells needs, from a common border on.

    Args:
        cells: The cells, with start and stop.
        factor: Pixels per cell.
        size: Pixels of the scene along this axis.

    Returns:
        The pixels, and the number of the first cell among theirs.
    """
    before = cells.start % PERIOD
    first = round((cells.start - before) * factor)
    last = min(int(np.ceil(cells.stop * factor - ROUNDING)), size)
    return slice(first, last), before


def polygon_pixels(cells: slice, stored: float, spacing: float) -> np.ndarray:
    """The pixels at the centres of cells, as charts are taken 'nearest'.

    Args:
        cells: Cells of a spacing, with start and stop.
        stored: Spacing (m) of the pixels, 40 or 80.
        spacing: Spacing (m) of the cells, as fine or coarser.

    Returns:
        Pixel numbers, ascending, shape (cells,).
    """
    centres = np.arange(cells.start, cells.stop)
    if spacing == stored:
        return centres
    base = max(stored, BASE_SPACING)
    factor = spacing / base
    centres = np.floor(centres * factor + factor / 2 + ROUNDING).astype(int)
    # From 40 m on, 80 m pixels take the last of their two on each axis.
    return centres if base == stored else 2 * centres + 1


def derive(
    planes: Sequence[np.ndarray],
    quanta: Sequence[float],
    decibel: Sequence[bool],
    factor: float,
    min_valid: float,
) -> Iterator[np.ndarray]:
    """Means over cells of stored values.

    Args:
        planes: Stored int16 values from a common border of pixels and cells
            on, shape (H, W) each.
        quanta: Their steps.
        decibel: Whether to average in linear power.
        factor: Pixels per cell, a multiple of 1 / 8.
        min_valid: Share of a cell's area that must be valid.

    Yields:
        Means of each plane, float32, of at least H // factor lines and
        W // factor samples, NaN in cells with too few valid pixels.
    """
    length = round(PERIOD * factor)
    before = area = None
    for plane, quantum, power in zip(planes, quanta, decibel, strict=True):
        steps = _whole_periods(plane, length)
        missing = steps == MISSING
        # Channels mostly lack the same pixels.
        if before is None or not np.array_equal(missing, before):
            before, area = missing, _area(missing, factor, min_valid)
        values = dequantise(steps, quantum)
        terms = summands(values, ~missing, decibel=power)
        yield mean_of(_sum(terms, factor), area, decibel=power)


def _area(
    missing: np.ndarray, factor: float, min_valid: float
) -> np.ndarray | np.float32:
    """Valid area of the cells in pixels, NaN where there is too little."""
    if not missing.any():
        return np.float32(factor**2)
    area = _sum((~missing).astype(np.float32), factor)
    enough = (min_valid - ROUNDING) * factor**2
    area[(area < enough) | (area <= 0)] = np.nan
    return area


def _whole_periods(steps: np.ndarray, length: int) -> np.ndarray:
    """Fill up with missing pixels at the end."""
    height, width = (-(-size // length) * length for size in steps.shape)
    if (height, width) == steps.shape:
        return steps
    whole = np.full((height, width), MISSING, steps.dtype)
    whole[: steps.shape[0], : steps.shape[1]] = steps
    return whole


@lru_cache
def _terms(factor: float) -> list[tuple[int, int, np.float32]]:
    """Which share of which pixel is in which cell of one period."""
    period = cell_axis(round(PERIOD * factor), factor).matrix.tocoo()
    shares = period.data.astype(np.float32)
    return list(zip(period.row, period.col, shares, strict=True))


def _sum(values: np.ndarray, factor: float) -> np.ndarray:
    """Sums over cells, weighted by area; whole periods on both axes.

    Not a matrix product: its threads would fight with other processes.
    """
    length = round(PERIOD * factor)
    height, width = values.shape
    lines = _first_axis(
        values.reshape(-1, length, width).swapaxes(0, 1), factor
    )
    lines = lines.swapaxes(0, 1).reshape(-1, length)
    out = _first_axis(np.ascontiguousarray(lines.T), factor)
    return np.ascontiguousarray(out.T).reshape(height // length * PERIOD, -1)


def _first_axis(values: np.ndarray, factor: float) -> np.ndarray:
    """Sums over the pixels of one period, (pixels, ...) to (cells, ...).

    In the precision of ``values``.
    """
    out = np.zeros((PERIOD, *values.shape[1:]), values.dtype)
    term = np.empty(values.shape[1:], values.dtype)
    for cell, pixel, share in _terms(factor):
        out[cell] += np.multiply(values[pixel], share, out=term)
    return out
