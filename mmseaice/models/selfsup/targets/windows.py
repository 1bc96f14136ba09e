"""Averages over windows that leave invalid pixels out.

Legend: N images, C channels. ``reach`` is (top, bottom, left, right), how
many pixels a window extends from its own pixel, which belongs to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from torch import nn

Reach = tuple[int, int, int, int]


def check_fraction(name: str, value: float) -> float:
    """Refuse what is no fraction above 0."""
    if not 0 < value <= 1:
        raise ValueError(
            f'{name} must be above 0 and at most 1, but got {value}.'
        )
    return value


def box_sum(values: torch.Tensor, reach: Reach) -> torch.Tensor:
    """Sum of (N, C, H, W) over the window of each pixel, same shape.

    Nothing lies beyond the edge.
    """
    top, bottom, left, right = reach
    values = F.pad(values, (left, right, top, bottom))
    return _line_sum(_line_sum(values, top + bottom + 1, 2), left + right + 1)


def _line_sum(values: torch.Tensor, length: int, dim: int = 3) -> torch.Tensor:
    """Sum each value and the ``length - 1`` next ones along ``dim``.

    By doubling: sums of 1, 2, 4, ... values are put together, which takes
    few additions and, unlike differences of running sums, loses no digits.
    """
    kept = values.shape[dim] - length + 1
    total = done = 0
    for bit in range(length.bit_length()):
        if bit:
            half = 1 << (bit - 1)
            rest = values.shape[dim] - half
            values = values.narrow(dim, 0, rest) + values.narrow(
                dim, half, rest
            )
        if length >> bit & 1:
            total = total + values.narrow(dim, done, kept)
            done += 1 << bit
    return total


def window_mean(
    values: torch.Tensor, valid: torch.Tensor, reach: Reach, min_valid: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean over the valid pixels of each pixel's window.

    Args:
        values: (N, C, H, W), 0 where invalid.
        valid: Bool (N, 1, H, W), True where a pixel is a measurement.
        reach: Extent of the window.
        min_valid: Fraction of the window that must be valid; what lies
            beyond the edge of the image is not.

    Returns:
        The means, (N, C, H, W), 0 without a valid pixel; and a bool mask,
        (N, 1, H, W), True where enough of the window is valid.
    """
    top, bottom, left, right = reach
    area = (top + bottom + 1) * (left + right + 1)
    count = box_sum(valid.to(values.dtype), reach)
    mean = box_sum(values, reach) / count.clamp(min=1)
    return mean, count >= min_valid * area


class PowerScale(nn.Module):
    """From images in standardised decibels to linear power and back.

    Constant factors are left out, so the mean that was subtracted need not
    be known: whoever averages or filters power gets the same image.

    Args:
        decibels: How many decibels one unit of the input is, one number or
            one per channel: the ``std`` of ``NormaliseScene`` if it got
            decibels. 0 leaves a channel as it is; an average of decibels is
            the geometric mean of power.

    Attributes:
        linear: Whether any channel becomes linear power.
    """

    def __init__(self, decibels: float | Sequence[float] = 0.0) -> None:
        super().__init__()
        several = isinstance(decibels, Sequence)
        values = list(decibels) if several else [decibels]
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise ValueError(
                f'decibels must not be negative, but got {decibels}.'
            )
        self.linear = any(value > 0 for value in values)
        rate = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
        rate *= math.log(10) / 10
        self.register_buffer('rate', rate, persistent=False)

    def to_power(
        self, images: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Power of (N, C, H, W), 0 where ``valid``, (N, 1, H, W), is not."""
        if len(self.rate) not in (1, images.shape[1]):
            raise ValueError(
                'decibels must be one number or one for each of '
                f'{images.shape[1]} channels, but got {len(self.rate)}.'
            )
        images = images.float()
        power = torch.where(self.rate > 0, (self.rate * images).exp(), images)
        return torch.where(valid, power, 0)

    def from_power(self, power: torch.Tensor) -> torch.Tensor:
        """The inverse, finite even where there is no power."""
        tiny = torch.finfo(power.dtype).tiny
        level = power.clamp(min=tiny).log() / self.rate.clamp(min=tiny)
        return torch.where(self.rate > 0, level, power)
