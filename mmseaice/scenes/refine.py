"""From a coarse grid back to a finer one, over the same cells.

The inverse of :mod:`mmseaice.scenes.resample`: cell ``i`` of the coarse grid
covers the fine pixels ``[i f, (i + 1) f)``. Fine pixels beyond the last
whole cell belong to the last cell.
"""

from __future__ import annotations

import numpy as np


def refine_classes(
    values: np.ndarray, factor: float, shape: tuple[int, int]
) -> np.ndarray:
    """Give every fine pixel the class of the cell its centre lies in.

    Args:
        values: Classes on the coarse grid, shape (..., h, w).
        factor: Fine pixels per coarse cell and axis, >= 1.
        shape: Size (H, W) of the fine grid.

    Returns:
        Classes of the same dtype, shape (..., H, W).
    """
    rows, cols = (
        _nearest(np.clip(_fractional_cells(n, factor), 0, size - 1))
        for n, size in zip(shape, values.shape[-2:], strict=True)
    )
    return values[..., rows[:, None], cols]


def refine_field(
    values: np.ndarray, factor: float, shape: tuple[int, int]
) -> np.ndarray:
    """Interpolate bilinearly between cell centres, clamped at the edges.

    Args:
        values: Field on the coarse grid, shape (..., h, w). NaN is missing.
        factor: Fine pixels per coarse cell and axis, >= 1.
        shape: Size (H, W) of the fine grid.

    Returns:
        Field of the same float dtype, shape (..., H, W); NaN exactly in the
        pixels whose own cell is NaN.
    """
    rows, cols = (_fractional_cells(n, factor) for n in shape)
    return bilinear(values, rows, cols)


def bilinear(
    values: np.ndarray, rows: np.ndarray, cols: np.ndarray
) -> np.ndarray:
    """Interpolate a grid at the crossings of fractional rows and columns.

    Missing values do not spread: a point is NaN only if the nearest grid
    value is, and otherwise the mean over its valid neighbours.

    Args:
        values: Grid, shape (..., h, w), NaN is missing.
        rows: Row indices, shape (H,); 0 is the first grid value. Outside
            the grid the value at its edge is taken.
        cols: Column indices, shape (W,).

    Returns:
        Values of the same float dtype (float32 for integers), shape
        (..., H, W).
    """
    values = np.asarray(values)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float32)
    height, width = values.shape[-2:]
    rows = np.clip(rows, 0, height - 1)
    cols = np.clip(cols, 0, width - 1)
    missing = np.isnan(values)
    if not missing.any():
        return _along(_along(values, rows, -2), cols, -1)
    filled = np.where(missing, values.dtype.type(0), values)
    weights = (~missing).astype(values.dtype)
    total = _along(_along(filled, rows, -2), cols, -1)
    weight = _along(_along(weights, rows, -2), cols, -1)
    nearest = _nearest(rows)[:, None], _nearest(cols)
    weight[missing[..., *nearest]] = np.nan
    return total / weight


def _fractional_cells(size: int, factor: float) -> np.ndarray:
    """Position of fine pixel centres in cells, 0 at the first centre."""
    return (np.arange(size) + 0.5) / factor - 0.5


def _nearest(positions: np.ndarray) -> np.ndarray:
    """Nearest index; half way goes up, as a pixel [i, i + 1) has it."""
    return np.floor(positions + (0.5 + 1e-9)).astype(int)


def _along(values: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    """Interpolate linearly at the positions ``at`` along one axis."""
    size = values.shape[axis]
    low = np.minimum(at.astype(int), max(size - 2, 0))
    share = (at - low).astype(values.dtype)
    if axis == -2:
        share = share[:, None]
    first = np.take(values, low, axis)
    second = np.take(values, np.minimum(low + 1, size - 1), axis)
    return first + share * (second - first)
