from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes import (
    find_leaks,
    group_scenes,
    published_splits,
    read_published_split,
)
from mmseaice.scenes.splits.leaks import convex_overlap


def published(name):
    return {p.scene_id: p.attrs for p in read_published_split(name)}


@pytest.mark.parametrize(
    ('reference', 'name', 'orbit', 'chart', 'size'),
    [
        ('train_dec2022', 'test_dec2022', 2, 2, 20),
        ('sar_icefm_train_100', 'sar_icefm_val', 4, 2, 20),
        ('sar_icefm_train_100', 'sar_icefm_test', 1, 1, 20),
        ('train_dec2022', 'mmseaice_valset1', 3, 1, 18),
        ('train_dec2022', 'mmseaice_valset2', 4, 2, 17),
    ],
)
def test_counts_of_the_published_lists(reference, name, orbit, chart, size):
    held_out = published(name)
    train = published(reference)
    train = {key: train[key] for key in train.keys() - held_out.keys()}
    report = find_leaks(train, held_out)
    assert len(report.affected('orbit')) == orbit
    assert len(report.affected('chart')) == chart
    assert report.sizes == (len(train), size)
    assert f'{orbit} of {size} scenes share an absolute orbit' in str(report)


def test_charts_shared_within_the_training_scenes():
    scenes = published('train_dec2022').values()
    charts = [scene['chart_id'] for scene in scenes]
    _, counts = np.unique(charts, return_counts=True)
    assert len(charts) == 512
    assert (counts > 1).sum() == 28
    assert counts[counts > 1].sum() == 58


def test_lists_that_are_part_of_each_other():
    train = published('train_dec2022').keys()
    assert len(train) == 512
    assert not train & published('test_dec2022').keys()
    assert published('sar_icefm_train_100').keys() <= (
        train | published('train_oct2022').keys()
    )
    for name in published_splits():
        if name.startswith(('sar_icefm_pre', 'sar_icefm_fine')):
            share = int(name[-2:]) / 100
            whole = published('sar_icefm_train_100').keys()
            part = published(name).keys()
            assert part <= whole
            assert abs(len(part) / len(whole) - share) < 0.01


def test_a_list_of_another_name_is_refused():
    with pytest.raises(ValueError, match=r'sar_icefm_val.* but got .odd'):
        read_published_split('odd')


def test_groups_leak_nothing():
    scenes = published('train_dec2022')
    groups = group_scenes(scenes)
    assert max(map(len, groups)) > 1
    for group in groups[:40]:
        inside = {name: scenes[name] for name in group}
        outside = {k: v for k, v in scenes.items() if k not in inside}
        assert not find_leaks(outside, inside)


def square(latitude, longitude, size=2.0, time='2020-01-01T00:00:00'):
    """A scene about a place, size in degrees of latitude."""
    half = size / 2
    width = half / np.cos(np.radians(latitude))
    corners = [(-half, -width), (-half, width), (half, width), (half, -width)]
    return {
        'product_id': 'S1A_EW',
        'absolute_orbit': 1,
        'chart_id': '',
        'ice_service': 'dmi',
        'acquisition_time': time,
        'footprint': np.add(corners, (latitude, longitude)),
    }


@pytest.mark.parametrize(
    ('place', 'overlaps'),
    [
        ((75, 10), True),
        ((76.5, 10), True),
        ((77.5, 10), False),
        ((75, 370), True),
        ((75, 19), False),
        ((-75, 10), False),
    ],
)
def test_footprints_that_overlap(place, overlaps):
    first = {'a': square(75, 10)}
    second = {'b': square(*place) | {'absolute_orbit': 2}}
    report = find_leaks(first, second, days=1)
    assert bool(report.affected('place')) == overlaps
    assert not find_leaks(first, second)


@pytest.mark.parametrize(('days', 'found'), [(3, True), (2.9, False)])
def test_places_count_for_some_days(days, found):
    first = {'a': square(75, 10, time='2020-01-01T00:00:00')}
    second = {'b': square(75, 10, time='2020-01-04T00:00:00')}
    second['b']['absolute_orbit'] = 2
    report = find_leaks(first, second, days=days)
    assert [leak.what for leak in report.leaks] == ['3.0 days apart'] * found


def test_footprints_across_the_date_line_and_at_the_pole():
    first = {'a': square(75, 179.5)}
    second = {'b': square(75, -179.5) | {'absolute_orbit': 2}}
    assert find_leaks(first, second, days=1)
    cap = [(88, 0), (88, 90), (88, 180), (88, -90)]
    second['b']['footprint'] = cap
    assert not find_leaks(first, second, days=1)
    first['a']['footprint'] = [(89.5, lon) for lon in (0, 90, 180, 270)]
    assert find_leaks(first, second, days=1)


def test_the_same_scene_is_a_leak_of_its_own_kind():
    scenes = {'a': square(75, 10)}
    report = find_leaks(scenes, scenes)
    assert [leak.kind for leak in report.leaks] == ['scene']
    assert '1 of 1 scenes are in the other list' in str(report)


def test_convex_overlap_agrees_with_points_inside():
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(-2, 3, 120)] * 2), -1)

    def triangle():
        corners = rng.uniform(-1, 2, (3, 2))
        (a, b), (c, d) = corners[1:] - corners[0]
        return corners if a * d > b * c else corners[::-1]

    def inside(corners):
        sides = np.roll(corners, -1, axis=0) - corners
        off = grid[:, :, None] - corners
        cross = sides[:, 0] * off[..., 1] - sides[:, 1] * off[..., 0]
        return (cross > 0).all(-1)

    agreed = 0
    for _ in range(100):
        first, second = triangle(), triangle()
        common = (inside(first) & inside(second)).sum()
        if convex_overlap(first, second):
            agreed += common > 0
        else:
            assert common == 0
            agreed += 1
    # A sliver may lie between the points of the grid.
    assert agreed >= 95
