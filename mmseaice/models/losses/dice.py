"""Overlap of predicted and charted classes."""

from __future__ import annotations

import torch

from ...registry import MODELS
from .reduction import sum_over_ranks, valid_mean
from .valid_pixel import ValidLoss, check_classes


@MODELS.register_module()
class ValidDiceLoss(ValidLoss):
    """Dice loss over labelled pixels, for classification heads.

    For each class ``1 - 2 sum(p t) / (sum(p^2) + sum(t))`` with softmax
    probabilities p and labels t of 0 or 1, summed over the labelled pixels
    of the batch of all ranks (Milletari et al. 2016, 3DV,
    arXiv:1606.04797); then the mean over the classes that this batch has.
    A class without a label does not count, so there is nothing to smooth.

    Args:
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_dice'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def average(
        self, pred: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Mean over the classes that the batch of all ranks has."""
        check_classes(pred)
        classes = torch.arange(pred.shape[1], device=pred.device)
        shares = pred.softmax(dim=1)
        labels = target[:, None] == classes[:, None, None]
        sums = [
            (part * weight[:, None]).sum(dim=(0, 2, 3))
            for part in (shares * labels, shares.square(), labels)
        ]
        overlap, predicted, labelled = sum_over_ranks(
            torch.stack([part.to(pred.dtype) for part in sums])
        )
        present = labelled > 0
        extent = torch.where(present, predicted + labelled, 1.0)
        # The same classes on all ranks: their mean is that of each.
        return valid_mean(1 - 2 * overlap / extent, present)
