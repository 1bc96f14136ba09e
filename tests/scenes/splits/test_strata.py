from __future__ import annotations

import itertools

import numpy as np
import pytest

from mmseaice.scenes import (
    group_scenes,
    nested_fractions,
    read_published_split,
    representative_order,
)
from mmseaice.scenes.splits.strata import describe_scenes, region, season

PERCENTS = (1, 5, 10, 20, 40, 60, 80, 100)


@pytest.fixture(scope='module')
def order(scenes):
    return representative_order(group_scenes(scenes), scenes, seed=0)


def test_no_group_is_lost_or_cut(scenes, order):
    assert sorted(order) == sorted(group_scenes(scenes))


def test_every_beginning_resembles_the_whole(scenes, order):
    names, table = describe_scenes(scenes)
    assert {'season winter', 'service cis', 'SOD old ice'} <= set(names)
    index = {name: i for i, name in enumerate(scenes)}

    def distance(groups, size):
        chosen = [index[name] for group in groups for name in group][:size]
        off = table[chosen].mean(axis=0) - table.mean(axis=0)
        return (off**2 / table.mean(axis=0)).sum()

    rng = np.random.default_rng(1)
    for size in (10, 25, 50, 100):
        at_random = [
            distance([order[i] for i in rng.permutation(len(order))], size)
            for _ in range(30)
        ]
        assert distance(order, size) < 0.5 * min(at_random)


def test_fractions_are_nested_and_as_large_as_asked(scenes, order):
    fractions = nested_fractions(order, PERCENTS)
    largest = max(map(len, order))
    for small, large in itertools.pairwise(PERCENTS):
        assert set(fractions[small]) < set(fractions[large])
    for percent, names in fractions.items():
        extra = len(names) - round(percent / 100 * len(scenes))
        assert 0 <= extra < largest
    assert fractions[100] == sorted(scenes)


def test_the_seed_decides(scenes, order):
    groups = group_scenes(scenes)
    assert representative_order(groups, scenes, seed=0) == order
    assert representative_order(groups, scenes, seed=1) != order


def test_scenes_without_histograms_will_do():
    found = read_published_split('sar_icefm_val')
    scenes = {scene.scene_id: scene.attrs for scene in found}
    order = representative_order(group_scenes(scenes), scenes)
    assert sum(map(len, order)) == 20


@pytest.mark.parametrize('percent', [0, -1, 101])
def test_fractions_out_of_range_are_refused(percent):
    with pytest.raises(ValueError, match='percents must be above 0'):
        nested_fractions([['a']], [percent])


def test_winter_runs_over_the_turn_of_the_year():
    months = {f'2020-{month:02}-15T00:00:00' for month in (12, 1, 2)}
    assert {season(time) for time in months} == {'winter'}
    assert season('2020-03-01T00:00:00') == 'spring'
    assert season('2020-11-30T00:00:00') == 'autumn'


def test_regions_are_those_of_the_names():
    for scene in read_published_split('train_dec2022'):
        assert region(scene.attrs) == scene.region_id
