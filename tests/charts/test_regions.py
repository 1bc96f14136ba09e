from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mmseaice.charts.regions import make_regions


def find(concentration, status=None, **kwargs):
    concentration = np.asarray(concentration, np.float32)
    status = (
        np.zeros(concentration.shape, np.uint8) if status is None else status
    )
    return make_regions(concentration, status, **kwargs)


def random_chart(seed, shape=(83, 97)):
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=shape), 6)
    concentration = np.clip(5 + 5 * field / field.std(), 0, 10)
    status = np.where(field > 1.4 * field.std(), 1, 0).astype(np.uint8)
    status[:, :9] = 2
    status[rng.random(shape) < 0.05] = 2
    concentration[status > 0] = np.nan
    return concentration.astype(np.float32), status


def test_two_halves_and_their_means():
    sic = np.full((40, 60), 0.5)
    sic[:, 30:] = 9
    sic[10, 40] = np.nan
    regions = find(sic, smooth=0, smallest=0, cell=400)
    assert regions.factor == 5
    assert regions.labels.shape == (8, 12)
    assert sorted(regions.kinds) == ['I', 'W']
    ice = regions.kinds.index('I')
    assert regions.concentration.tolist() == [0.5, 9] if ice else [9, 0.5]
    assert regions.areas == pytest.approx([40 * 30 * 0.0064] * 2)
    whole = regions.of_lines(0, 40)
    assert (whole[:, 30:] == ice + 1).all()
    assert len(np.unique(whole[:, :30])) == 1


@pytest.mark.parametrize('value', [1.0, 3.5, 6.5, 8.5])
def test_smoothing_leaves_a_constant_on_its_side_of_an_edge(value):
    regions = find(np.full((30, 30), value), smooth=1500)
    assert regions.kinds == ('I',)
    assert regions.concentration[0] == value
    assert np.unique(np.digitize(regions.smoothed, [value])) == 1


@pytest.mark.parametrize('seed', range(4))
def test_regions_are_whole_and_of_one_kind(seed):
    sic, status = random_chart(seed)
    smallest = 2.0
    regions = find(sic, status, smooth=200, smallest=smallest, cell=240)
    labels = regions.labels
    assert labels.min() == 1
    assert labels.max() == len(regions.kinds)
    pixels = regions.of_lines(0, len(sic))
    for number, kind in enumerate(regions.kinds, start=1):
        assert ndimage.label(labels == number)[1] == 1
        here = pixels == number
        area = regions.areas[number - 1]
        assert area == pytest.approx(here.sum() * 0.0064)
        inside = sic[here & (status == 0)]
        mean = regions.concentration[number - 1]
        if kind in 'LN':
            assert np.isnan(mean)
            continue
        assert mean == pytest.approx(inside.mean(dtype=float), abs=1e-6)
        assert kind == ('I' if mean >= 1 else 'W')
        grown = ndimage.binary_dilation(labels == number)
        around = set(labels[grown].tolist()) - {number}
        charted = [n for n in around if regions.kinds[n - 1] in 'IW']
        assert area >= smallest or not charted


def test_kind_of_a_cell_is_that_of_most_of_its_pixels():
    sic, status = random_chart(7, (64, 50))
    regions = find(sic, status, cell=240, smooth=0, smallest=0)
    for i in range(len(regions.labels)):
        for j in range(regions.labels.shape[1]):
            part = status[3 * i : 3 * i + 3, 3 * j : 3 * j + 3]
            votes = np.bincount(part.ravel(), minlength=3)
            kind = regions.kinds[regions.labels[i, j] - 1]
            assert kind in ('IW', 'L', 'N')[votes.argmax()]


def test_the_smallest_goes_to_the_longest_common_border():
    sic = np.full((20, 20), 0.0)
    sic[:, 10:] = 5
    sic[8:12, 9:12] = 9.5  # three sides in ice, one and a bit in water
    regions = find(sic, cell=80, smooth=0, smallest=0.1)
    assert len(regions.kinds) == 2
    water = regions.kinds.index('W') + 1
    assert (regions.labels == water).sum() == 20 * 10 - 4


def test_patches_of_one_class_that_meet_become_one():
    sic = np.full((10, 30), 5.0)
    sic[:, 14:16] = 9.5  # a small strip between two halves of one class
    regions = find(sic, cell=80, smooth=0, smallest=0.5)
    assert regions.kinds == ('I',)


def test_islands_and_lakes_stay():
    sic = np.full((30, 30), 9.5, np.float32)
    status = np.zeros((30, 30), np.uint8)
    status[4:6, 4:6], status[10:20, 10:20] = 2, 1
    status[14:16, 14:16] = 0
    sic[status > 0] = np.nan
    regions = find(sic, status, cell=80)
    assert sorted(regions.kinds) == ['I', 'I', 'L', 'N']


def test_charted_pixels_without_a_number_are_no_data():
    sic = np.full((20, 20), np.nan)
    assert find(sic, cell=80).kinds == ('N',)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'cell': 40}, 'at least one pixel'),
        ({'smallest': -1}, 'must not be negative'),
        ({'smooth': -1}, 'must not be negative'),
        ({'edges': (3, 1)}, 'ascending'),
        ({'status': np.zeros((3, 3), np.uint8)}, 'shape'),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        find(np.zeros((20, 20)), **options)
