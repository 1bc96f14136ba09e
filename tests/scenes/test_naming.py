from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmseaice.scenes import (
    parse_delays,
    parse_product_id,
    parse_swaths,
    scene_id_from_original,
)

DMI = (
    'S1A_EW_GRDM_1SDH_20180124T194759_20180124T194859_020301_022AA4_1F75'
    '_icechart_dmi_201801241950_SouthEast_RIC.nc'
)
CIS = (
    'S1B_EW_GRDM_1SDH_20200728T120112_20200728T120212_022671_02B070_0C7E'
    '_icechart_cis_SGRDIFOXE_20200728T1201Z_pl_a.nc'
)
DATA = Path(
    os.environ.get(
        'MMSEAICE_SHARED_DATA',
        Path(__file__).parents[2] / '../shared/data',
    )
)


def test_parts_of_a_raw_name():
    product = parse_product_id(DMI)
    assert product.scene_id == '20180124T194759_dmi'
    assert product.product_id == DMI[:67]
    assert (product.platform, product.stop) == ('S1A', '20180124T194859')
    assert product.absolute_orbit == 20301
    assert (product.datatake, product.crc) == ('022AA4', '1F75')
    assert product.chart_id == 'dmi_201801241950_SouthEast_RIC'
    assert product.region_id == 'SouthEast_RIC'
    assert product.acquisition_time == '2018-01-24T19:47:59'


def test_chart_of_the_canadian_service():
    product = parse_product_id(CIS)
    assert product.chart_id == 'cis_SGRDIFOXE_20200728T1201Z_pl_a'
    assert product.region_id == 'SGRDIFOXE'


@pytest.mark.parametrize(
    'name',
    [
        f'/data/raw/{DMI}',
        DMI.removesuffix('.nc'),
        DMI.replace('.nc', '_testdata.nc'),
    ],
)
def test_forms_of_one_name(name):
    assert parse_product_id(name) == parse_product_id(DMI)


@pytest.mark.parametrize('suffix', ['', '.SAFE', '.zip'])
def test_bare_product(suffix):
    product = parse_product_id(DMI[:67] + suffix)
    assert (product.ice_service, product.chart_id) == ('', '')
    with pytest.raises(ValueError, match='ice service'):
        scene_id_from_original(DMI[:67] + suffix)


@pytest.mark.parametrize('name', ['', 'scene.nc', DMI[1:], DMI[:60]])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match='name must be'):
        parse_product_id(name)


def test_same_time_and_other_service_is_another_scene():
    other = CIS.replace('cis_SGRDIFOXE_20200728T1201Z_pl_a', DMI[77:-3])
    assert scene_id_from_original(CIS) != scene_id_from_original(other)


def test_all_published_names():
    path = DATA / 'ai4arctic_scene_lists.json'
    if not path.is_file():
        pytest.skip(f'no scene lists at {path}')
    lists = json.loads(path.read_text())
    for split in ('train', 'test'):
        short = [scene_id_from_original(name) for name in lists[split]]
        assert short == lists[f'{split}_short']
        assert len(set(short)) == len(short)
        for name in lists[split]:
            product = parse_product_id(name)
            assert name == (
                f'{product.product_id}_icechart_{product.chart_id}.nc'
            )


@pytest.mark.parametrize(
    ('value', 'swaths'),
    [
        (
            'GW1AM2_201806071500_123A_L1.h5',
            ('GW1AM2_201806071500_123A_L1.h5',),
        ),
        ("[u'a_1.h5', u'b-2.h5']", ('a_1.h5', 'b-2.h5')),
        (['a.h5', 'b.h5'], ('a.h5', 'b.h5')),
        ('', ()),
    ],
)
def test_swaths(value, swaths):
    assert parse_swaths(value) == swaths


@pytest.mark.parametrize(
    ('value', 'delays'),
    [
        ('14399', (14399,)),
        (14399, (14399,)),
        ('[ 5469 11409]', (5469, 11409)),
        (np.array([5469, -11409]), (5469, -11409)),
        ('1e3 s', (1000,)),
        ('n. a.', ()),
        ('', ()),
    ],
)
def test_delays(value, delays):
    assert parse_delays(value) == delays
