"""From lines of the grid a model works on to lines of the finer one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from ..models.utils import FinePixels

#: Maps (K, h, w) of some lines, and where they are known, bool (h, w).
MapLines = Iterator[tuple[torch.Tensor, torch.Tensor]]


class LineRefiner:
    """Interpolates maps that come line by line.

    Cell ``i`` of the coarse grid covers the fine pixels ``[i f, (i + 1) f)``;
    values are those of :func:`~mmseaice.models.utils.refine_bilinear` on the
    whole map, clamped at the edges. Where no window was, nothing is known;
    it does not spread into what is.

    Args:
        factor: Fine pixels per coarse cell and axis, >= 1.
        cells: Lines and samples of the coarse grid.
        shape: Lines and samples of the fine grid.
        nearest: Maps that take the value of the cell that a pixel's centre
            lies in.
        first: Fine line to begin with.
        at_once: Fine lines that are made together.
    """

    def __init__(
        self,
        factor: float,
        cells: tuple[int, int],
        shape: tuple[int, int],
        nearest: Sequence[int] = (),
        first: int = 0,
        at_once: int = 128,
    ) -> None:
        self._rows, self._cols = (
            FinePixels(size, factor, count)
            for size, count in zip(shape, cells, strict=True)
        )
        self._cells = cells
        self._size = shape[0]
        self._nearest = list(nearest)
        self._next = first
        self._at_once = at_once

    @property
    def first_cell(self) -> int:
        """Coarse line that is needed first."""
        return int(self._rows.low[self._next])

    def run(self, lines: MapLines, first: int = 0) -> MapLines:
        """Interpolate.

        Args:
            lines: Maps and where they are known, in order.
            first: Coarse line that they begin with.

        Yields:
            The same on the fine grid, some lines at a time, without a gap.
        """
        held = None
        for maps, seen in lines:
            wide = torch.cat([maps * seen, seen[None]])
            wide = self._cols.between(wide, 2, self._nearest)
            held = wide if held is None else torch.cat([held, wide], dim=1)
            ready = first + held.shape[1]
            while (until := self._until(ready)) > self._next:
                until = min(until, self._next + self._at_once)
                yield self._fine(held, first, until)
                self._next = until
            if self._next < self._size:
                kept = min(self.first_cell, ready)
                held, first = held[:, max(kept - first, 0) :], max(kept, first)

    def _until(self, ready: int) -> int:
        """Fine lines that ``ready`` coarse ones suffice for."""
        if ready >= self._cells[0]:
            return self._size
        return int(torch.searchsorted(self._rows.high, ready))

    def _fine(
        self, held: torch.Tensor, first: int, until: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = self._rows.part(self._next, until, first)
        fine = rows.between(held, 1, self._nearest)
        known = fine[-1]
        seen = known > 0
        if not bool((known == 1).all()):
            share = known.masked_fill(~seen, 1).expand_as(fine[:-1]).clone()
            share[self._nearest] = 1
            fine[:-1] /= share
        return fine[:-1], seen
