"""Windows lie where they should, whatever a scene is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmseaice.scenes.patches import PatchSampler, Window


def place(sampler, shape, judge=lambda window: window, seed=0):
    rng = np.random.default_rng(seed)
    return [window for window, _ in sampler.place(shape, judge, rng)]


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.data(),
)
def test_a_grid_covers_every_pixel_and_leaves_no_scene(shape, size, data):
    stride = tuple(data.draw(st.integers(1, n)) for n in size)
    windows = place(PatchSampler(size, 'grid', stride=stride), shape)
    covered = np.zeros(shape, int)
    for y, x, height, width in windows:
        assert (height, width) == size
        assert y >= 0
        assert x >= 0
        assert y + height <= max(shape[0], height)
        assert x + width <= max(shape[1], width)
        covered[y : y + height, x : x + width] += 1
    assert covered.min() >= 1
    assert len(set(windows)) == len(windows)
    assert windows == sorted(windows)


def test_without_overlap_only_the_border_is_covered_twice():
    windows = place(PatchSampler(10, 'grid'), (25, 20))
    assert {window.y for window in windows} == {0, 10, 15}
    assert {window.x for window in windows} == {0, 10}


def test_a_stride_sets_the_distance():
    windows = place(PatchSampler(10, 'grid', stride=4), (18, 10))
    assert [window.y for window in windows] == [0, 4, 8]


def test_every_position_is_equally_likely():
    counts = np.zeros((3, 4))
    sampler = PatchSampler((4, 2), count=1)
    for seed in range(2400):
        (window,) = place(sampler, (6, 5), seed=seed)
        counts[window.y, window.x] += 1
    # 200 each, with a standard deviation of 13.5.
    assert counts.min() > 140
    assert counts.max() < 260


def test_none_comes_twice_and_the_tries_end():
    judged = []

    def judge(window):
        judged.append(window)
        return window

    windows = place(PatchSampler(4, count=20), (6, 5), judge)
    assert len(windows) == len(judged) == len(set(windows)) == 6


@pytest.mark.parametrize('count', [1, 3])
def test_a_bad_scene_costs_ten_tries_for_each_window(count):
    judged = []
    sampler = PatchSampler(4, count=count)
    assert place(sampler, (1000, 1000), judged.append) == []
    assert len(judged) == 10 * count


def test_a_judge_may_count_as_it_likes():
    """As a cap for each label would."""
    left = {'east': 2, 'west': 5}

    def judge(window):
        side = 'west' if window.x < 50 else 'east'
        if not left[side]:
            return None
        left[side] -= 1
        return side

    rng = np.random.default_rng(0)
    sampler = PatchSampler(10, count=100)
    sides = [side for _, side in sampler.place((100, 100), judge, rng)]
    assert (sides.count('east'), sides.count('west')) == (2, 5)


@pytest.mark.parametrize('placement', ['random', 'grid'])
def test_a_small_scene_lies_inside_the_window(placement):
    for seed in range(20):
        sampler = PatchSampler(10, placement)
        for window in place(sampler, (4, 30), seed=seed):
            assert -6 <= window.y <= 0
            assert 0 <= window.x <= 20


def test_an_empty_answer_still_keeps_a_window():
    assert len(place(PatchSampler(5, 'grid'), (10, 10), lambda _: ())) == 4


def test_the_seed_decides():
    sampler = PatchSampler(10, count=5)
    assert place(sampler, (99, 99)) == place(sampler, (99, 99))
    assert place(sampler, (99, 99)) != place(sampler, (99, 99), seed=1)
    assert isinstance(place(sampler, (99, 99))[0], Window)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ({'placement': 'odd'}, 'placement must be one of random, grid'),
        ({'size': 0}, 'size must be'),
        ({'size': (1, 2, 3)}, 'size must be'),
        ({'count': 0}, 'count must be at least 1'),
        ({'max_tries': 0}, 'max_tries must be at least 1'),
        ({'stride': 3}, "stride must be None for placement 'random'"),
        ({'placement': 'grid', 'count': 3}, 'count must be None'),
        ({'placement': 'grid', 'stride': 0}, 'stride must be'),
        ({'placement': 'grid', 'stride': 300}, 'pixels are left out'),
    ],
)
def test_arguments_that_make_no_sense(arguments, said):
    with pytest.raises(ValueError, match=said):
        PatchSampler(**arguments)
