"""The running sums of one task: labelled pixels in, one score out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmseaice.charts import IGNORE, Task, get_task
from mmseaice.errors import PredictionError

from .confusion import ConfusionMatrix
from .regression import RegressionSums

#: Pixels looked at in one go, so that memory does not grow with the scene.
BLOCK_PIXELS = 1 << 22


def round_to_classes(prediction: np.ndarray, task: Task) -> np.ndarray:
    """Round numbers to the nearest class and clip them to the table.

    NaN and 255 are left as they are: they say that nothing was predicted,
    and rounding must not turn that into full ice cover.
    """
    prediction = np.asarray(prediction)
    rounded = np.clip(np.rint(prediction), 0, task.num_classes - 1)
    return np.where(prediction == IGNORE, prediction, rounded)


class TaskSums:
    """All that is needed to score one task, in constant memory.

    A regression also keeps the confusion matrix of its rounded predictions,
    for tables per class; it has no part in the score.

    Args:
        task: Name of the task.
    """

    def __init__(self, task: str) -> None:
        self.task = get_task(task)
        self.confusion = ConfusionMatrix(self.task.num_classes)
        self.regression = (
            RegressionSums() if self.task.kind == 'regression' else None
        )

    def update(
        self,
        truth: np.ndarray,
        prediction: np.ndarray,
        scene: str | int = '',
    ) -> None:
        """Add the pixels of one scene.

        Args:
            truth: Class numbers (H, W), 255 where there is no label.
            prediction: Class numbers (H, W), or real numbers on the same
                scale for a regression. Unlabelled pixels may hold anything.
            scene: Name or index of the scene, for messages.

        Raises:
            ValueError: If shapes differ or the truth is not in the table.
            PredictionError: If a labelled pixel is predicted 255, NaN or a
                class that does not exist.
        """
        truth, prediction = np.asarray(truth), np.asarray(prediction)
        if truth.shape != prediction.shape:
            raise ValueError(
                f'{self.task.name} prediction of scene {scene} must have '
                f'the shape of the truth {truth.shape}, '
                f'but got {prediction.shape}.'
            )
        for true, predicted in _labelled_blocks(truth, prediction):
            true = self._checked_truth(true, scene)
            self._check_prediction(predicted, scene)
            if self.regression:
                self.regression.update(true, predicted)
                predicted = round_to_classes(predicted, self.task)
            self.confusion.update(true, predicted.astype(np.intp))

    def merge(self, other: TaskSums) -> TaskSums:
        """Add the sums of other scenes to these; returns itself."""
        self.confusion.merge(other.confusion)
        if self.regression:
            self.regression.merge(other.regression)
        return self

    def score(self) -> float:
        """R2 or weighted F1 in percent, three decimals; NaN if undefined."""
        if self.regression:
            return round(100 * self.regression.r2(), 3)
        return round(100 * self.confusion.weighted_f1(), 3)

    def _checked_truth(
        self, truth: np.ndarray, scene: str | int
    ) -> np.ndarray:
        finite = np.isfinite(truth).all()
        classes = truth.astype(np.intp) if finite else truth
        last = self.task.num_classes - 1
        bad = (classes != truth) | (classes < 0) | (classes > last)
        if bad.any():
            raise ValueError(
                f'{self.task.name} truth of scene {scene} must be classes '
                f'0..{last} or {IGNORE}, but got {truth[bad][0]}.'
            )
        return classes

    def _check_prediction(
        self, prediction: np.ndarray, scene: str | int
    ) -> None:
        """Refuse pixels that cannot be scored, and say how many."""
        if self.regression:
            wanted = 'a number'
            good = np.isfinite(prediction) & (prediction != IGNORE)
        else:
            last = self.task.num_classes - 1
            wanted = f'a class 0..{last}'
            good = (prediction >= 0) & (prediction <= last)
            if prediction.dtype.kind == 'f':
                good &= prediction == np.rint(prediction)
        if good.all():
            return
        first = prediction[~good][0]
        raise PredictionError(
            f'{self.task.name} prediction of scene {scene}',
            f'{wanted} on every labelled pixel',
            f'{first} (and {np.count_nonzero(~good) - 1} more like it)',
            f'{IGNORE} and NaN are allowed only where the truth is {IGNORE}.',
        )


def _labelled_blocks(
    truth: np.ndarray, prediction: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield labelled pixels of a few lines at a time, each (n,), n > 0."""
    if truth.size == 0:
        return
    lines = max(1, BLOCK_PIXELS * len(truth) // truth.size)
    for start in range(0, len(truth), lines):
        block = slice(start, start + lines)
        labelled = truth[block] != IGNORE
        if labelled.any():
            yield truth[block][labelled], prediction[block][labelled]
