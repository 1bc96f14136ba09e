"""Scores of a classification from its confusion matrix."""

from __future__ import annotations

import math

import numpy as np


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``, 0 where ``whole`` is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


class ConfusionMatrix:
    """Counts of pixels by true and predicted class.

    Scores per class are arrays of shape (num_classes,), NaN for a class that
    occurs neither in the truth nor in the prediction. Otherwise a share of
    nothing is 0, as in scikit-learn.

    Args:
        num_classes: Number of classes, the ignored one not among them.
    """

    def __init__(self, num_classes: int) -> None:
        #: int64 (num_classes, num_classes): rows truth, columns prediction.
        self.counts = np.zeros((num_classes, num_classes), np.int64)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)

    def update(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add pixels.

        Args:
            truth: Class numbers, integers of any shape.
            prediction: Class numbers, integers of the same shape.

        Raises:
            ValueError: If shapes differ or a number is not a class.
        """
        if truth.shape != prediction.shape:
            raise ValueError(
                f'prediction must have the shape of the truth '
                f'{truth.shape}, but got {prediction.shape}.'
            )
        if truth.size == 0:
            return
        k = self.num_classes
        for name, values in (('truth', truth), ('prediction', prediction)):
            low, high = values.min(), values.max()
            if low < 0 or high >= k:
                raise ValueError(
                    f'{name} must be classes 0..{k - 1}, '
                    f'but got values {low}..{high}.'
                )
        cell = truth.astype(np.intp).ravel() * k
        cell += prediction.astype(np.intp).ravel()
        self.counts += np.bincount(cell, minlength=k * k).reshape(k, k)

    def merge(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """Add the counts of other pixels to these; returns itself."""
        self.counts += other.counts
        return self

    @property
    def total(self) -> int:
        """Number of pixels."""
        return int(self.counts.sum())

    @property
    def support(self) -> np.ndarray:
        """True pixels per class."""
        return self.counts.sum(axis=1)

    @property
    def predicted(self) -> np.ndarray:
        """Predicted pixels per class."""
        return self.counts.sum(axis=0)

    @property
    def present(self) -> np.ndarray:
        """Classes that occur in truth or prediction, bool."""
        return self.support + self.predicted > 0

    def _per_class(self, whole: np.ndarray, factor: int = 1) -> np.ndarray:
        score = _share(factor * np.diag(self.counts), whole)
        return np.where(self.present, score, np.nan)

    def precision(self) -> np.ndarray:
        """Share of the predicted pixels of a class that are right."""
        return self._per_class(self.predicted)

    def recall(self) -> np.ndarray:
        """Share of the true pixels of a class that are found."""
        return self._per_class(self.support)

    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall of each class."""
        return self._per_class(self.support + self.predicted, factor=2)

    def iou(self) -> np.ndarray:
        """Intersection over union of each class."""
        union = self.support + self.predicted - np.diag(self.counts)
        return self._per_class(union)

    def accuracy(self) -> float:
        """Share of all pixels that are right, NaN without pixels."""
        return self._mean(self.recall(), self.support)

    def weighted_f1(self) -> float:
        """Mean F1 weighted by true pixels, NaN without pixels."""
        return self._mean(self.f1(), self.support)

    def macro_f1(self) -> float:
        """Plain mean of F1 over the classes present."""
        return self._mean(self.f1(), self.present)

    def mean_iou(self) -> float:
        """Plain mean of IoU over the classes present."""
        return self._mean(self.iou(), self.present)

    @staticmethod
    def _mean(scores: np.ndarray, weights: np.ndarray) -> float:
        if not weights.any():
            return math.nan
        return float(np.average(np.nan_to_num(scores), weights=weights))
