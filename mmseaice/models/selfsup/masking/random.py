"""Hide patches at random, and what every masking must offer."""

from __future__ import annotations

import torch
from torch import nn

from ....registry import MODELS


@MODELS.register_module()
class RandomMasking(nn.Module):
    """Any patch, equally likely; other maskings derive from this one.

    A masking ranks the L patches of each image; the encoder sees the first
    of them, always equally many, so that images stack. Nothing here waits
    for the device.

    Args:
        grid: Rows and columns of patches; the backbone fills it in.
        in_channels: C, channels of the image; the backbone fills it in.
        avoid_invalid: Hide patches without a valid pixel before all others.
            One is shown only if there are fewer others than the encoder
            sees; such an image has nothing left to reconstruct.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        in_channels: int,
        avoid_invalid: bool = False,
    ) -> None:
        super().__init__()
        self.grid = tuple(grid)
        self.in_channels = in_channels
        self.avoid_invalid = avoid_invalid

    @property
    def num_patches(self) -> int:
        """L."""
        return self.grid[0] * self.grid[1]

    def scores(self, num: int, device: torch.device) -> torch.Tensor:
        """Draw (N, L) finite numbers; patches of high score are hidden."""
        return torch.rand(num, self.num_patches, device=device)

    def hide_channels(
        self, images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Hide whole channels of the images, before they become patches.

        Args:
            images: (N, C, H, W).

        Returns:
            The images, and a bool mask, (N, C), True where a channel is
            hidden; None if none ever is.
        """
        return images, None

    def forward(
        self,
        num: int,
        device: torch.device,
        seen: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Rank the patches of ``num`` images.

        Args:
            num: N.
            device: Where to draw.
            seen: Bool (N, L), True where a patch has a valid pixel. None
                for everywhere.

        Returns:
            Numbers of the patches, int64 (N, L), those to show first.
        """
        scores = self.scores(num, device)
        if self.avoid_invalid and seen is not None:
            scores = scores.masked_fill(~seen, float('inf'))
        return scores.argsort(dim=1)
