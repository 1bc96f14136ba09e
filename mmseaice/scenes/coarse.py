"""The 2 km fields at the exact positions of the pixels of a window."""

from __future__ import annotations

import numpy as np

from .refine import bilinear


def interpolate_coarse(
    field: np.ndarray,
    y_2km: np.ndarray,
    x_2km: np.ndarray,
    *,
    y: float,
    x: float,
    height: int,
    width: int,
) -> np.ndarray:
    """Interpolate a 2 km field bilinearly at the pixel centres of a window.

    Positions are edge-based pixel coordinates of one full grid: pixel ``i``
    spans ``[i, i + 1)`` and its centre is ``i + 0.5``. The coordinates
    ``y_2km`` and ``x_2km`` of a canonical scene are such positions, at any
    spacing, so that a window of any grid meets the field without a shift.

    Args:
        field: The field, shape (..., h, w), NaN where missing.
        y_2km: Position of the centre of each row of the field, shape (h,).
        x_2km: Position of the centre of each column, shape (w,).
        y: First line of the window.
        x: First sample of the window.
        height: Lines of the window.
        width: Samples of the window.

    Returns:
        Field on the window, shape (..., height, width). Outside the field
        its nearest value is continued.
    """
    rows = _fractional_index(y_2km, y + np.arange(height) + 0.5)
    cols = _fractional_index(x_2km, x + np.arange(width) + 0.5)
    return bilinear(field, rows, cols)


def _fractional_index(centres: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.interp(at, centres, np.arange(len(centres), dtype=float))
