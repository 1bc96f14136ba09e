from __future__ import annotations

import warnings

import numpy as np
import pytest

from mmseaice.charts import (
    POLYGON_COLUMNS,
    polygon_shares,
    polygons_to_charts,
    read_polygon_codes,
)
from mmseaice.charts.regions import make_regions
from mmseaice.charts.sigrid import (
    code_table,
    count_types,
    egg_codes,
    region_codes,
)

# Written out once more, not taken from the table.
STAGES = ('80', '81', '83', '87', '86', '95')
FORMS = ('-9', '02', '03', '04', '05', '06', '10')


def counts_of(stages, forms=None):
    """Counts from ice by stage and, for each, its form."""
    counts = np.zeros((6, 8))
    for stage, ice in stages.items():
        counts[stage, (forms or {}).get(stage, 7)] = ice
    return counts


def test_an_egg_by_hand():
    counts = counts_of({5: 20, 4: 50, 2: 30}, {5: 5, 4: 4})
    counts[4, 3] = 15
    found = egg_codes('I', 9.0, counts)
    # 20, 65 and 30 of 115 in nine tenths: 1.57, 5.09 and 2.35.
    expected = {
        'CT': '90',
        **{'CA': '20', 'SA': '95', 'FA': '06'},
        **{'CB': '50', 'SB': '86', 'FB': '05'},
        **{'CC': '20', 'SC': '83', 'FC': '-9'},
        **{'CN': '-9', 'CD': '-9', 'CF': '0506', 'POLY_TYPE': 'I'},
    }
    assert found == expected
    assert tuple(found) == POLYGON_COLUMNS[1:]


def test_stages_without_a_tenth_are_traces():
    counts = counts_of({5: 2, 4: 50, 3: 44, 2: 2, 1: 2.5})
    found = egg_codes('I', 10, counts)
    assert (found['SA'], found['SB'], found['SC']) == ('86', '87', '-9')
    assert (found['CN'], found['CD']) == ('95', '81')
    assert found['CT'] == '92'
    speck = egg_codes('I', 10, counts_of({5: 0.2, 4: 99.8}))
    assert speck['CN'] == '-9'


@pytest.mark.parametrize(
    ('kind', 'total'), [('W', '01'), ('L', '-9'), ('N', '-9')]
)
def test_all_but_ice_is_empty(kind, total):
    found = egg_codes(kind, 0.4, counts_of({0: 9, 3: 1}))
    assert found.pop('CT') == total
    assert found.pop('POLY_TYPE') == kind
    assert found.pop('CF') == '-9-9'
    assert set(found.values()) == {'-9'}


def test_ice_free_and_full_are_said_only_where_they_are_so():
    assert egg_codes('W', 0.004, counts_of({0: 9}))['CT'] == '00'
    assert egg_codes('I', 9.6, counts_of({4: 9}))['CT'] == '91'
    assert egg_codes('I', 9.97, counts_of({4: 9}))['CT'] == '92'


def test_ice_without_stages_has_a_total_only():
    found = egg_codes('I', 4.4, np.zeros((6, 8)))
    assert found['CT'] == '40'
    assert {found[f'{name}A'] for name in 'CSF'} == {'-9'}


@pytest.mark.parametrize('seed', range(30))
def test_shares_come_back_within_rounding(seed):
    rng = np.random.default_rng(seed)
    counts = rng.random((6, 8)) ** 4 * (rng.random((6, 1)) < 0.7)
    counts[:, 0] = 0
    mean = rng.uniform(1, 10)
    table = code_table({3: egg_codes('I', mean, counts)})
    assert len(read_polygon_codes(table)) == 1
    shares = polygon_shares(table)[3]
    total = max(1, int(mean + 0.5))
    assert shares['SIC'] == (total / 10,)
    ice = counts[1:].sum(1)
    if not ice.any():
        assert shares['SOD'] is None
        return
    kept = np.where(ice >= np.sort(ice)[-3], ice, 0)
    exact = np.r_[10 - total, kept / kept.sum() * total]
    assert 10 * np.array(shares['SOD']) == pytest.approx(exact, abs=1)
    assert sum(shares['SOD']) == pytest.approx(1)
    forms = shares['FLOE']
    assert forms is None or sum(forms) == pytest.approx(1)


def random_layers(seed, shape=(60, 80)):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 6, (4, 5))
    stages = np.kron(blocks, np.ones((15, 16))).astype(np.uint8)
    forms = np.where(stages > 0, stages + 1, 0).astype(np.uint8)
    level = np.array([0, 2, 5, 8, 9, 10])[stages]
    sic = np.clip(level + rng.uniform(-0.4, 0.4, shape), 0, 10)
    return sic.astype(np.float32), stages, forms


def test_counts_are_those_of_a_loop():
    sic, stages, forms = random_layers(0)
    stages[5:9], forms[20:22], sic[:, 3] = 255, 255, np.nan
    status = np.zeros(sic.shape, np.uint8)
    status[:, 60:] = 1
    regions = make_regions(sic, status, cell=160, smooth=0, smallest=0.5)
    found = count_types(regions, sic, stages, forms)
    expected = np.zeros_like(found)
    pixels = regions.of_lines(0, len(sic))
    for at in np.ndindex(sic.shape):
        number = pixels[at] - 1
        if np.isnan(sic[at]) or stages[at] == 255:
            continue
        if regions.kinds[number] in 'LN':
            continue
        expected[number, stages[at], min(forms[at], 7)] += sic[at]
    assert found == pytest.approx(expected)
    bare = count_types(regions, sic, stages)
    assert bare[..., 7] == pytest.approx(expected.sum(-1))
    assert not count_types(regions, sic).any()


@pytest.mark.parametrize('seed', range(3))
def test_polygons_of_one_type_give_the_charts_back(seed):
    sic, stages, forms = random_layers(seed)
    status = np.zeros(sic.shape, np.uint8)
    status[:, 64:] = 2
    regions = make_regions(sic, status, cell=80, smooth=0, smallest=0)
    codes = region_codes(regions, count_types(regions, sic, stages, forms))
    ids = regions.of_lines(0, len(sic))
    hidden = np.isin(ids, [i for i in codes if codes[i]['POLY_TYPE'] in 'LN'])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        charts = polygons_to_charts(
            np.where(hidden, 0, ids), code_table(codes)
        )
    left = slice(0, 64)
    levels = np.array([0, 2, 5, 8, 9, 10])
    pure = ~np.isin(stages, [3, 4, 5])[:, left]  # 8, 9 and 10 may share one
    for task, truth in (('SIC', levels[stages]), ('SOD', stages)):
        assert (charts[task][:, left] == truth[:, left])[pure].all()
    assert (charts['FLOE'][:, left] == forms[:, left])[pure].all()
    assert (charts['SIC'][:, 64:] == 255).all()
    error = np.abs(
        charts['SIC'][:, left] - levels[stages][:, left].astype(int)
    )
    assert error.max() <= 2
