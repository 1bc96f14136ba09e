"""Tasks should agree on where the water is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch

from ...charts import IGNORE
from ...registry import MODELS
from ...structures import SeaIceDataSample
from ..utils import stack_valid
from .cross_task import CrossTaskLoss, read_water
from .reduction import valid_mean


@MODELS.register_module()
class WaterConsistencyLoss(CrossTaskLoss):
    """Mean squared difference of what tasks say about open water.

    Class 0 is open water in all three charts, and the published ones have
    it in all three or in none. For each pixel this is the mean over the
    pairs of tasks of the squared difference of their probabilities of
    water: the same for every order of tasks, 0 where they agree, at most 1.
    Softmax gives the probability of a classifier; that of a SIC regression
    falls from 1 to 0 between 0 and ``ice_from``. Outside, only the other
    tasks have a slope.

    Args:
        tasks: Tasks to compare. Those without a head are passed over.
        unlabelled: Whether pixels without a label count as well, as long as
            they are valid SAR; by default a pixel needs all labels.
        ice_from: Class number from which a SIC regression is ice for sure.
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        tasks: Sequence[str] = ('SIC', 'SOD', 'FLOE'),
        unlabelled: bool = False,
        ice_from: float = 1.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_water_consistency',
    ) -> None:
        super().__init__(tasks, loss_weight, loss_name)
        if ice_from <= 0:
            raise ValueError(f'ice_from must be above 0, but got {ice_from}.')
        self.unlabelled = unlabelled
        self.ice_from = ice_from

    def forward(
        self,
        logits: Mapping[str, torch.Tensor],
        data_samples: Sequence[SeaIceDataSample],
    ) -> torch.Tensor:
        """Compute the loss, see :meth:`CrossTaskLoss.forward`.

        Raises:
            ValueError: If fewer than two of the tasks have a head.
        """
        tasks = [task for task in self.tasks if task in logits]
        if len(tasks) < 2:
            raise ValueError(
                f'WaterConsistencyLoss must compare two or more of '
                f'{", ".join(self.tasks)}, but got heads for '
                f'{", ".join(logits)}. Leave it out of task_losses.'
            )
        valid = stack_valid(logits[tasks[0]], data_samples)
        if not self.unlabelled:
            for task in tasks:
                labels = [sample.get_gt(task) for sample in data_samples]
                valid = valid & (torch.stack(labels) != IGNORE)
        water = [
            read_water(
                logits[task].float().masked_fill(~valid, 0.0), self.ice_from
            )
            for task in tasks
        ]
        pairs = [(a - b).square() for a, b in combinations(water, 2)]
        values = torch.stack(pairs).mean(dim=0)
        return self.loss_weight * valid_mean(values, valid[:, 0])
