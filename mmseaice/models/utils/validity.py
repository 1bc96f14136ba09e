"""Where the pixels of a batch are measurements, and where they are not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from mmengine.structures import BaseDataElement


def stack_valid(
    inputs: torch.Tensor,
    data_samples: Sequence[BaseDataElement] | None,
) -> torch.Tensor:
    """Collect the validity masks of a batch.

    Args:
        inputs: Images, (N, C, H, W).
        data_samples: N samples; one without ``valid`` is valid throughout.

    Returns:
        Bool tensor (N, 1, H, W), True where a pixel is a measurement.

    Raises:
        ValueError: If a mask has another size than its image.
    """
    size = inputs.shape[-2:]
    valid = inputs.new_ones((len(inputs), 1, *size), dtype=torch.bool)
    for row, sample in zip(valid, data_samples or (), strict=False):
        if 'valid' not in sample:
            continue
        mask = sample.valid.data
        if mask.shape[-2:] != size:
            raise ValueError(
                f'valid must have the size of the image, {tuple(size)}, '
                f'but got {tuple(mask.shape[-2:])}.'
            )
        row.copy_(mask)
    return valid


def hide_invalid(inputs: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Set invalid pixels to 0, whatever stood there, NaN included.

    They arrive as 0 already; doing it here as well makes the output of a
    model independent of them, and their gradient exactly zero.

    Args:
        inputs: Images, (N, C, H, W).
        valid: Bool (N, 1, H, W), True where a pixel is a measurement.

    Returns:
        Images, (N, C, H, W).
    """
    return inputs.masked_fill(~valid, 0.0)


def find_seen_patches(
    valid: torch.Tensor, patch_size: tuple[int, int]
) -> torch.Tensor:
    """Find the patches that hold any measurement.

    Args:
        valid: Bool (N, 1, H, W), True where a pixel is a measurement.
        patch_size: Height and width of a patch in pixels.

    Returns:
        Bool (N, L), True where at least one pixel is valid, row by row.
    """
    return F.max_pool2d(valid.float(), patch_size).flatten(1) > 0
