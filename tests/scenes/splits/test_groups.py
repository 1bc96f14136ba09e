from __future__ import annotations

import pytest

from mmseaice.scenes import group_scenes, hold_out


def scene(orbit, chart='', satellite='S1A', service='dmi'):
    return {
        'product_id': f'{satellite}_EW_GRDM_1SDH',
        'absolute_orbit': orbit,
        'chart_id': chart,
        'ice_service': service,
    }


def test_scenes_group_by_orbit_and_by_chart_and_through_each_other():
    groups = group_scenes(
        {
            'a': scene(1, 'x'),
            'b': scene(1, 'y'),
            'c': scene(2, 'y'),
            'd': scene(3),
            'e': scene(4),
        }
    )
    assert groups == [['a', 'b', 'c'], ['d'], ['e']]


def test_orbit_numbers_of_two_satellites_are_not_one_orbit():
    groups = group_scenes(
        {'a': scene(7), 'b': scene(7, satellite='S1B'), 'c': scene(7)}
    )
    assert groups == [['a', 'c'], ['b']]


def test_unknown_charts_do_not_tie_scenes_together():
    assert len(group_scenes({'a': scene(1), 'b': scene(2)})) == 2


def test_groups_are_never_cut_and_nothing_is_lost():
    groups = [[f'{g}{i}' for i in range(1 + g % 3)] for g in range(12)]
    everything = {name for group in groups for name in group}
    for shift in range(10):
        train, held = hold_out(groups[shift:] + groups[:shift], 0.2)
        assert set(train) | set(held) == everything
        assert not set(train) & set(held)
        assert set(groups[shift]) <= set(held)
        assert 1 <= len(held) <= round(0.2 * len(everything)) + 2
        for group in groups:
            assert len(set(group) & set(held)) in (0, len(group))


@pytest.mark.parametrize('share', [0, 1, -0.1])
def test_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match='share'):
        hold_out([['a'], ['b']], share)


def test_one_group_cannot_be_split():
    with pytest.raises(ValueError, match='all scenes share'):
        hold_out([['a', 'b']], 0.5)


def test_nothing_to_split():
    with pytest.raises(ValueError, match='there are no scenes'):
        hold_out([], 0.5)
