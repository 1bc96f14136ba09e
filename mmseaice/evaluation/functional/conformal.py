"""Prediction sets and intervals that hold the truth as often as promised.

Pixels of one scene resemble each other, so it is scenes that are taken as
exchangeable: a level of 0.9 means that a random pixel of a new scene is
covered nine times out of ten, each scene counting the same. Scenes differ,
and one scene may well be covered less.

The scores of all pixels are pooled with equal weight for every scene (Dunn,
Wasserman & Ramdas 2023, 'Distribution-free prediction sets for two-layer
hierarchical models'), and the new scene counts as one whose scores are all
infinite. Then coverage is at least the level, and at most 2 / (scenes + 1)
above it, for any number of scenes (Lee, Barber & Willett 2023,
'Distribution-free inference with hierarchical data').

A set holds every class above a threshold of its probability (Sadinle, Lei &
Wasserman 2019, 'Least ambiguous set-valued classifiers with bounded error
levels'), and the most likely class in any case: a model that is right more
often than the level covers more than the level. Adaptive sets need a random
number at each pixel to be exact, which would speckle a chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

#: A bin of predicted values with fewer scenes borrows its neighbours'.
MIN_SCENES = 10

#: Half width of an interval, in classes, before errors are compared to it.
LEAST_WIDTH = 0.05

#: Classes that fit in the bits of a set.
MAX_CLASSES = 8


def scenes_needed(level: float) -> int:
    """Fewest scenes whose sets of a level (0..1) leave anything out."""
    # A quotient misses a whole number by a few digits.
    return math.ceil(level / (1 - level) - 1e-6)


def pooled_quantiles(
    scores: Sequence[np.ndarray],
    shares: Sequence[float],
    weights: np.ndarray,
) -> np.ndarray:
    """Quantiles of the pixels of several scenes.

    Args:
        scores: Scores of each scene's pixels, (n,), not all empty.
        shares: Shares of the weight (0..1) at or below the quantiles.
        weights: Weight of each scene, shared by its pixels.

    Returns:
        float64 (shares,), infinite for shares above 1.
    """
    kept = [i for i, found in enumerate(scores) if len(found)]
    sizes = [len(scores[i]) for i in kept]
    values = np.concatenate([scores[i] for i in kept])
    order = np.argsort(values)
    mass = np.repeat(weights[kept] / weights[kept].sum() / sizes, sizes)
    # Sums of many small numbers miss a whole one by a few digits.
    shares = np.asarray(shares) - 1e-9
    places = np.searchsorted(mass[order].cumsum(), shares)
    found = values[order[np.minimum(places, len(values) - 1)]]
    return np.where(shares <= 1, found, np.inf).astype(np.float64)


def scene_quantiles(
    scores: Sequence[np.ndarray], levels: Sequence[float]
) -> np.ndarray:
    """What the scores of a new scene stay below, for each level.

    Args:
        scores: Scores of the pixels of each scene, each (n,). Scenes
            without pixels do not count.
        levels: Shares (0..1) of a new scene's pixels at or below.

    Returns:
        float64 (levels,), infinite where there are too few scenes, see
        :func:`scenes_needed`.
    """
    scores = [found for found in scores if len(found)]
    if not scores:
        return np.full(len(levels), np.inf)
    scenes = len(scores)
    shares = np.asarray(levels) * (scenes + 1) / scenes
    return pooled_quantiles(scores, shares, np.ones(scenes))


def true_probability(
    probabilities: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Probability of the true class, (n,), of (K, n) and classes (n,)."""
    rows = truth[None].astype(np.intp)
    return np.take_along_axis(probabilities, rows, axis=0)[0]


def set_thresholds(
    probabilities: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    levels: Sequence[float],
) -> np.ndarray:
    """The probability from which on a class belongs to the set.

    Args:
        probabilities: Of the pixels of each scene, (K, n).
        truths: Their true classes, (n,).
        levels: Shares (0..1) of pixels whose true class is in the set.

    Returns:
        (levels,); 0, which is every class, where there are too few scenes.
    """
    scores = [
        -true_probability(found, truth)
        for found, truth in zip(probabilities, truths, strict=True)
    ]
    return np.maximum(-scene_quantiles(scores, levels), 0.0)


def prediction_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Classes that may be true, as bits.

    Args:
        probabilities: (K, ...), K at most 8; NaN where there is none.
        threshold: Least probability of a member; the most likely class is
            one in any case.

    Returns:
        uint8 (...), bit k set for class k; 0 where there is no probability.

    Raises:
        ValueError: If there are more classes than bits.
    """
    if len(probabilities) > MAX_CLASSES:
        raise ValueError(
            f'probabilities must be of at most {MAX_CLASSES} classes, but got '
            f'{len(probabilities)}.'
        )
    least = np.minimum(probabilities.max(axis=0), float(threshold))
    sets = np.zeros(least.shape, np.uint8)
    for number, plane in enumerate(probabilities):
        sets |= (plane >= least).view(np.uint8) << np.uint8(number)
    return sets


def holds(sets: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether sets (bits, ...) hold the classes (...), bool."""
    return (sets >> truth.astype(np.uint8) & 1).astype(bool)


def value_bins(values: np.ndarray, num_classes: int) -> np.ndarray:
    """The class that a predicted quantity is nearest to, intp (...)."""
    return np.rint(np.clip(values, 0, num_classes - 1)).astype(np.intp)


def interval_widths(
    values: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    levels: Sequence[float],
    num_classes: int,
) -> np.ndarray:
    """How far the truth is from a predicted quantity, by its size.

    The widths of the bins follow the errors in them, and one factor for all
    is the scene quantile of error by width, so that all bins together cover
    what the level says.

    Args:
        values: Predicted quantities of each scene's pixels, (n,).
        truths: True classes, (n,).
        levels: Shares (0..1) of pixels within the interval.
        num_classes: Classes of the quantity, which are also the bins.

    Returns:
        Half widths, float64 (levels, num_classes), infinite where there are
        too few scenes.
    """
    errors = [
        np.abs(value - truth.astype(np.float32))
        for value, truth in zip(values, truths, strict=True)
    ]
    bins = [value_bins(value, num_classes) for value in values]
    widths = _error_by_bin(errors, bins, levels, num_classes)
    for row, level in zip(widths, levels, strict=True):
        ratios = [
            e / row[found] for e, found in zip(errors, bins, strict=True)
        ]
        row *= scene_quantiles(ratios, [level])[0]
    return widths


def _error_by_bin(
    errors: Sequence[np.ndarray],
    bins: Sequence[np.ndarray],
    levels: Sequence[float],
    num_classes: int,
) -> np.ndarray:
    """Quantiles of the errors in each bin, (levels, num_classes).

    A pixel weighs the same in its bin as it does in its scene. A bin of
    fewer than :data:`MIN_SCENES` scenes takes the pixels of its neighbours,
    too, as many as it needs.
    """
    shares = np.array(
        [
            np.bincount(found, minlength=num_classes) / max(1, len(found))
            for found in bins
        ]
    )
    widths = np.empty((len(levels), num_classes))
    for number in range(num_classes):
        for reach in range(num_classes):
            near = slice(max(0, number - reach), number + reach + 1)
            weights = shares[:, near].sum(axis=1)
            if np.count_nonzero(weights) >= MIN_SCENES:
                break
        taken = [
            error[np.abs(found - number) <= reach]
            for error, found in zip(errors, bins, strict=True)
        ]
        widths[:, number] = pooled_quantiles(taken, levels, weights)
    return np.maximum(widths, LEAST_WIDTH)
