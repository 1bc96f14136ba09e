"""From the grid a model works on to the finer one it is scored on.

Cell ``i`` of the coarse grid covers the fine pixels ``[i f, (i + 1) f)``;
fine pixels beyond the last whole cell belong to the last cell. These are
the cells of :mod:`mmseaice.scenes.refine`, for tensors on any device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


class FinePixels:
    """Where the pixels of a fine grid lie between cells, along one axis.

    Args:
        size: Number of pixels.
        factor: Pixels per cell, >= 1.
        cells: Number of cells.

    Attributes:
        low: Cell whose centre a pixel's own is not before, int64 (size,).
        high: The one after it; the same beyond the last centre.
        share: Way from the one centre to the other, 0 to 1, float64.
        cell: Cell that a pixel's centre lies in; on the border of two it is
            the later one.
    """

    def __init__(self, size: int, factor: float, cells: int) -> None:
        centres = torch.arange(size, dtype=torch.float64) + 0.5
        at = (centres / factor - 0.5).clamp(0, cells - 1)
        self.low = at.long().clamp(max=max(cells - 2, 0))
        self.high = (self.low + 1).clamp(max=cells - 1)
        self.share = at - self.low
        # The margin keeps a border there when the division rounds down.
        self.cell = (centres / factor + 1e-9).long().clamp(max=cells - 1)

    def part(self, start: int, stop: int, first: int) -> FinePixels:
        """Some of the pixels; cells count from ``first``."""
        part = object.__new__(FinePixels)
        for name in ('low', 'high', 'cell'):
            setattr(part, name, getattr(self, name)[start:stop] - first)
        part.share = self.share[start:stop]
        return part

    def between(
        self, maps: torch.Tensor, axis: int, nearest: Sequence[int] = ()
    ) -> torch.Tensor:
        """Interpolate between the centres of cells.

        Args:
            maps: Floating-point fields, (C, h, w).
            axis: 1 or 2, the one whose cells become pixels.
            nearest: Fields of which a pixel takes its own cell.
        """
        low, high, share, cell = (
            values.to(maps.device)
            for values in (self.low, self.high, self.share, self.cell)
        )
        fine = maps.index_select(axis, low)
        if share.any():
            share = share[:, None] if axis == 1 else share
            fine.lerp_(maps.index_select(axis, high), share.to(maps.dtype))
        if nearest:
            chosen = list(nearest)
            fine[chosen] = maps[chosen].index_select(axis, cell)
        return fine


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
    # Samples first, while there are few lines.
    for axis in (2, 1):
        pixels = FinePixels(shape[axis - 1], factor, values.shape[axis])
        values = pixels.between(values, axis)
    return values


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
        FinePixels(size, factor, cells).cell.to(values.device)
        for size, cells in zip(shape, values.shape[-2:], strict=True)
    )
    return values[:, rows[:, None], cols]
