from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from mmseaice.charts.risk import NO_LEVEL, NO_RIO, risk_values
from mmseaice.errors import PredictionError
from mmseaice.scenes import Geolocation
from mmseaice.scenes.products.risk import level_limits, risk_layers, write_risk
from mmseaice.testing import make_charted


def test_every_pixel_is_its_own_sum():
    charted = make_charted(seed=3)
    # Without contradictions: ice where there is a stage, water elsewhere.
    ice = charted['SOD'].values > 0
    sic = charted['SIC'].clip(0.6).where(ice, charted['SIC'] * 0)
    charted = charted.assign(SIC=sic)
    risk = risk_layers(charted, 'IA Super')
    values = risk_values('IA Super')
    assert risk['RIO'].dtype == np.int16
    assert risk['risk_level'].dtype == np.uint8
    for y, x in np.random.default_rng(0).integers(0, 120, (300, 2)):
        rio = risk['RIO'].values[y, x]
        level = risk['risk_level'].values[y, x]
        if charted['status'].values[y, x] > 0:
            assert (rio, level) == (NO_RIO, NO_LEVEL)
            continue
        tenths = float(sic.values[y, x])
        value = values[charted['SOD'].values[y, x]]
        assert rio == np.floor(tenths * value + (10 - tenths) * 3)
        assert level == (0 if rio >= 0 else 2)
    assert 'Not for navigation' in risk.attrs['comment']
    assert risk.attrs['ship_class'] == 'IA Super'
    assert risk['RIO'].attrs['nodata'] == NO_RIO


def test_ice_that_is_charted_as_open_water_is_unknown():
    charted = make_charted()
    charted['SOD'][:] = 0
    risk = risk_layers(charted)
    sic = charted['SIC'].values
    known = risk['RIO'].values != NO_RIO
    assert known[sic < 0.5].all()
    assert not known[sic > 0.5].any()
    assert set(np.unique(risk['RIO'].values[known])) == {30}


def test_limits_of_levels_are_those_of_the_ship():
    assert level_limits('IA Super') == (
        'normal: RIO from 0; special consideration: RIO below 0'
    )
    assert level_limits('PC7').count('elevated') == 1


def test_a_scene_without_stages_is_refused():
    with pytest.raises(PredictionError, match='without SOD'):
        risk_layers(make_charted().drop_vars('SOD'))


def test_files_hold_the_pixels_at_their_places(tmp_path):
    charted = make_charted()
    risk = risk_layers(charted, 'PC3')
    paths = write_risk(charted, tmp_path / 'scene', 'PC3')
    assert [path.name for path in paths] == [
        'scene_RIO.tif',
        'scene_risk_level.tif',
    ]
    y, x = np.random.default_rng(0).integers(2, 118, (2, 400))
    latitude, longitude = Geolocation.from_scene(charted).at(y + 0.5, x + 0.5)
    to_map = Transformer.from_crs('EPSG:4326', 'EPSG:3413', always_xy=True)
    places = np.column_stack(to_map.transform(longitude, latitude))
    for name, path in zip(('RIO', 'risk_level'), paths, strict=True):
        with rasterio.open(path) as file:
            found = np.array(list(file.sample(places)))[:, 0]
            assert file.nodata == risk[name].attrs['nodata']
            assert 'Not for navigation' in file.tags()['comment']
            assert file.tags()['ship_class'] == 'PC3'
            assert file.tags()['risk_values'] == (
                'open water 3, new ice 3, young ice 3, thin first-year ice 2, '
                'thick first-year ice 2, old ice -1'
            )
            assert file.tags()['risk_levels'] == (
                'normal: RIO from 0; elevated: RIO from -10 to below 0; '
                'special consideration: RIO below -10'
            )
            assert 'table 1.1' in file.tags()['level_source']
            if name == 'risk_level':
                flags = file.tags(1)
                assert flags['flag_values'] == '[0, 1, 2]'
                assert len(flags['flag_meanings'].split()) == 3
        pixels = risk[name].values
        # A cell may see the next pixel: compare where neighbours agree.
        shifted = [
            pixels[y + i, x + j] for i in (-1, 0, 1) for j in (-1, 0, 1)
        ]
        even = (np.ptp(np.array(shifted, int), axis=0)) == 0
        assert even.sum() > 20
        assert (found == pixels[y, x])[even].all()
