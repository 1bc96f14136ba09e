"""The coefficient of determination from five running numbers."""

from __future__ import annotations

import math

import numpy as np


class RegressionSums:
    """Sums over pixels that give R2, and that add up across scenes.

    The truth is whole numbers, so its sums are exact Python integers and no
    digit is lost to cancellation, however many pixels there are. The squared
    error is exact as well when the prediction is of an integer type.
    """

    def __init__(self) -> None:
        self.count = 0
        self.truth = 0
        self.truth_squared = 0
        self.squared_error: int | float = 0

    def update(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add pixels.

        Args:
            truth: Whole numbers, any shape and type.
            prediction: Finite numbers, same shape.

        Raises:
            ValueError: If the shapes differ.
        """
        if truth.shape != prediction.shape:
            raise ValueError(
                f'prediction must have the shape of the truth '
                f'{truth.shape}, but got {prediction.shape}.'
            )
        truth = truth.astype(np.int64)
        exact = prediction.dtype.kind in 'iub'
        error = prediction.astype(np.int64 if exact else np.float64) - truth
        squared_error = np.sum(error * error).item()
        self.count += truth.size
        self.truth += int(truth.sum())
        self.truth_squared += int(np.sum(truth * truth))
        self.squared_error += squared_error

    def merge(self, other: RegressionSums) -> RegressionSums:
        """Add the sums of other pixels to these; returns itself."""
        self.count += other.count
        self.truth += other.truth
        self.truth_squared += other.truth_squared
        self.squared_error += other.squared_error
        return self

    def r2(self) -> float:
        """1 - squared error / squared deviation of the truth from its mean.

        Follows ``sklearn.metrics.r2_score``: NaN with fewer than two
        pixels; with a constant truth 1 for a perfect prediction, else 0.
        """
        if self.count < 2:
            return math.nan
        deviation = self.count * self.truth_squared - self.truth**2
        if deviation == 0:
            return 1.0 if self.squared_error == 0 else 0.0
        return 1 - self.squared_error / (deviation / self.count)

    def rmse(self) -> float:
        """Root of the mean squared error, NaN without pixels."""
        if self.count == 0:
            return math.nan
        return math.sqrt(self.squared_error / self.count)
