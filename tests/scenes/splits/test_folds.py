"""Every scene is held out once, with all that belongs to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmseaice.scenes import (
    find_leaks,
    fold_groups,
    group_scenes,
    representative_order,
)
from mmseaice.scenes.splits.strata import describe_scenes


@given(st.lists(st.integers(1, 6), min_size=2, max_size=40), st.data())
def test_folds_are_a_partition_into_whole_groups(sizes, data):
    folds = data.draw(st.integers(2, len(sizes)))
    groups = [[f'{g}_{i}' for i in range(n)] for g, n in enumerate(sizes)]
    everything = {name for group in groups for name in group}
    parts = fold_groups(groups, folds)
    assert len(parts) == folds
    for train, held in parts:
        assert train
        assert held
        assert set(train) | set(held) == everything
        assert not set(train) & set(held)
        assert (train, held) == (sorted(train), sorted(held))
        for group in groups:
            assert len(set(group) & set(held)) in (0, len(group))
    assert sorted(n for _, held in parts for n in held) == sorted(everything)


@given(st.lists(st.integers(1, 6), min_size=60, max_size=90))
def test_folds_are_of_about_the_same_size(sizes):
    groups = [[f'{g}_{i}' for i in range(n)] for g, n in enumerate(sizes)]
    for folds in (2, 5):
        for _, held in fold_groups(groups, folds):
            assert abs(len(held) - sum(sizes) / folds) <= max(sizes)


def test_real_folds_leak_nothing(scenes):
    order = representative_order(group_scenes(scenes), scenes)
    for sides in fold_groups(order, 5):
        train, held = ({n: scenes[n] for n in side} for side in sides)
        assert not find_leaks(train, held)


def test_each_fold_resembles_the_whole(scenes):
    groups = group_scenes(scenes)
    _, table = describe_scenes(scenes)
    index = {name: i for i, name in enumerate(scenes)}

    def worst(order):
        """How far the least typical fold is from all scenes."""
        far = []
        for _, held in fold_groups(order, 5):
            off = table[[index[n] for n in held]].mean(0) - table.mean(0)
            far.append((off**2 / table.mean(0)).sum())
        return max(far)

    rng = np.random.default_rng(1)
    at_random = [
        worst([groups[i] for i in rng.permutation(len(groups))])
        for _ in range(30)
    ]
    for seed in range(3):
        order = representative_order(groups, scenes, seed)
        assert worst(order) < 0.5 * min(at_random)


def test_alternating_groups_are_not_dealt_out_by_kind():
    groups = [[f'{"sw"[i % 2]}{i}'] for i in range(20)]
    for _, held in fold_groups(groups, 2):
        assert sum(name[0] == 's' for name in held) == 5


def test_more_folds_than_groups_are_refused():
    with pytest.raises(ValueError, match='at least 3 for 3 folds, but got 2'):
        fold_groups([['a', 'b', 'c'], ['d']], 3)
    with pytest.raises(ValueError, match='folds must be at least 2'):
        fold_groups([['a'], ['b']], 1)
