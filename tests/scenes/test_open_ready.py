from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import (
    EmptySceneError,
    MissingVariableError,
    ReleaseError,
    SceneDimensionError,
    SceneFileError,
)
from mmseaice.scenes import open_scene

SAR = {
    'HH': 'nersc_sar_primary',
    'HV': 'nersc_sar_secondary',
    'incidence_angle': 'sar_incidenceangle',
}


@pytest.fixture(scope='module')
def ready(tmp_path_factory, write_ready):
    written = write_ready(tmp_path_factory.mktemp('ready'))
    return written, open_scene(written.path)


def test_physical_values(ready):
    (_, truth), scene = ready
    for name, source in SAR.items():
        expected = np.where(truth['blank'], np.nan, truth[source])
        assert scene[name].dtype == np.float32
        assert scene[name].dims == ('y', 'x')
        np.testing.assert_allclose(scene[name], expected, atol=2e-5)
    # Zones are complete where the SAR is blank.
    np.testing.assert_allclose(
        scene.distance_zone, truth['distance_map'], atol=2e-5
    )
    for name in ('btemp_6_9h', 'btemp_89_0v', 'u10m_rotated', 'tclw'):
        assert scene[name].dims == ('y_2km', 'x_2km')
        np.testing.assert_allclose(scene[name], truth[name], atol=5e-5)


def test_sar_stays_valid_where_concentration_is_unlabelled(ready):
    (_, truth), scene = ready
    unlabelled = (truth['SIC'] == 255) & ~truth['blank']
    assert unlabelled.any()
    assert np.isfinite(scene.HH.values[unlabelled]).all()


def test_charts_are_untouched(ready):
    (_, truth), scene = ready
    for name in ('SIC', 'SOD', 'FLOE'):
        assert scene[name].dtype == np.uint8
        np.testing.assert_array_equal(scene[name], truth[name])


def test_attributes(ready):
    (path, _), scene = ready
    expected = dict(
        scene_id='20180607T184326_dmi',
        product_id=(
            'S1B_EW_GRDM_1SDH_20180607T184326_20180607T184426'
            '_011268_014AFD_A4E5'
        ),
        ice_service='dmi',
        acquisition_time='2018-06-07T18:43:26',
        absolute_orbit=11268,
        chart_id='dmi_201806071845_CentralEast_RIC',
        pixel_spacing=80.0,
        release='Dec-2022',
        kind='ready',
        mask='chart',
        label_rule='autoice 0.65/0.65',
        resampling='',
        amsr2_swaths='GW1AM2_201806071500_123A_L1SGBTBR_2220220.h5',
        amsr2_delays='14399',
        path=str(path),
    )
    assert scene.attrs == expected


def test_positions_of_coarse_cells(ready):
    _, scene = ready
    # Cell i covers 25 pixels of 80 m.
    np.testing.assert_allclose(scene.y_2km[:2], [12.5, 37.5])
    assert scene.sizes['y_2km'] == (420 - 1) // 50
    assert scene.sizes['x_2km'] == (460 - 1) // 50


def test_tie_rows_run_along_lines_despite_the_dimension_names(ready):
    (_, truth), scene = ready
    assert scene.latitude.dims == ('y_tie', 'x_tie')
    np.testing.assert_array_equal(scene.latitude, truth['latitude'])
    assert (np.diff(scene.latitude, axis=0) > 0).all()
    np.testing.assert_allclose(scene.y_tie, (truth['lines'] + 0.5) / 2)
    np.testing.assert_allclose(scene.x_tie, (truth['samples'] + 0.5) / 2)


@pytest.mark.parametrize('odd', [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize('shape', [(200, 210), (250, 305)])
def test_tie_positions_of_odd_raw_sizes(tmp_path, write_ready, shape, odd):
    raw = tuple(2 * n + o for n, o in zip(shape, odd, strict=True))
    path, truth = write_ready(tmp_path, shape=shape, raw_shape=raw)
    scene = open_scene(path, variables=['latitude', 'longitude'])
    # Up to the dropped pixel where that moves the last point only.
    for name, axis in (('lines', 'y_tie'), ('samples', 'x_tie')):
        expected = (truth[name] + 0.5) / 2
        np.testing.assert_allclose(scene[axis][:-1], expected[:-1])
        assert abs(scene[axis][-1] - expected[-1]) <= 0.5


def test_october_release_is_found_and_used(tmp_path, write_ready):
    path, truth = write_ready(tmp_path, release='Oct-2022')
    scene = open_scene(path)
    assert scene.release == 'Oct-2022'
    assert scene.label_rule == 'autoice 0.70/0.50'
    valid = ~truth['blank']
    np.testing.assert_allclose(
        scene.HH.values[valid], truth['nersc_sar_primary'][valid], atol=2e-5
    )
    with pytest.raises(ReleaseError, match='auto'):
        open_scene(path, release='Dec-2022')


def test_unknown_release_must_be_given(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, on_lattice=False)
    with pytest.raises(ReleaseError, match='Give release='):
        open_scene(path)
    assert open_scene(path, release='Dec-2022').release == 'Dec-2022'


def test_test_scene_without_charts(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, charts=False)
    scene = open_scene(path)
    assert 'SIC' not in scene
    assert scene.label_rule == ''
    with pytest.raises(MissingVariableError, match='_prep_reference'):
        open_scene(path, variables=['SIC'])


def test_reference_file_is_merged(tmp_path, write_ready):
    path, truth = write_ready(tmp_path, charts=False, reference=True)
    scene = open_scene(path)
    assert scene.label_rule == 'autoice 0.65/0.65'
    np.testing.assert_array_equal(scene.FLOE, truth['FLOE'])


def test_reference_file_replaces_empty_charts(tmp_path, write_ready):
    path, truth = write_ready(tmp_path, reference=True)
    with netCDF4.Dataset(path, 'a') as file:
        for name in ('SIC', 'SOD', 'FLOE'):
            file[name][:] = 255
    np.testing.assert_array_equal(open_scene(path).SIC, truth['SIC'])


def test_reference_file_alone_is_no_scene(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, charts=False, reference=True)
    beside = path.with_name(path.stem + '_reference.nc')
    with pytest.raises(SceneFileError, match=r"'_prep\.nc'"):
        open_scene(beside)


def test_reference_of_another_scene(tmp_path, write_ready):
    write_ready(tmp_path, charts=False, reference=True)
    path, _ = write_ready(tmp_path, charts=False, shape=(220, 230))
    with pytest.raises(SceneDimensionError, match='different scenes'):
        open_scene(path)


def test_all_masked_charts_open(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['SOD'][:] = 255
    assert (open_scene(path).SOD == 255).all()


def test_one_time_two_services(tmp_path, write_ready):
    first, _ = write_ready(tmp_path)
    second, _ = write_ready(tmp_path, chart='cis_SGRDIEA_20180607T1845Z_pl_a')
    assert first != second
    ids = [open_scene(p, variables=['HH']).scene_id for p in (first, second)]
    assert ids == ['20180607T184326_dmi', '20180607T184326_cis']


def test_scene_is_named_without_original_id(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file.original_id = ''
    scene = open_scene(path, variables=['HH'])
    assert scene.scene_id == '20180607T184326_dmi'
    assert scene.chart_id == ''
    with netCDF4.Dataset(path, 'a') as file:
        file.ice_service = ''
    with pytest.raises(SceneFileError, match='ice service'):
        open_scene(path)


def test_only_the_wanted_variables(ready):
    (path, _), scene = ready
    part = open_scene(path, variables=('HV', 'SOD'))
    assert set(part.data_vars) == {'HV', 'SOD', 'latitude', 'longitude'}
    assert set(part.coords) == {'y_tie', 'x_tie'}
    np.testing.assert_array_equal(part.HV, scene.HV)
    with pytest.raises(ValueError, match="'nersc_sar_primary'"):
        open_scene(path, variables=['nersc_sar_primary'])


@pytest.mark.parametrize(
    'options',
    [
        {'mask': 'land'},
        {'mask': 'none'},
        {'rules': 'accumulate'},
        {'sod_threshold': 0.7},
    ],
)
def test_choices_made_before_the_file_was_written(ready, options):
    (path, _), _ = ready
    with pytest.raises(ValueError, match='raw file'):
        open_scene(path, **options)
    open_scene(
        path, mask='chart', floe_threshold=0.65, variables=['longitude']
    )


def test_empty_sar(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, sar='empty')
    with pytest.raises(EmptySceneError, match=path.name):
        open_scene(path)


def test_missing_variable(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, drop=['nersc_sar_secondary'])
    with pytest.raises(MissingVariableError, match='nersc_sar_secondary'):
        open_scene(path)


def test_wrong_dimensions(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, drop=['distance_map'])
    with netCDF4.Dataset(path, 'a') as file:
        file.createVariable('distance_map', 'f4', ('sar_samples', 'sar_lines'))
    with pytest.raises(SceneDimensionError, match=r'sar_lines, sar_samples'):
        open_scene(path)


def test_coarse_grid_of_another_size(tmp_path, write_ready):
    path, _ = write_ready(tmp_path, raw_shape=(520, 460))
    with pytest.raises(SceneDimensionError, match='cells of 2 km'):
        open_scene(path)


def test_values_that_are_no_class(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['FLOE'][5, 5] = 7
    with pytest.raises(SceneFileError, match=r'FLOE of 0\.\.6'):
        open_scene(path)


def change(path, name, values, dims=None):
    """Put another variable in the place of one."""
    with netCDF4.Dataset(path, 'a') as file:
        dims = dims or file[name].dimensions
        file.renameVariable(name, f'old_{name}')
        for dim, size in zip(dims, np.shape(values), strict=True):
            if dim not in file.dimensions:
                file.createDimension(dim, size)
        kind = values.dtype if values.dtype.kind != 'U' else str
        file.createVariable(name, kind, dims)[:] = values


def test_ready_scene_without_latitude(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file.renameVariable('sar_grid2d_latitude', 'old')
    with pytest.raises(MissingVariableError, match="'sar_grid2d_latitude'"):
        open_scene(path)


@pytest.mark.parametrize('number', [np.nan, 90.5, -1e30])
def test_tie_points_off_the_earth(tmp_path, write_ready, number):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file['sar_grid2d_latitude'][3, 4] = number
    with pytest.raises(SceneFileError, match=rf'{path.name}.*latitude'):
        open_scene(path)


def test_tie_grid_of_one_row(tmp_path, write_ready):
    path, truth = write_ready(tmp_path)
    for name in ('latitude', 'longitude'):
        row = truth[name][:1]
        with netCDF4.Dataset(path, 'a') as file:
            for dim in file[f'sar_grid2d_{name}'].dimensions:
                if not dim.startswith('all_'):
                    file.renameDimension(dim, f'all_{dim}')
        dims = ('sar_sample_2dgrid_points', 'sar_line_2dgrid_points')
        change(path, f'sar_grid2d_{name}', row, dims)
    with pytest.raises(SceneDimensionError, match='3 x 3'):
        open_scene(path)


def test_tie_grids_that_are_swapped_to_each_other(tmp_path, write_ready):
    path, truth = write_ready(tmp_path)
    swapped = ('sar_line_2dgrid_points', 'sar_sample_2dgrid_points')
    change(path, 'sar_grid2d_longitude', truth['longitude'], swapped)
    with pytest.raises(SceneDimensionError, match='on one grid'):
        open_scene(path)


@pytest.mark.parametrize('name', ['SIC', 'tcwv', 'btemp_6_9h', 'distance_map'])
def test_text_in_place_of_numbers(tmp_path, write_ready, name):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path) as file:
        shape = file[name].shape
    change(path, name, np.full(shape, 'x'))
    with pytest.raises(SceneFileError, match=rf"{path.name}.*'{name}'"):
        open_scene(path)


def test_odd_attributes(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        file.flip = [0, 1]
    with pytest.raises(SceneFileError, match=rf'{path.name}.*flip'):
        open_scene(path)
    with netCDF4.Dataset(path, 'a') as file:
        file.flip = 0
        file['tclw'].scale_factor = 'two'
    with pytest.raises(SceneFileError, match=path.name):
        open_scene(path)


def test_fractions_of_a_class(tmp_path, write_ready):
    path, truth = write_ready(tmp_path)
    chart = truth['SIC'].astype(np.float32)
    change(path, 'SIC', chart)
    np.testing.assert_array_equal(open_scene(path).SIC, truth['SIC'])
    path, truth = write_ready(tmp_path)
    chart[5, 50] = 3.5
    change(path, 'SIC', chart)
    with pytest.raises(SceneFileError, match='fractions'):
        open_scene(path)


@pytest.mark.parametrize('axes', [(0,), (1,), (0, 1)])
def test_tie_points_in_one_place_or_on_a_line(tmp_path, write_ready, axes):
    path, truth = write_ready(tmp_path)
    with netCDF4.Dataset(path, 'a') as file:
        for name in ('latitude', 'longitude'):
            values = truth[name]
            for axis in axes:
                first = values.take([0], axis)
                values = np.broadcast_to(first, truth[name].shape)
            file[f'sar_grid2d_{name}'][:] = values
    with pytest.raises(SceneFileError, match=rf'{path.name}.*span an area'):
        open_scene(path)


def test_a_file_without_lines(tmp_path, write_ready):
    path, _ = write_ready(tmp_path)
    empty(path)
    for lines in (None, (0, 2)):
        with pytest.raises(EmptySceneError, match=rf'{path.name}.*\(0, 230\)'):
            open_scene(path, lines=lines)


def empty(path):
    """Write a file again without the lines of its SAR."""
    with netCDF4.Dataset(path) as old:
        content = (
            old.__dict__,
            {
                name: (variable.dimensions, variable[:], variable.dtype)
                for name, variable in old.variables.items()
            },
        )
    with netCDF4.Dataset(path, 'w') as file:
        file.setncatts(content[0])
        for name, (dims, values, kind) in content[1].items():
            for dim, size in zip(dims, values.shape, strict=True):
                if dim not in file.dimensions:
                    size = None if dim == 'sar_lines' else size
                    file.createDimension(dim, size)
            variable = file.createVariable(name, kind, dims)
            if 'sar_lines' not in dims:
                variable[:] = values
