"""The CF file read back by another library, and by a checker of CF."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from mmseaice.charts import TASKS
from mmseaice.errors import PredictionError
from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.products.netcdf import write_netcdf
from mmseaice.testing import make_charted


@pytest.fixture(scope='module')
def charted():
    scene = make_charted(530, 140)
    scene['SIC_std'] = scene['SIC'] / 10
    scene.attrs |= {'passes': '[{"spacing": 80}]', 'institution': 'Anywhere'}
    return scene


@pytest.fixture(scope='module')
def path(charted, tmp_path_factory):
    return write_netcdf(charted, tmp_path_factory.mktemp('nc') / 'scene.nc')


@pytest.mark.parametrize(
    ('name', 'factor'),
    [
        ('SIC', 10),
        ('SIC_low', 10),
        ('SIC_high', 10),
        ('SIC_std', 10),
        ('SOD_entropy', 1),
        ('FLOE_entropy', 1),
    ],
)
def test_real_layers_come_back_within_packing(charted, path, name, factor):
    step = 0.1 if factor == 10 else 0.001
    with xr.open_dataset(path) as file:
        miss = np.abs(file[name].values - charted[name].values * factor)
        assert np.nanmax(miss) <= 0.501 * step
        blank = np.isnan(charted[name].values)
        np.testing.assert_array_equal(np.isnan(file[name].values), blank)
        assert file[name].attrs['units'] == ('%' if factor == 10 else '1')


def test_fraction_is_a_hundredth_of_percent(path):
    with xr.open_dataset(path) as file:
        percent, fraction = file['SIC'], file['SIC_fraction']
        np.testing.assert_allclose(fraction * 100, percent, atol=1e-4)
        assert (percent.attrs['units'], fraction.attrs['units']) == ('%', '1')
        for layer in (percent, fraction):
            name = layer.attrs['standard_name']
            assert name == 'sea_ice_area_fraction'
        names = percent.attrs['long_name'], fraction.attrs['long_name']
        assert names[1] == f'{names[0]} as a fraction of 1'


def test_class_layers_come_back_exactly(charted, path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        for name in ('SOD', 'FLOE', 'SOD_set', 'FLOE_set', 'status'):
            stored, values = file[name][:], charted[name].values
            assert stored.dtype == np.uint8
            np.testing.assert_array_equal(stored, values)
        for name in ('SOD', 'FLOE'):
            assert file[name]._FillValue == 255
            words = file[name].flag_meanings.split()
            assert len(words) == len(file[name].flag_values)
            assert words[1] == TASKS[name].classes[1].replace(' ', '_')
            masks = file[f'{name}_set'].flag_masks
            np.testing.assert_array_equal(masks, 2 ** np.arange(len(words)))
        assert file['status'].flag_meanings == 'charted land no_data'


def test_places_are_those_of_pixel_centres_to_a_metre(charted, path):
    lines, samples = (np.arange(charted.sizes[n]) + 0.5 for n in ('y', 'x'))
    true = Geolocation.from_scene(charted).grid(lines, samples)
    with xr.open_dataset(path) as file:
        assert file['SIC'].coords['latitude'].dims == ('y', 'x')
        found = file['latitude'].values, file['longitude'].values
        assert file['time'].values == np.datetime64('2018-06-07T18:43:26')
    metres = 111_200 * (found[0] - true[0])
    assert np.abs(metres).max() < 1
    metres = 111_200 * np.cos(np.radians(true[0])) * (found[1] - true[1])
    assert np.abs(metres).max() < 1


def test_provenance(charted, path):
    with netCDF4.Dataset(path) as file:
        assert file.Conventions == 'CF-1.11'
        assert 'Not for navigation' in file.comment
        assert file.institution == 'Anywhere'
        assert charted.attrs['scene_id'] in file.title
        assert file.id == charted.attrs['scene_id']
        for name in ('model', 'checkpoint', 'checkpoint_sha256', 'passes'):
            assert getattr(file, name) == charted.attrs[name]
        assert file.software_version == charted.attrs['software']
        assert file.input == charted.attrs['source']
        assert {'source', 'history', 'references'} <= set(file.ncattrs())
        assert 'calibration' not in file.ncattrs()
        assert set(file['SIC'].ancillary_variables.split()) == {
            'status',
            'SIC_low',
            'SIC_high',
            'SIC_std',
        }
        assert file['SIC'].filters()['zlib']


def test_one_task_and_an_offset_of_time_will_do(charted, tmp_path):
    one = charted[['SOD', 'status', 'latitude', 'longitude']]
    one = one.assign_attrs(acquisition_time='2018-06-07T20:43:26+02:00')
    with xr.open_dataset(write_netcdf(one, tmp_path / 'a.nc')) as file:
        assert set(file.data_vars) == {'SOD', 'status', 'crs'}
        assert file['time'].values == np.datetime64('2018-06-07T18:43:26')


@pytest.mark.parametrize('lacking', [['SIC', 'SOD', 'FLOE'], ['status']])
def test_what_is_no_charted_scene_is_refused(charted, tmp_path, lacking):
    with pytest.raises(PredictionError, match='a charted scene with'):
        write_netcdf(charted.drop_vars(lacking), tmp_path / 'a.nc')
    assert not list(tmp_path.iterdir())


def write_with_small_files(charted, folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        write_netcdf(charted, folder / 'a.nc')
    except OSError as error:
        (folder / 'said').write_text(str(error))


def test_a_full_disk_leaves_nothing(charted, tmp_path):
    context = multiprocessing.get_context('fork')
    process = context.Process(
        target=write_with_small_files, args=(charted, tmp_path)
    )
    process.start()
    process.join(60)
    assert 'Is the disk full?' in (tmp_path / 'said').read_text()
    assert [found.name for found in tmp_path.iterdir()] == ['said']


@pytest.mark.extras
def test_the_checker_of_cf_finds_nothing(path):
    checker = shutil.which('compliance-checker') or shutil.which(
        'compliance-checker', path=Path(sys.executable).parent
    )
    if checker is None:
        pytest.skip('compliance-checker is not installed')
    command = [checker, '--test=cf:1.11', '--criteria=strict', str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'All tests passed!' in done.stdout
