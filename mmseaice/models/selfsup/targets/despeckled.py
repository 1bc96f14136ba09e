"""The image with less speckle than the encoder sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ....registry import MODELS
from .pixel import PixelTarget
from .windows import PowerScale, check_fraction, window_mean


@MODELS.register_module()
class DespeckledTarget(PixelTarget):
    """The pixels after a filter, in units of the input.

    With m and v the mean and variance of linear power z over the valid
    pixels of a square window, the target is

        m                                 box filter, ``looks=None``
        m + max(0, 1 - m**2 / (L v)) (z - m)    Lee filter, L looks

    so the Lee filter keeps a pixel where its surroundings vary by more than
    speckle of L looks alone would, and averages elsewhere.

    Source: Lee (1980, IEEE TPAMI 2(2), 165-168), with the weight as Lopes,
    Touzi and Nezry (1990, IEEE TGRS 28(6), 992-1000) write it.

    Args:
        window: Side of the window in pixels, odd.
        looks: L, the equivalent number of looks of the input. Needs
            ``decibels``, as it describes linear power; a channel of 0
            decibels, such as an angle, gets the box filter.
        decibels: Decibels per unit of the input, one number or one per
            channel, to filter linear power. 0 filters the input itself.
        min_valid: A pixel counts if it is valid, and this fraction of its
            window.
    """

    def __init__(
        self,
        window: int = 5,
        looks: float | None = None,
        decibels: float | Sequence[float] = 0.0,
        min_valid: float = 0.5,
    ) -> None:
        super().__init__()
        if window < 3 or window % 2 != 1:
            raise ValueError(
                f'window must be odd and at least 3, but got {window}.'
            )
        if looks is not None and looks <= 0:
            raise ValueError(f'looks must be above 0, but got {looks}.')
        self.scale = PowerScale(decibels)
        if looks is not None and not self.scale.linear:
            raise ValueError(
                'decibels must be above 0 for the Lee filter, but got '
                f'{decibels}. Give the std that the input was divided by, '
                'or leave looks out.'
            )
        self.reach = (window // 2,) * 4
        self.looks = looks
        self.min_valid = check_fraction('min_valid', min_valid)

    @torch.no_grad()
    def forward(
        self, images: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Make the target of a batch, see :class:`PixelTarget`."""
        power = self.scale.to_power(images, valid)
        mean, enough = self._mean(power, valid)
        if self.looks is not None:
            # The difference of squares errs by 1e-7 of them, and speckle of
            # L looks is 1 / L of them.
            square, _ = self._mean(power.square(), valid)
            variance = (square - mean.square()).clamp(min=0)
            tiny = torch.finfo(variance.dtype).tiny
            speckle = mean.square() / self.looks
            weight = (1 - speckle / variance.clamp(min=tiny)).clamp(min=0)
            weight = torch.where(self.scale.rate > 0, weight, 0)
            mean = mean + weight * (power - mean)
        counted = valid & enough
        return torch.where(counted, self.scale.from_power(mean), 0), counted

    def _mean(
        self, values: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return window_mean(values, valid, self.reach, self.min_valid)
