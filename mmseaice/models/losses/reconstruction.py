"""Distance between an image and its reconstruction."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from torch import nn

from ...registry import MODELS
from .reduction import valid_mean

_CRITERIA = {'L1': F.l1_loss, 'L2': F.mse_loss}


@MODELS.register_module()
class MaskedPixelLoss(nn.Module):
    """Mean distance over chosen pixels, pixel by pixel.

    Upstream's ``PixelReconstructionLoss`` chooses whole patches; this one
    can leave single pixels out, and equals it if it does not.

    Args:
        criterion: 'L2' for the squared, 'L1' for the absolute error.
    """

    def __init__(self, criterion: str = 'L2') -> None:
        super().__init__()
        if criterion not in _CRITERIA:
            raise ValueError(
                f"criterion must be 'L1' or 'L2', but got {criterion!r}."
            )
        self.criterion = criterion

    def forward(
        self,
        pred: torch.Tensor,
        target: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            pred: Reconstructed patches, (N, L, D).
            target: True patches, (N, L, D).
            mask: Bool (N, L, D), True where an element counts.

        Returns:
            Scalar, 0 with a graph if nothing counts.
        """
        distance = _CRITERIA[self.criterion](
            pred.float(), target, reduction='none'
        )
        return valid_mean(distance, mask)
