"""Weights of classes in a loss, from how often a split has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..errors import StoreError
from .store import SceneStore

#: Weight of a class from its share of the labelled pixels, by rule.
_RULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'inverse_sqrt': lambda share: 1 / np.sqrt(share),
    'effective': lambda share: -1 / np.expm1(-share),
}


def class_weights(
    histogram: Sequence[int], rule: str = 'inverse_sqrt'
) -> list[float]:
    """Weight of each class, their mean being 1.

    - 'inverse_sqrt': one over the square root of the class's share;
    - 'effective': one over the effective number of samples,
      ``(1 - b^n) / (1 - b)`` (Cui et al. 2019, CVPR, arXiv:1901.05555), with
      ``b = 1 - 1 / N`` for N pixels in all. With so many, that is
      ``1 / (1 - exp(-n / N))``: nearly one over the share, for rare classes.

    Args:
        histogram: Pixels of each class, as a task's ``class_histogram``.
        rule: How weight follows from share.

    Returns:
        Weights to four digits. A class without a pixel has 1 and does not
        enter the mean.

    Raises:
        ValueError: If there is no such rule, or not a single pixel.
    """
    if rule not in _RULES:
        raise ValueError(
            f'rule must be one of {", ".join(_RULES)}, but got {rule!r}.'
        )
    counts = np.asarray(histogram, np.float64)
    present = counts > 0
    if not present.any():
        raise ValueError(
            'histogram must hold a labelled pixel, but got '
            f'{list(histogram)}. Choose scenes with a chart.'
        )
    weights = np.ones_like(counts)
    weights[present] = _RULES[rule](counts[present] / counts.sum())
    weights[present] /= weights[present].mean()
    return [float(f'{weight:.4g}') for weight in weights]


def pool_histograms(
    store: SceneStore, scene_ids: Iterable[str]
) -> dict[str, list[int]]:
    """Pixels of each class over scenes, by task.

    Args:
        store: The store; its scenes know their counts at the finest spacing.
        scene_ids: Scenes, such as those of a split.

    Raises:
        StoreError: If the store lacks a scene, or labels of a task.
    """
    totals: dict[str, np.ndarray] = {}
    for scene_id in scene_ids:
        for task, counts in store[scene_id].attrs['class_histogram'].items():
            totals[task] = totals.get(task, 0) + np.asarray(counts)
    for task in store.tasks or ['any task']:
        if not np.any(totals.get(task, 0)):
            raise StoreError(
                store.path,
                f'labels of {task}',
                'none in these scenes',
                'Choose scenes with a chart.',
            )
    return {task: counts.tolist() for task, counts in totals.items()}
