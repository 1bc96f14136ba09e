"""Two models on the same scenes: do these scenes tell them apart?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .autoice import AutoICESums
from .bootstrap import (
    DRAWS,
    LEVEL,
    Interval,
    bootstrap_scores,
    interval,
    weighted_sums,
)

#: Fewer scenes than these tell nothing of others: intervals from drawing
#: them are far too narrow.
LEAST_SCENES = 10


@dataclass(frozen=True)
class Comparison:
    """One score of two models.

    Args:
        score: 'SIC', 'SOD', 'FLOE' or 'combined'.
        first: Score of the first model, percent.
        second: Score of the second.
        difference: First minus second, percentage points.
        interval: Where 95 % of the draws of the difference lie.
        first_better: Share of the draws in which the first is ahead; a tie
            counts half. NaN without a draw.
        scenes: Number of scenes.
    """

    score: str
    first: float
    second: float
    difference: float
    interval: Interval
    first_better: float
    scenes: int

    @property
    def separated(self) -> bool:
        """Whether zero lies outside the interval of enough scenes."""
        if self.scenes < LEAST_SCENES:
            return False
        return self.interval.low > 0 or self.interval.high < 0

    def statement(self, first: str = 'A', second: str = 'B') -> str:
        """The finding in one plain sentence.

        Args:
            first: Name of the first model.
            second: Name of the second.
        """
        if math.isnan(self.difference):
            return f'{self.score}: not scored for both models.'
        ends = f'[{self.interval.low:+.3f}, {self.interval.high:+.3f}]'
        level = f'{100 * LEVEL:g} %'
        if self.scenes < LEAST_SCENES:
            return (
                f'{self.score}: {self.scenes} scenes are too few to separate '
                f'models ({LEAST_SCENES} at least): {first} minus {second} '
                f'is {self.difference:+.3f}.'
            )
        if self.separated:
            ahead = (first, second) if self.difference > 0 else (second, first)
            return (
                f'{self.score}: these {self.scenes} scenes separate the '
                f'models: {ahead[0]} is better than {ahead[1]} by '
                f'{abs(self.difference):.3f} ({first} minus {second}: '
                f'{level} of draws in {ends}).'
            )
        return (
            f'{self.score}: these {self.scenes} scenes do not separate the '
            f'models: {first} minus {second} is {self.difference:+.3f} '
            f'({level} of draws in {ends}).'
        )


def compare_scenes(
    first: Mapping[str, AutoICESums],
    second: Mapping[str, AutoICESums],
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Comparison]:
    """Compare two models by a paired bootstrap over their scenes.

    Both models are scored on the same draws of scenes, so that what makes a
    scene easy or hard for both does not blur the difference.

    Args:
        first: Sums of the first model by scene.
        second: Sums of the second, of the same scenes.
        draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        One row per score.

    Raises:
        ValueError: If the scenes differ.
    """
    if first.keys() != second.keys():
        other = sorted(first.keys() ^ second.keys())
        raise ValueError(
            'second must hold the scenes of the first, but got '
            f'{", ".join(other)} in one of them only.'
        )
    models = [[model[name] for name in first] for model in (first, second)]
    scores = [weighted_sums(m, [1] * len(m)).scores() for m in models]
    drawn = [bootstrap_scores(model, draws, seed) for model in models]
    rows = []
    for name, one in scores[0].items():
        other = scores[1][name]
        differences = drawn[0][name] - drawn[1][name]
        rows.append(
            Comparison(
                score=name,
                first=one,
                second=other,
                difference=round(one - other, 3),
                interval=interval(differences),
                first_better=_share_above_zero(differences),
                scenes=len(first),
            )
        )
    return rows


def _share_above_zero(values: np.ndarray) -> float:
    """Share of the values above 0, where 0 counts half."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return math.nan
    return float(np.mean((np.sign(values) + 1) / 2))
