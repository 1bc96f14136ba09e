"""Cross entropy that turns to the pixels which are still wrong."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...registry import MODELS
from .valid_pixel import ValidCrossEntropyLoss, check_classes


@MODELS.register_module()
class ValidFocalLoss(ValidCrossEntropyLoss):
    """Focal loss over labelled pixels, for classification heads.

    ``(1 - p)^gamma * -log p`` with p the softmax probability of the true
    class (Lin et al. 2017, ICCV, arXiv:1708.02002). It is averaged as the
    cross entropy is, and equals it for ``gamma=0``.

    Args:
        gamma: How fast pixels lose weight as they get right, >= 0.
        class_weight: Weight of each class, or None for ones.
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_focal',
    ) -> None:
        super().__init__(class_weight, loss_weight, loss_name)
        if gamma < 0:
            raise ValueError(f'gamma must be at least 0, but got {gamma}.')
        self.gamma = gamma

    def pixel_loss(
        self, pred: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Focal loss of each pixel and weight of its class."""
        check_classes(pred)
        values, weights = super().pixel_loss(pred, target)
        # 1 - p without cancellation; kept from 0, where the slope of a
        # power below 1 is infinite.
        wrong = -torch.expm1(-values)
        wrong = wrong.clamp_min(torch.finfo(values.dtype).tiny)
        return wrong**self.gamma * values, weights
