"""Overlapping windows put together, a band of lines at a time."""

from __future__ import annotations

from typing import Literal, get_args

import torch

Blend = Literal['uniform', 'linear', 'gaussian']

#: How much the pixels of a window count where windows overlap.
BLENDS: tuple[Blend, ...] = get_args(Blend)

#: Width of the bell over the length of a window.
_SIGMA = 1 / 8


def blend_weights(
    size: tuple[int, int],
    blend: Blend,
    device: torch.device | str | None = None,
) -> torch.Tensor:
    """How much each pixel of a window counts, float32 (h, w), above 0.

    Args:
        size: Height and width of the window.
        blend: 'uniform' counts all alike; 'linear' falls to the borders on
            straight lines; 'gaussian' on a bell an eighth of the window
            wide, as nnU-Net has it (Isensee et al. 2021, Nature Methods
            18, 203).
        device: Where to make them.

    Raises:
        ValueError: If there is no such blend.
    """
    if blend not in BLENDS:
        raise ValueError(
            f'blend must be one of {", ".join(BLENDS)}, but got {blend!r}.'
        )
    sides = []
    for length in size:
        # Distance from the middle, 0 to almost 1.
        off = (torch.arange(length, device=device) + 0.5) * 2 / length - 1
        if blend == 'uniform':
            sides.append(torch.ones_like(off))
        elif blend == 'linear':
            sides.append(1 - off.abs())
        else:
            bell = torch.exp(-0.5 * (off / (2 * _SIGMA)).square())
            # Corners must not vanish beside each other.
            sides.append(bell.clamp_min(1e-3))
    return sides[0][:, None] * sides[1]


class BandAccumulator:
    """Weighted sums of windows over a band of lines that moves down.

    Windows come in order of their first line. Lines that no later window
    reaches are taken, and their room is used again, so memory depends on
    the window and the width alone.

    Args:
        channels: Number of maps.
        height: Lines of a window.
        width: Samples of the image.
        weights: How much each pixel of a window counts, (height, w).
    """

    def __init__(
        self, channels: int, height: int, width: int, weights: torch.Tensor
    ) -> None:
        self.weights = weights
        self.first = 0
        self._sums = weights.new_zeros((channels, height, width))
        self._counts = weights.new_zeros((height, width))

    def add(self, y: int, x: int, values: torch.Tensor) -> None:
        """Add what was predicted on a window.

        Args:
            y: First line of the window, within a window of ``first``.
            x: First sample.
            values: Maps, (channels, h, w), at most of the window's size.
        """
        height, width = values.shape[-2:]
        rows = slice(y - self.first, y - self.first + height)
        cols = slice(x, x + width)
        weights = self.weights[:height, :width]
        self._sums[:, rows, cols].addcmul_(values.float(), weights)
        self._counts[rows, cols] += weights

    def take(self, until: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Means of the lines up to ``until``, and where there are any.

        Args:
            until: First line that a later window may reach.

        Returns:
            Means, float32 (channels, h, W), 0 where no window was; and
            bool (h, W), where one was.
        """
        done = until - self.first
        counts = self._counts[:done]
        seen = counts > 0
        means = self._sums[:, :done] / counts.masked_fill(~seen, 1)
        rest = self._counts.shape[0] - done
        for buffer in (self._sums, self._counts):
            kept = buffer[..., done:, :].clone()
            buffer[..., :rest, :] = kept
            buffer[..., rest:, :] = 0
        self.first = until
        return means, seen
