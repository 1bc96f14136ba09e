"""The score of the AutoICE challenge, rebuilt to the digit.

For each task the pixels whose truth is not 255 are pooled over all scenes.
SIC is scored by R2 on class numbers, SOD and FLOE by F1 averaged with the
true pixel counts as weights. Scores are percent with three decimals, and
the combined score is the weighted mean of the rounded ones, rounded again.

Source: Stokholm et al. 2024, The Cryosphere 18, 3471, and the challenge's
starter kit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mmseaice.charts import TASKS, get_task

from .task_sums import TaskSums


class AutoICESums:
    """The sums of several tasks, from which the AutoICE scores follow.

    Two of them, from two halves of the scenes or two ranks, merge into what
    all scenes together would have given.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, TaskSums] = {}

    def update(
        self,
        task: str,
        truth: np.ndarray,
        prediction: np.ndarray,
        scene: str | int = '',
    ) -> None:
        """Add one task of one scene, see :meth:`TaskSums.update`."""
        if task not in self.tasks:
            self.tasks[task] = TaskSums(task)
        self.tasks[task].update(truth, prediction, scene)

    def merge(self, other: AutoICESums) -> AutoICESums:
        """Add the sums of other scenes to these; returns itself."""
        for name, sums in other.tasks.items():
            if name not in self.tasks:
                self.tasks[name] = TaskSums(name)
            self.tasks[name].merge(sums)
        return self

    def scores(self) -> dict[str, float]:
        """Scores in percent: one for each task of the table, and combined.

        A task that was not given, or has no label, is NaN, and combined
        then is NaN too.
        """
        scores = {
            name: self.tasks[name].score() if name in self.tasks else math.nan
            for name in TASKS
        }
        total = sum(task.weight for task in TASKS.values())
        weighted = sum(TASKS[name].weight * scores[name] for name in TASKS)
        scores['combined'] = round(weighted / total, 3)
        return scores


def autoice_scores(
    truth: Mapping[str, Sequence[np.ndarray]],
    prediction: Mapping[str, Sequence[np.ndarray]],
) -> dict[str, float]:
    """Score predicted charts as the AutoICE challenge does.

    Args:
        truth: For each task, one class map (H, W) per scene; 255 where
            there is no label.
        prediction: For each task, one map (H, W) per scene on the same
            pixels. SIC may hold real numbers, which are used as given.

    Returns:
        'SIC' (R2), 'SOD' and 'FLOE' (weighted F1) and 'combined', all in
        percent and rounded as published. A task that is missing on either
        side, or has no label, is NaN, and combined then is NaN too.

    Raises:
        ValueError: If numbers of scenes or shapes differ, or the truth
            holds values outside the class table.
        PredictionError: If a labelled pixel is predicted 255 or NaN, or as
            a class that does not exist.
    """
    for task in (*truth, *prediction):
        get_task(task)
    sums = AutoICESums()
    for task in truth:
        if task not in prediction:
            continue
        if len(truth[task]) != len(prediction[task]):
            raise ValueError(
                f'{task} prediction must hold {len(truth[task])} scenes '
                f'like the truth, but got {len(prediction[task])}.'
            )
        pairs = zip(truth[task], prediction[task], strict=True)
        for scene, (true, predicted) in enumerate(pairs):
            sums.update(task, true, predicted, scene)
    return sums.scores()
