"""Hide blocks of patches."""

from __future__ import annotations

import math
from typing import Any

import torch

from ....registry import MODELS
from .random import RandomMasking

#: Blocks drawn for each image; more than are ever used.
_BLOCKS = 64


@MODELS.register_module()
class BlockMasking(RandomMasking):
    """Rectangles of patches, until enough are hidden.

    Blocks are drawn one after another, anywhere in the grid, and may
    overlap. The one that would hide too many is hidden from its top row on,
    as far as the share goes. After the last block, single patches follow.

    Source: BEiT (Bao et al. 2022, arXiv 2106.08254, algorithm 1), which
    draws on the CPU and meets its share only roughly.

    Args:
        area: Least and greatest share of the grid in one block.
        aspect: Least ratio of height to width; the greatest is its inverse.
        **kwargs: Those of :class:`RandomMasking`.
    """

    def __init__(
        self,
        *,
        area: tuple[float, float] = (0.08, 0.3),
        aspect: float = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < area[0] <= area[1] <= 1:
            raise ValueError(
                'area must be two rising shares above 0 and at most 1, but '
                f'got {area}.'
            )
        if not 0 < aspect <= 1:
            raise ValueError(
                f'aspect must be above 0 and at most 1, but got {aspect}.'
            )
        self.area = tuple(area)
        self.aspect = aspect

    def blocks(self, num: int, device: torch.device) -> torch.Tensor:
        """Draw blocks, bool (N, blocks, L), True inside."""
        draws = torch.rand(4, num, _BLOCKS, 1, device=device)
        low, high = self.area
        area = self.num_patches * (low + (high - low) * draws[0])
        stretch = (math.log(self.aspect) * (draws[1] - 0.5)).exp()
        sides = area.sqrt() * stretch, area.sqrt() / stretch
        inside = []
        for size, side, draw in zip(self.grid, sides, draws[2:], strict=True):
            side = side.round().clamp(1, size)
            start = (draw * (size - side + 1)).floor().minimum(size - side)
            line = torch.arange(size, device=device)
            inside.append((line >= start) & (line < start + side))
        rows, columns = inside
        return (rows[..., None] & columns[..., None, :]).flatten(2)

    def scores(self, num: int, device: torch.device) -> torch.Tensor:
        """Draw (N, L): earlier blocks higher, within one from the top."""
        rank = torch.arange(_BLOCKS, 0, -1, device=device)
        block = (self.blocks(num, device) * rank[:, None]).amax(dim=1)
        order = torch.linspace(0.9, 0, self.num_patches, device=device)
        single = super().scores(num, device)
        return torch.where(block > 0, block + order, single)
