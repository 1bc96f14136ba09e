"""Images between 80 and 160 m, made from the one at 80 m when read.

The same cells and weights as :mod:`mmseaice.scenes.resample`, on a window.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from .cells import NEPER_PER_DECIBEL, ROUNDING, cell_axis
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
    steps: np.ndarray,
    quantum: float,
    factor: float,
    min_valid: float,
    *,
    decibel: bool,
) -> np.ndarray:
    """Mean over cells of stored values.

    Args:
        steps: Stored int16 values, shape (H, W).
        quantum: Their step.
        factor: Pixels per cell.
        min_valid: Share of a cell's area that must be valid.
        decibel: Whether to average in linear power.

    Returns:
        Means, float32, shape (H // factor, W // factor), NaN in cells with
        too few valid pixels.
    """
    rows, cols = (_weights(size, factor) for size in steps.shape)
    values = np.take(_sources(quantum, decibel), steps.view(np.uint16))
    mean = _sum(values, rows, cols)
    missing = steps == MISSING
    if missing.any():
        area = _sum((~missing).astype(np.float32), rows, cols)
        enough = (min_valid - ROUNDING) * factor**2
        area[(area < enough) | (area <= 0)] = np.nan
        mean /= area
    else:
        mean /= np.float32(factor**2)
    if decibel:
        np.log(mean, out=mean)
        mean /= np.float32(NEPER_PER_DECIBEL)
    return mean


@lru_cache
def _sources(quantum: float, decibel: bool) -> np.ndarray:
    """What each int16 adds to a mean; a missing one nothing."""
    steps = np.arange(1 << 16, dtype=np.uint16).view(np.int16)
    values = dequantise(steps, quantum).astype(np.float64)
    if decibel:
        # Nothing is that bright, and float32 ends soon above.
        values = np.exp(np.minimum(values, 300) * NEPER_PER_DECIBEL)
    return np.nan_to_num(values).astype(np.float32)


@lru_cache(maxsize=64)
def _weights(size: int, factor: float) -> csr_array:
    return cell_axis(size, factor).matrix.astype(np.float32)


def _sum(values: np.ndarray, rows: csr_array, cols: csr_array) -> np.ndarray:
    return np.ascontiguousarray((cols @ (rows @ values).T).T)
