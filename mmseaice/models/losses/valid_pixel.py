"""Losses of decode heads that count labelled pixels and no others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from torch import nn

from ...charts import IGNORE
from ...registry import MODELS
from .reduction import valid_mean


def check_classes(pred: torch.Tensor) -> None:
    """Refuse the output of a regression head, (N, 1, H, W).

    Raises:
        ValueError: If there is no channel for each class.
    """
    if pred.shape[1] < 2:
        raise ValueError(
            f'pred must have a channel for each class, but got '
            f'{pred.shape[1]}. Use MaskedMSELoss for a regression head.'
        )


class ValidLoss(nn.Module, ABC):
    """What the losses of decode heads share: which pixels count.

    Pixels that carry no label do not enter: not their label, not the output
    there (NaN included), and their gradient is exactly zero.

    Args:
        loss_weight: Factor of the result.
        loss_name: Key in the log; must contain 'loss' to be trained on.
    """

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    @abstractmethod
    def average(
        self, pred: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Loss of the batch of all ranks, a scalar.

        The first two arguments hold zeros in pixels that do not count, and
        so does ``weight``, (N, H, W), bool or the weight of each pixel.
        """

    def forward(
        self,
        pred: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None = None,
        ignore_index: int = IGNORE,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            pred: Output of the head, (N, K, H, W).
            target: Labels, (N, H, W), of any type.
            weight: Weight of each pixel, (N, H, W), or None for ones.
            ignore_index: Label of pixels that do not count.

        Returns:
            Scalar, 0 with a graph if no pixel counts.
        """
        valid = target != ignore_index
        pred = pred.float().masked_fill(~valid[:, None], 0.0)
        target = target.masked_fill(~valid, 0)
        counted = valid if weight is None else valid * weight
        return self.loss_weight * self.average(pred, target, counted)


class ValidPixelLoss(ValidLoss):
    """A mean over labelled pixels.

    The sum is divided by the weight of the labelled pixels of all ranks, and
    is zero with a graph if there are none.

    Args:
        loss_weight: Factor of the result.
        loss_name: Key in the log; must contain 'loss' to be trained on.
    """

    @abstractmethod
    def pixel_loss(
        self, pred: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Loss of each pixel, (N, H, W), and its weight or None.

        Both arguments hold zeros in pixels that do not count.
        """

    def average(
        self, pred: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean over pixels, a scalar."""
        values, factor = self.pixel_loss(pred, target)
        if factor is not None:
            weight = weight * factor
        return valid_mean(values, weight)


@MODELS.register_module()
class MaskedMSELoss(ValidPixelLoss):
    """Mean squared error over labelled pixels, for regression heads.

    Args:
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_mse'
    ) -> None:
        super().__init__(loss_weight, loss_name)

    def pixel_loss(
        self, pred: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, None]:
        """Squared error of each pixel; ``pred`` is (N, 1, H, W)."""
        if pred.shape[1] != 1:
            raise ValueError(
                f'pred must have 1 channel for a regression, but got '
                f'{pred.shape[1]}. Use the regression twin of the head.'
            )
        return (pred[:, 0] - target).square(), None


@MODELS.register_module()
class ValidCrossEntropyLoss(ValidPixelLoss):
    """Cross entropy over labelled pixels, for classification heads.

    With ``class_weight`` it is the weighted mean of
    :class:`torch.nn.CrossEntropyLoss`.

    Args:
        class_weight: Weight of each class, or None for ones.
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_ce',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        weight = None
        if class_weight is not None:
            weight = torch.tensor(class_weight, dtype=torch.float32)
        self.register_buffer('class_weight', weight, persistent=False)

    def pixel_loss(
        self, pred: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Negative log likelihood of each pixel and weight of its class."""
        target = target.long()
        values = F.cross_entropy(pred, target, reduction='none')
        if self.class_weight is None:
            return values, None
        return values, self.class_weight[target]
