"""How far a score hangs on the scenes it was taken from.

Pixels of one scene are alike, so scenes are what is drawn: with
replacement, as many as there are (Efron and Tibshirani 1993, chapter 6).
Scores of each draw follow from the sums of the scenes, never from pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .autoice import AutoICESums
from .task_sums import TaskSums

#: Draws of scenes, and the share of them that an interval holds.
DRAWS = 1000
LEVEL = 0.95


def draw_scenes(scenes: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Draw scenes with replacement.

    Args:
        scenes: Number of scenes.
        draws: Number of draws, each of as many scenes.
        seed: Seed of the draws.

    Returns:
        How often each draw holds each scene, int64 (draws, scenes).

    Raises:
        ValueError: If there is no scene or no draw.
    """
    if scenes < 1 or draws < 1:
        raise ValueError(
            'scenes and draws must be 1 or more, but got '
            f'{scenes} and {draws}.'
        )
    rng = np.random.default_rng(seed)
    return rng.multinomial(scenes, np.full(scenes, 1 / scenes), draws)


def weighted_sums(
    scenes: Sequence[AutoICESums], weights: Sequence[int]
) -> AutoICESums:
    """The sums of scenes that count several times, or not at all.

    Args:
        scenes: Sums of each scene alone.
        weights: How often each counts.
    """
    total = AutoICESums()
    names = dict.fromkeys(name for sums in scenes for name in sums.tasks)
    for name in names:
        task = total.tasks[name] = TaskSums(name)
        for sums, weight in zip(scenes, weights, strict=True):
            if weight and name in sums.tasks:
                _add(task, sums.tasks[name], int(weight))
    return total


def _add(total: TaskSums, one: TaskSums, weight: int) -> None:
    """Add the sums of a scene ``weight`` times."""
    total.confusion.counts += weight * one.confusion.counts
    if total.regression:
        for field, value in vars(one.regression).items():
            before = getattr(total.regression, field)
            setattr(total.regression, field, before + weight * value)


def bootstrap_scores(
    scenes: Sequence[AutoICESums], draws: int = DRAWS, seed: int = 0
) -> dict[str, np.ndarray]:
    """AutoICE scores of random draws of scenes.

    Args:
        scenes: Sums of each scene alone.
        draws: Number of draws.
        seed: Two calls with one seed draw the same scenes, whatever the
            model, which is what a paired comparison needs.

    Returns:
        The keys of :meth:`.AutoICESums.scores`, each (draws,), in percent,
        rounded as published; NaN where a draw has no label of a task.
    """
    weights = draw_scenes(len(scenes), draws, seed)
    scores = [weighted_sums(scenes, row).scores() for row in weights]
    return {name: np.array([s[name] for s in scores]) for name in scores[0]}


@dataclass(frozen=True)
class Interval:
    """Where most draws of a score lie.

    Args:
        low: Lower end.
        high: Upper end; both NaN if no draw has the score.
        draws: Number of draws that have it.
    """

    low: float
    high: float
    draws: int


def interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """The interval between two equal tails of the draws.

    Args:
        values: One value per draw, (draws,); NaN does not count.
        level: Share of the draws inside, within (0, 1).
    """
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return Interval(math.nan, math.nan, 0)
    tail = (1 - level) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return Interval(float(low), float(high), len(values))
