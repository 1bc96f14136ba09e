"""Hide one polarisation of an image everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ....registry import MODELS
from .random import RandomMasking


@MODELS.register_module()
class PolarisationMasking(RandomMasking):
    """A share of the images loses one channel, besides its hidden patches.

    A lost channel is filled with one number before the patches are cut, and
    reconstructed everywhere, from what the other channels show.

    Args:
        share: Share of the images of a batch that lose a channel, exact up
            to whole images, which are rounded at random.
        channels: Numbers of the channels that can be lost; None for all.
        fill: What stands in a lost channel, 0 for its mean.
        learned: Learn the fill of each channel, starting from ``fill``.
            The checkpoint then has a weight that no other encoder needs.
        patches: Config of the masking of patches, at random by default.
        **kwargs: Those of :class:`RandomMasking`.
    """

    def __init__(
        self,
        *,
        share: float = 0.5,
        channels: Sequence[int] | None = None,
        fill: float = 0.0,
        learned: bool = False,
        patches: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        count = self.in_channels
        channels = range(count) if channels is None else channels
        if not 0 <= share <= 1:
            raise ValueError(f'share must be from 0 to 1, but got {share}.')
        if count < 2 or not channels or not set(channels) <= {*range(count)}:
            raise ValueError(
                'channels must be some of at least 2 channels of the image, '
                f'but got {list(channels)} of {count}.'
            )
        self.share = share
        self.patches = MODELS.build(
            {'type': 'mmseaice.RandomMasking', **kwargs, **(patches or {})}
        )
        value = torch.full((count, 1, 1), float(fill))
        if learned:
            self.fill = nn.Parameter(value)
        else:
            self.register_buffer('fill', value, persistent=False)
        choice = torch.tensor(list(channels))
        self.register_buffer('choice', choice, persistent=False)

    def hide_channels(
        self, images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill lost channels, see :class:`RandomMasking`."""
        num, device = len(images), images.device
        whole, part = divmod(self.share * num, 1)
        draws = torch.rand(num + 1, device=device)
        rank = draws[1:].argsort().argsort()
        losing = rank < whole + (draws[0] < part)
        drawn = torch.randint(len(self.choice), (num, 1), device=device)
        channel = torch.arange(self.in_channels, device=device)
        lost = losing[:, None] & (channel == self.choice[drawn])
        fill = self.fill.to(images.dtype)
        return torch.where(lost[..., None, None], fill, images), lost

    def forward(
        self,
        num: int,
        device: torch.device,
        seen: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Rank the patches as ``patches`` does."""
        return self.patches(num, device, seen)
