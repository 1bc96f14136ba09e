"""A loss for classes that are steps on a scale."""

from __future__ import annotations

import torch

from ...registry import MODELS
from .valid_pixel import ValidPixelLoss, check_classes


@MODELS.register_module()
class OrdinalLoss(ValidPixelLoss):
    """Ranked probability score over labelled pixels, for concentration.

    Squared distance of cumulative distributions: with the softmax P(k) of K
    ordered classes and the label y,
    ``sum over k < K - 1 of (P(class <= k) - [y <= k])^2``. Being far off
    costs more than being next to it: certainty k classes off costs k. It is
    a proper score, smallest for the true probabilities (Epstein 1969, J.
    Appl. Meteorol. 8, 985), and known as squared earth mover's distance
    (Hou et al. 2016, arXiv:1611.05916).

    It serves a plain mmseg head with ``num_classes=11`` for SIC, without a
    change to the head. A regression head has no distribution; its loss is
    :class:`MaskedMSELoss`.

    Args:
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_ordinal'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def pixel_loss(
        self, pred: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, None]:
        """Score of each pixel, in classes."""
        check_classes(pred)
        reached = pred.softmax(dim=1).cumsum(dim=1)[:, :-1]
        steps = torch.arange(reached.shape[1], device=pred.device)
        truth = target[:, None] <= steps[:, None, None]
        return (reached - truth.to(reached.dtype)).square().sum(dim=1), None
