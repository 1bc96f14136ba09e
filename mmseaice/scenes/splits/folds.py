"""Folds for cross-validation, of whole groups of scenes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def fold_groups(
    groups: Sequence[Sequence[str]], folds: int
) -> list[tuple[list[str], list[str]]]:
    """Hold every scene out once, in folds of about the same size.

    A fold is a run of the order. As every beginning of the order resembles
    the whole, so does what lies between two of them. Dealing the groups out
    in turn would not do: an order that alternates between two seasons would
    give each fold one of them.

    Args:
        groups: Groups of scene ids that must stay together, as of
            :func:`~.strata.representative_order`.
        folds: Number of folds, at least 2. Each has the mean size up to the
            largest group, unless there are hardly more groups than folds.

    Returns:
        Training scenes and held-out scenes of each fold, all sorted.

    Raises:
        ValueError: If there are fewer groups than folds.
    """
    if folds < 2:
        raise ValueError(f'folds must be at least 2, but got {folds}.')
    if len(groups) < folds:
        raise ValueError(
            f'groups must be at least {folds} for {folds} folds, but got '
            f'{len(groups)}: scenes that share an orbit or an ice chart are '
            'never separated.'
        )
    # Number of scenes before each place where the order can be cut.
    before = np.cumsum([0, *(len(group) for group in groups)])
    cuts = [0]
    for fold in range(1, folds):
        # At least one group for this fold and for each that follows.
        first, last = cuts[-1] + 1, len(groups) - (folds - fold)
        off = np.abs(before[first : last + 1] - before[-1] * fold / folds)
        cuts.append(first + int(off.argmin()))
    cuts.append(len(groups))
    everything = sorted(name for group in groups for name in group)
    parts = []
    for start, stop in pairwise(cuts):
        held = {name for group in groups[start:stop] for name in group}
        train = [name for name in everything if name not in held]
        parts.append((train, sorted(held)))
    return parts
