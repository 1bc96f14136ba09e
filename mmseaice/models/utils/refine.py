"""From the grid a model works on to the finer one it is scored on.

Cell ``i`` of the coarse grid covers the fine pixels ``[i f, (i + 1) f)``;
fine pixels beyond the last whole cell belong to the last cell. These are
the cells of :mod:`mmseaice.scenes.refine`, for tensors on any device.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses


def refine_bilinear(
    values: torch.Tensor, factor: float, shape: tuple[int, int]
) -> torch.Tensor:
    """Interpolate between cell centres, clamped at the edges.

    Args:
        values: Floating-point field on the coarse grid, (C, h, w).
        factor: Fine pixels per coarse cell and axis, >= 1.
        shape: Size (H, W) of the fine grid.

    Returns:
        Field on the fine grid, (C, H, W).
    """
    # Torch clamps at the borders of its output, which ends with the last
    # whole cell: repeated edges move that border out of sight.
    bottom, right = (
        max(math.ceil(size / factor) - cells, 0) + 1
        for size, cells in zip(shape, values.shape[-2:], strict=True)
    )
    padded = F.pad(values[None], (0, right, 0, bottom), mode='replicate')
    fine = F.interpolate(
        padded,
        scale_factor=(factor, factor),
        mode='bilinear',
        align_corners=False,
        # The exact factor, not the ratio of two rounded sizes.
        recompute_scale_factor=False,
    )
    return fine[0, :, : shape[0], : shape[1]]


def refine_nearest(
    values: torch.Tensor, factor: float, shape: tuple[int, int]
) -> torch.Tensor:
    """Give every fine pixel the value of the cell its centre lies in.

    Args:
        values: Field of any type on the coarse grid, (C, h, w).
        factor: Fine pixels per coarse cell and axis, >= 1.
        shape: Size (H, W) of the fine grid.

    Returns:
        Field on the fine grid, (C, H, W).
    """
    rows, cols = (
        _cells(size, factor, cells).to(values.device)
        for size, cells in zip(shape, values.shape[-2:], strict=True)
    )
    return values[:, rows[:, None], cols]


def _cells(size: int, factor: float, cells: int) -> torch.Tensor:
    """Cell of each of ``size`` fine pixels along one axis, int64."""
    centres = torch.arange(size, dtype=torch.float64) + 0.5
    # A centre on the border of two cells belongs to the later one; the
    # margin keeps it there when the division rounds down.
    return (centres / factor + 1e-9).long().clamp(max=cells - 1)
