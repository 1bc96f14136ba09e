"""The image itself as target, and what every target must offer."""

from __future__ import annotations

import torch
from torch import nn

from ....registry import MODELS


@MODELS.register_module()
class PixelTarget(nn.Module):
    """The pixels as they came in; other targets derive from this one.

    The head still normalises each patch if its ``norm_pix`` says so.

    Attributes:
        maps: K, how many maps are made of each channel of the image.
        is_image: Whether the maps are images in the units of the input,
            which can be looked at beside it.
    """

    maps: int = 1
    is_image: bool = True

    def forward(
        self, images: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Make the target of a batch.

        Args:
            images: (N, C, H, W), 0 where invalid.
            valid: Bool (N, 1, H, W), True where a pixel is a measurement.

        Returns:
            The maps, (N, C * K, H, W), those of one channel next to each
            other; and a bool mask, of the same shape or (N, 1, H, W), True
            where they count.
        """
        return images, valid
