from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import (
    EmptySceneError,
    MissingVariableError,
    PolygonCodeError,
    SceneDimensionError,
    SceneFileError,
)
from mmseaice.scenes import open_scene


@pytest.fixture(scope='module')
def raw(tmp_path_factory, write_raw):
    written = write_raw(tmp_path_factory.mktemp('raw'))
    return written, open_scene(written.path)


def sar_gaps(truth):
    return np.isnan(truth['hh']) | np.isnan(truth['hv'])


def test_sar_is_as_read_where_both_channels_and_the_chart_are(raw):
    (_, truth), scene = raw
    invalid = sar_gaps(truth) | np.isnan(truth['polygon'])
    for name, source in (('HH', 'hh'), ('HV', 'hv')):
        expected = np.where(invalid, np.nan, truth[source])
        np.testing.assert_array_equal(scene[name], expected)
    np.testing.assert_array_equal(np.isnan(scene.incidence_angle), invalid)
    assert scene.HH.values[200, 300] == np.float32(-380.1)


def test_masks(raw):
    (path, truth), _ = raw
    gaps = sar_gaps(truth)
    for mask, invalid in (
        ('none', gaps),
        ('land', gaps | (truth['zone'] == 0)),
        ('chart', gaps | np.isnan(truth['polygon'])),
    ):
        scene = open_scene(path, mask=mask, variables=['HV'])
        assert scene.mask == mask
        np.testing.assert_array_equal(np.isnan(scene.HV), invalid)
    with pytest.raises(ValueError, match="chart, land, none, but got 'sea'"):
        open_scene(path, mask='sea')


def test_charts_and_polygons(raw):
    (_, truth), scene = raw
    polygon = truth['polygon']
    for name, classes in (
        ('SIC', {29: 10, 47: 8, 76: 0}),
        ('SOD', {29: 4, 47: 4, 76: 0}),
        ('FLOE', {47: 5, 76: 0}),
    ):
        expected = np.full(polygon.shape, 255, np.uint8)
        for number, label in classes.items():
            expected[polygon == number] = label
        assert scene[name].dtype == np.uint8
        np.testing.assert_array_equal(scene[name], expected)
    assert scene.polygon_id.dtype == np.uint16
    np.testing.assert_array_equal(scene.polygon_id, np.nan_to_num(polygon))
    assert scene.polygon_codes.dims == ('polygon_row',)
    assert scene.polygon_codes.values[0].startswith('poly_id;CT')
    assert len(scene.polygon_codes) == 5


def test_integer_polygon_ids(tmp_path, raw, write_raw):
    _, scene = raw
    path, _ = write_raw(tmp_path, ids='uint16')
    other = open_scene(path)
    for name in ('SIC', 'SOD', 'FLOE', 'polygon_id', 'HH'):
        np.testing.assert_array_equal(other[name], scene[name])


def test_rules_and_thresholds_are_recorded(raw):
    (path, _), scene = raw
    assert scene.label_rule == 'autoice 0.65/0.65'
    october = open_scene(path, release='Oct-2022', variables=['SOD'])
    assert october.label_rule == 'autoice 0.70/0.50'
    # 70 % of polygon 29 is thick first-year ice, 71 % of it is not.
    own = open_scene(
        path, rules='accumulate', sod_threshold=0.71, variables=['SOD']
    )
    assert own.label_rule == 'accumulate 0.71/0.65'
    assert (own.SOD.values[:300, :150] == 255).all()
    assert (october.SOD.values[:300, :150] == 4).all()


def test_tie_points_in_any_order(raw):
    (_, truth), scene = raw
    np.testing.assert_array_equal(scene.latitude, truth['latitude'])
    np.testing.assert_array_equal(scene.longitude, truth['longitude'])
    np.testing.assert_array_equal(scene.y_tie, truth['lines'] + 0.5)
    np.testing.assert_array_equal(scene.x_tie, truth['samples'] + 0.5)


def test_grid_of_another_shape(tmp_path, write_raw):
    path, truth = write_raw(tmp_path, shape=(420, 470), step=23)
    scene = open_scene(path)
    assert scene.latitude.shape == truth['latitude'].shape != (21, 21)
    np.testing.assert_array_equal(scene.latitude, truth['latitude'])


def test_incidence_angle_is_bilinear(raw):
    (_, truth), scene = raw
    height, width = truth['hh'].shape
    y, x = np.mgrid[:height, :width]
    expected = 19 + 27 * x / width + 0.01 * y / height
    valid = np.isfinite(scene.HH.values)
    assert scene.incidence_angle.dtype == np.float32
    np.testing.assert_allclose(
        scene.incidence_angle.values[valid], expected[valid], atol=1e-5
    )


def test_coarse_grid(raw):
    (_, truth), scene = raw
    assert scene.t2m.dtype == np.float32
    np.testing.assert_allclose(scene.t2m, truth['t2m'], rtol=1e-6)
    np.testing.assert_array_equal(
        scene.btemp_36_5v, truth['btemp_36_5v'].astype(np.float32)
    )
    np.testing.assert_allclose(scene.y_2km, 25 + 50 * np.arange(8))


@pytest.mark.parametrize('lines', [449, 450, 451, 500])
def test_coarse_size_beside_multiples_of_50(tmp_path, write_raw, lines):
    path, _ = write_raw(tmp_path, shape=(lines, 460))
    scene = open_scene(path, variables=['t2m'])
    assert scene.sizes['y_2km'] == (lines - 1) // 50
    assert scene.y_2km[-1] + 25 <= lines


def test_attributes(raw):
    (path, _), scene = raw
    expected = dict(
        scene_id='20180607T184326_dmi',
        chart_id='dmi_201806071845_CentralEast_RIC',
        absolute_orbit=11268,
        pixel_spacing=40.0,
        release='Dec-2022',
        kind='raw',
        mask='chart',
        amsr2_swaths='GW1AM2_a.h5, GW1AM2_b.h5',
        amsr2_delays='5469, 11409',
        path=str(path),
    )
    assert expected.items() <= scene.attrs.items()


def test_renamed_file_is_known_by_its_attributes(tmp_path, write_raw, raw):
    _, scene = raw
    path, _ = write_raw(tmp_path, name='copy.nc')
    copy = open_scene(path, variables=['HH'])
    for key in ('scene_id', 'chart_id', 'product_id', 'absolute_orbit'):
        assert copy.attrs[key] == scene.attrs[key]


def test_test_file_without_polygons(tmp_path, write_raw):
    path, truth = write_raw(
        tmp_path,
        polygons=False,
        name=(
            'S1B_EW_GRDM_1SDH_20180607T184326_20180607T184426_011268_014AFD_'
            'A4E5_icechart_dmi_201806071845_CentralEast_RIC_testdata.nc'
        ),
    )
    scene = open_scene(path)
    assert scene.mask == 'land'
    assert (scene.label_rule, 'SIC' in scene) == ('', False)
    assert scene.scene_id == '20180607T184326_dmi'
    np.testing.assert_array_equal(
        np.isnan(scene.HH), sar_gaps(truth) | (truth['zone'] == 0)
    )
    with pytest.raises(MissingVariableError, match="mask='land'"):
        open_scene(path, mask='chart')
    with pytest.raises(MissingVariableError, match='polygon_id'):
        open_scene(path, variables=['polygon_id'])


def test_only_the_wanted_variables(raw):
    (path, _), scene = raw
    part = open_scene(path, variables=['incidence_angle', 'tclw'])
    assert set(part.data_vars) == {
        'incidence_angle',
        'tclw',
        'latitude',
        'longitude',
    }
    np.testing.assert_array_equal(part.incidence_angle, scene.incidence_angle)


def test_empty_sar(tmp_path, write_raw):
    path, _ = write_raw(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['nersc_sar_secondary'][:] = np.nan
    with pytest.raises(EmptySceneError, match=path.name):
        open_scene(path)


def test_incomplete_tie_grid(tmp_path, write_raw):
    path, _ = write_raw(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['sar_grid_line'][7] += 1
    with pytest.raises(SceneDimensionError, match='tie points'):
        open_scene(path)


def test_broken_code_table(tmp_path, write_raw):
    path, _ = write_raw(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['polygon_codes'][1] = '29;92;30'
    with pytest.raises(PolygonCodeError, match='29;92;30'):
        open_scene(path)


def test_errors_and_warnings_of_the_chart_name_the_file(tmp_path, write_raw):
    path, _ = write_raw(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['polygon_icechart'][0, 0] = 1234
    with pytest.warns(UserWarning, match=rf'{path.name}: polygons 1234'):
        open_scene(path)
    with netCDF4.Dataset(path, 'a') as file:
        file['polygon_codes'][1] = '29;92;30'
    with pytest.raises(PolygonCodeError, match=path.name):
        open_scene(path)


def test_pixels_without_incidence_angle_are_invalid(tmp_path, write_raw):
    path, truth = write_raw(tmp_path, shuffle=False)
    with netCDF4.Dataset(path, 'a') as file:
        points = len(truth['samples'])
        file['sar_grid_incidenceangle'][-points:] = np.nan
    scene = open_scene(path, mask='none')
    lost = np.isnan(scene.incidence_angle.values)
    row = truth['lines'][-2]
    assert lost[row + 1 :].all()
    assert not lost[:row].all()
    for name in ('HH', 'HV'):
        np.testing.assert_array_equal(np.isnan(scene[name]), lost)
    alone = open_scene(path, mask='none', variables=['HH'])
    np.testing.assert_array_equal(np.isnan(alone.HH), lost)
    with netCDF4.Dataset(path, 'a') as file:
        file['sar_grid_incidenceangle'][:] = np.nan
    with pytest.raises(EmptySceneError, match=path.name):
        open_scene(path)


@pytest.mark.parametrize('number', [-1, 65536 + 29])
def test_polygon_ids_do_not_wrap(tmp_path, write_raw, number):
    path, truth = write_raw(tmp_path)
    ids = np.nan_to_num(truth['polygon']).astype(np.int32)
    ids[0, 0] = number
    with netCDF4.Dataset(path, 'a') as file:
        file.renameVariable('polygon_icechart', 'old')
        dims = file['old'].dimensions
        file.createVariable('polygon_icechart', 'i4', dims)[:] = ids
    with pytest.raises(PolygonCodeError, match=r'polygon ids of 0\.\.65535'):
        open_scene(path)


@pytest.mark.parametrize(
    'name', ['polygon_icechart', 'sar_grid_line', 'sar_grid_latitude', 'skt']
)
def test_text_in_place_of_numbers(tmp_path, write_raw, name):
    path, _ = write_raw(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file.renameVariable(name, 'old')
        file.createVariable(name, str, file['old'].dimensions)
    with pytest.raises(SceneFileError, match=rf"{path.name}.*'{name}'"):
        open_scene(path)


def test_impossible_time_in_the_name(tmp_path, write_raw):
    product = (
        'S1B_EW_GRDM_1SDH_20180631T184326_20180631T184426_011268_014AFD_A4E5'
    )
    path, _ = write_raw(tmp_path, product=product)
    with pytest.raises(SceneFileError, match=path.name):
        open_scene(path)
