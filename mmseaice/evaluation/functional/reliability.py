"""How well probabilities agree with what they promise, from running sums."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


class Curve(NamedTuple):
    """A reliability curve, arrays of shape (bins,).

    Bins without pixels are NaN but in ``count``.
    """

    #: Mean probability of the pixels in each bin.
    confidence: np.ndarray
    #: Share of them for which it came true.
    frequency: np.ndarray
    #: Number of pixels.
    count: np.ndarray


class _Bins:
    """Pixels, summed probability and hits by bin of the probability."""

    def __init__(self, bins: int) -> None:
        #: float64 (3, bins).
        self.sums = np.zeros((3, bins))

    def update(self, probability: np.ndarray, hit: np.ndarray) -> None:
        """Add pixels (n,); a bin holds its upper edge, not its lower one."""
        bins = self.sums.shape[1]
        inner = np.linspace(0, 1, bins + 1)[1:-1]
        place = np.searchsorted(inner, probability)
        for row, weights in zip(
            self.sums, (None, probability, hit), strict=True
        ):
            row += np.bincount(place, weights, bins)

    def curve(self) -> Curve:
        count = self.sums[0]
        means = np.full((2, len(count)), np.nan)
        np.divide(self.sums[1:], count, out=means, where=count > 0)
        return Curve(*means, count)

    def error(self) -> float:
        """Expected calibration error, NaN without pixels."""
        count, promised, hits = self.sums
        total = count.sum()
        return float(
            np.abs(promised - hits).sum() / total if total else np.nan
        )


class ReliabilitySums:
    """Calibration error, Brier score and log loss of classes.

    A few hundred numbers, whatever the number of pixels; two of them merge
    into what all pixels together would have given.

    Args:
        num_classes: Number of classes K.
        bins: Bins of equal width on 0..1; 15 as in Guo et al. 2017, 'On
            calibration of modern neural networks'.
    """

    def __init__(self, num_classes: int, bins: int = 15) -> None:
        self.num_classes = num_classes
        self.count = 0
        self._top = _Bins(bins)
        self._classes = [_Bins(bins) for _ in range(num_classes)]
        self._squared = np.zeros(num_classes)
        self._log = 0.0

    def update(self, probabilities: np.ndarray, truth: np.ndarray) -> None:
        """Add pixels.

        Args:
            probabilities: (K, ...), 0..1; they add up to 1 over classes.
            truth: Class numbers, integers (...).

        Raises:
            ValueError: If shapes differ, a number is not a class, or a
                probability lies outside 0..1.
        """
        k = self.num_classes
        if probabilities.shape != (k, *truth.shape):
            raise ValueError(
                f'probabilities must have the shape {(k, *truth.shape)}, but '
                f'got {probabilities.shape}.'
            )
        if not truth.size:
            return
        found = probabilities.reshape(k, -1).astype(np.float64)
        truth = truth.ravel()
        if truth.min() < 0 or truth.max() >= k:
            raise ValueError(
                f'truth must be classes 0..{k - 1}, but got values '
                f'{truth.min()}..{truth.max()}.'
            )
        # Rounding may lift a sum of float32 over 1; NaN fails, too.
        if not (found.min() >= 0 and found.max() <= 1 + 1e-5):
            raise ValueError(
                'probabilities must be within 0..1, but got values '
                f'{found.min():g}..{found.max():g}.'
            )
        self.count += truth.size
        best = found.argmax(axis=0)
        self._top.update(found.max(axis=0), best == truth)
        for number, row in enumerate(found):
            hit = truth == number
            self._classes[number].update(row, hit)
            self._squared[number] += np.square(row - hit).sum()
        own = np.take_along_axis(found, truth[None].astype(np.intp), 0)
        tiny = np.finfo(np.float32).tiny
        self._log -= float(np.log(np.maximum(own, tiny)).sum())

    def merge(self, other: ReliabilitySums) -> ReliabilitySums:
        """Add the sums of other pixels to these; returns itself."""
        self.count += other.count
        self._top.sums += other._top.sums
        for own, more in zip(self._classes, other._classes, strict=True):
            own.sums += more.sums
        self._squared += other._squared
        self._log += other._log
        return self

    def curve(self, number: int | None = None) -> Curve:
        """Reliability of one class, or of the most likely one for None."""
        return (self._top if number is None else self._classes[number]).curve()

    def ece(self, number: int | None = None) -> float:
        """Expected calibration error, 0..1; see :meth:`curve`.

        Mean distance between probability and frequency over the bins,
        weighted by their pixels.
        """
        return (self._top if number is None else self._classes[number]).error()

    def brier_per_class(self) -> np.ndarray:
        """Mean squared distance of each class's probability, (K,).

        That is to 1 where it is the true class and to 0 elsewhere.
        """
        if not self.count:
            return np.full(self.num_classes, np.nan)
        return self._squared / self.count

    def brier(self) -> float:
        """Brier score, 0..2: the sum over classes (Brier 1950)."""
        return float(self.brier_per_class().sum())

    def nll(self) -> float:
        """Mean negative log-probability of the true class."""
        return self._log / self.count if self.count else math.nan

    def summary(self) -> dict[str, Any]:
        """All scores by name, with plain numbers."""
        return {
            'pixels': self.count,
            'ece': self.ece(),
            'nll': self.nll(),
            'brier': self.brier(),
            'brier_per_class': self.brier_per_class().tolist(),
            'ece_per_class': [self.ece(k) for k in range(self.num_classes)],
        }
