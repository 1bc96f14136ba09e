"""Which samples to show, when only a few can be shown."""

from __future__ import annotations

import numpy as np


def diverse_subset(features: np.ndarray, num: int) -> list[int]:
    """Pick samples that are far from each other.

    The first is the one nearest to the mean; each next one is the farthest
    from all picked so far, with features scaled to unit deviation.

    Args:
        features: Real numbers (n, d), one row per sample.
        num: Samples wanted; all are returned if there are no more.

    Returns:
        Indices in the order they were picked.
    """
    features = np.asarray(features, np.float64)
    features = features - features.mean(axis=0)
    deviation = features.std(axis=0)
    features = features / np.where(deviation > 0, deviation, 1)
    picked: list[int] = []
    nearest = np.full(len(features), np.inf)
    index = int(np.argmin(np.linalg.norm(features, axis=1)))
    for _ in range(min(num, len(features))):
        picked.append(index)
        distance = np.linalg.norm(features - features[index], axis=1)
        nearest = np.minimum(nearest, distance)
        nearest[index] = -1
        index = int(np.argmax(nearest))
    return picked
