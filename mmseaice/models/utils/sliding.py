"""Cover an image with overlapping windows and average what they say."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from .blending import Blend, blend_weights

#: Maps windows (n, C, h, w) to maps (n, K, h, w) by name.
Predictor = Callable[[torch.Tensor], dict[str, torch.Tensor]]


def window_starts(size: int, crop: int, stride: int) -> list[int]:
    """Where windows begin along one axis.

    Every pixel is covered; the last window ends at the border, so it may
    overlap its neighbour by more than the others do.

    Args:
        size: Length of the axis, at least ``crop``.
        crop: Length of a window.
        stride: Distance between the starts of two windows.
    """
    last = size - crop
    return [*range(0, last, stride), last]


def slide_windows(
    predict: Predictor,
    inputs: torch.Tensor,
    crop_size: tuple[int, int],
    stride: tuple[int, int],
    batch_size: int,
    blend: Blend = 'uniform',
) -> dict[str, torch.Tensor]:
    """Predict window by window; where windows overlap, take a mean.

    Images smaller than a window are padded with 0 on the right and at the
    bottom, so all windows have one size.

    Args:
        predict: What to apply to a batch of windows.
        inputs: Images, (N, C, H, W).
        crop_size: Height and width of a window.
        stride: Steps between windows, down and across.
        batch_size: Windows per call of ``predict``.
        blend: How much the pixels of a window count in the mean, see
            :func:`blend_weights`.

    Returns:
        Maps by name, float32 (N, K, H, W).
    """
    shape = inputs.shape[-2:]
    pad = [max(c - s, 0) for c, s in zip(crop_size, shape, strict=True)]
    inputs = F.pad(inputs, (0, pad[1], 0, pad[0]))
    count, _, height, width = inputs.shape
    crop_h, crop_w = crop_size
    windows = [
        (index, y, x)
        for index in range(count)
        for y in window_starts(height, crop_h, stride[0])
        for x in window_starts(width, crop_w, stride[1])
    ]
    weights = blend_weights(crop_size, blend, inputs.device)
    covered = inputs.new_zeros((count, 1, height, width), dtype=torch.float32)
    totals: dict[str, torch.Tensor] = {}
    for first in range(0, len(windows), batch_size):
        places = [
            (i, slice(None), slice(y, y + crop_h), slice(x, x + crop_w))
            for i, y, x in windows[first : first + batch_size]
        ]
        maps = predict(torch.stack([inputs[place] for place in places]))
        for place in places:
            covered[place] += weights
        for name, values in maps.items():
            if name not in totals:
                size = (count, values.shape[1], height, width)
                totals[name] = covered.new_zeros(size)
            for place, value in zip(places, values, strict=True):
                totals[name][place].addcmul_(value.float(), weights)
    return {
        name: (total / covered)[..., : shape[0], : shape[1]]
        for name, total in totals.items()
    }
