"""What losses across tasks share, and how they read a head's output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from ...charts import get_task
from ...structures import SeaIceDataSample


class CrossTaskLoss(nn.Module, ABC):
    """A loss that sees the output of all heads at once.

    :class:`MultiTaskSegmentor` takes such losses as ``task_losses``. As in
    the losses of single heads, pixels that do not count change nothing and
    have a gradient of exactly zero, and the mean is that over all ranks.

    Args:
        tasks: Names of the tasks to look at.
        loss_weight: Factor of the result.
        loss_name: Key in the log, which must contain 'loss'.
    """

    def __init__(
        self, tasks: Sequence[str], loss_weight: float, loss_name: str
    ) -> None:
        super().__init__()
        for task in tasks:
            get_task(task)
        # In one order, so that no sum depends on that of a config.
        self.tasks = sorted(set(tasks))
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    @abstractmethod
    def forward(
        self,
        logits: Mapping[str, torch.Tensor],
        data_samples: Sequence[SeaIceDataSample],
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            logits: Output of the heads by task, (N, K, H, W) on the grid of
                the labels; K = 1 is a regression.
            data_samples: N samples.

        Returns:
            Scalar, 0 with a graph if nothing counts.
        """


def read_concentration(logits: torch.Tensor) -> torch.Tensor:
    """Expected concentration, 0 to 1, (N, H, W).

    A regression is not clipped, so that it always has a slope.

    Args:
        logits: Output of a SIC head: (N, 1, H, W) in class numbers of a
            regression, (N, 11, H, W) of a classifier.
    """
    full = get_task('SIC').num_classes - 1
    if logits.shape[1] == 1:
        return logits[:, 0] / full
    tenths = torch.arange(full + 1, dtype=logits.dtype, device=logits.device)
    return (logits.softmax(dim=1) * tenths[:, None, None]).sum(dim=1) / full


def read_water(logits: torch.Tensor, ice_from: float = 1.0) -> torch.Tensor:
    """Probability of open water, (N, H, W).

    That of class 0; for a regression it falls on a straight line from 1 at
    class number 0 to 0 at ``ice_from``, and is flat outside.

    Args:
        logits: Output of a head, (N, K, H, W), K = 1 of a regression.
        ice_from: Class number from which a regression says ice for sure.
    """
    if logits.shape[1] == 1:
        return (1 - logits[:, 0] / ice_from).clamp(0, 1)
    return logits.softmax(dim=1)[:, 0]
