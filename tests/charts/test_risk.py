from __future__ import annotations

import numpy as np
import pytest

from mmseaice.charts.risk import (
    ICE_TYPES,
    LEVELS,
    MEMBERS,
    NO_LEVEL,
    NO_RIO,
    WINTER,
    rio_of_codes,
    rio_of_pixels,
    rio_of_tenths,
    risk_level,
    risk_values,
)
from mmseaice.charts.sigrid import egg_codes

POLAR = [f'PC{number}' for number in range(1, 8)]
ORDER = [*POLAR, 'IA Super', 'IA', 'IB', 'IC', 'none']


def test_the_table_is_whole_and_gets_worse_with_ice_and_class():
    assert list(WINTER) == ORDER
    table = np.array([WINTER[name] for name in ORDER])
    assert table.shape == (12, len(ICE_TYPES))
    assert (table[:, 0] == 3).all()
    assert (np.diff(table, axis=1) <= 0).all()
    assert (np.diff(table, axis=0)[:6] <= 0).all()
    # IA Super stands beside PC6 and PC7, below the first and not the second.
    assert (table[7] <= table[5]).all()
    assert (np.diff(table, axis=0)[7:] <= 0).all()


def test_classes_merge_all_types_once_and_take_the_worst():
    assert sorted(sum(MEMBERS, ())) == list(range(len(ICE_TYPES)))
    assert risk_values('PC5').tolist() == [3, 3, 3, 2, 0, -2]
    assert risk_values('PC7').tolist() == [3, 2, 2, 1, -2, -3]
    assert risk_values('none').tolist() == [3, 1, -1, -3, -6, -8]
    assert risk_values('IC').tolist() == [3, 2, 0, -2, -5, -8]


def test_outcomes_by_hand():
    values = risk_values('PC6')  # 3 2 2 1 -1 -3
    tenths = [[10, 0, 0, 0, 0, 0], [2, 0, 1, 0, 4, 3], [np.nan] * 6]
    found = rio_of_tenths(tenths, values)
    assert found[:2].tolist() == [30, 6 + 2 - 4 - 9]
    assert np.isnan(found[2])
    sic = np.array([0, 10, 5, 0.4, 8.3, 7, np.nan, 3, 1], np.float32)
    sod = np.array([0, 5, 4, 0, 1, 255, 2, 0, 0], np.uint8)
    found = rio_of_pixels(sic, sod, values)
    # 8.3 tenths of new ice: 17 * 0.3 + 83 * 0.2 = 21.7, rounded down.
    expected = [30, -30, 10, 30, 21, *[NO_RIO] * 4]
    assert found.dtype == np.int16
    assert found.tolist() == expected
    # Old ice where the other chart sees water is no open water.
    for sic in (0.0, 0.3):
        assert rio_of_pixels(np.array([sic]), np.array([5]), values) == NO_RIO


def test_outcomes_of_egg_codes_by_hand():
    counts = np.zeros((6, 8))
    counts[5, 7], counts[3, 7] = 20, 40
    codes = {
        4: egg_codes('I', 6, counts),
        5: egg_codes('W', 0, counts),
        7: egg_codes('L', np.nan, counts),
        9: egg_codes('I', 6, counts * 0),
    }
    found = rio_of_codes(codes, risk_values('PC6'))
    assert found[:2].tolist() == [4 * 3 + 4 * 1 - 2 * 3, 30]
    assert np.isnan(found[2:]).all()


@pytest.mark.parametrize('ship', ORDER)
def test_pixels_and_tenths_agree_and_more_ice_is_no_better(ship):
    values = risk_values(ship)
    for stage in range(1, 6):
        tenths = np.zeros((11, 6))
        tenths[:, stage] = np.arange(11)
        tenths[:, 0] = 10 - np.arange(11)
        sic = np.arange(11, dtype=np.float32)
        stages = np.where(sic > 0, stage, 0).astype(np.uint8)
        pixels = rio_of_pixels(sic, stages, values)
        assert pixels.tolist() == rio_of_tenths(tenths, values).tolist()
        assert (np.diff(pixels) <= 0).all()


def test_levels_depend_on_the_class():
    rio = np.array([30, 0, -1, -10, -11, NO_RIO])
    for ship in ORDER:
        names = ['normal', 'normal', 'elevated', 'elevated']
        if ship not in POLAR:
            names[2:] = ['special consideration'] * 2
        names.append('special consideration')
        levels = risk_level(rio, ship)
        assert [LEVELS[level] for level in levels[:5]] == names
        assert levels[5] == NO_LEVEL
    assert risk_level(np.array([np.nan, -0.5]), 'PC1').tolist() == [255, 1]


def test_decayed_ice_needs_its_values():
    with pytest.raises(ValueError, match=r'table 1\.4'):
        risk_values('PC5', 'decayed')
    own = np.arange(12)[::-1]
    assert risk_values('PC5', 'decayed', own).tolist() == [11, 10, 8, 6, 3, 0]


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('PC8',), 'ship_class must be one of PC1'),
        (('PC1', 'spring'), 'season must be'),
        (('PC1', 'winter', [1, 2]), '12 numbers'),
    ],
)
def test_unknown_choices_are_named(args, message):
    with pytest.raises(ValueError, match=message):
        risk_values(*args)
