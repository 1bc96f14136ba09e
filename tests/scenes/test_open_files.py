from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import MissingVariableError, SceneFileError
from mmseaice.scenes import open_scene, scene_files


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(SceneFileError, match=r'gone\.nc.*nothing there'):
        open_scene(tmp_path / 'gone.nc')
    with pytest.raises(SceneFileError, match='a folder'):
        open_scene(tmp_path)


@pytest.mark.parametrize('content', [b'', b'CDF', b'# no scene\n' * 99])
def test_no_netcdf(tmp_path, content):
    path = tmp_path / 'scene.nc'
    path.write_bytes(content)
    with pytest.raises(SceneFileError, match=r'scene\.nc.*NetCDF'):
        open_scene(path)


@pytest.mark.parametrize('share', [0.05, 0.5, 0.95, 0.999])
@pytest.mark.parametrize('kind', ['ready', 'raw'])
def test_truncated(tmp_path, request, kind, share):
    path, _ = request.getfixturevalue(f'write_{kind}')(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SceneFileError, match=path.name):
        open_scene(path)


def test_damaged_inside(tmp_path):
    """A hole in compressed data shows only when the values are read."""
    from mmseaice.scenes.netcdf import NetCDFFile

    path = tmp_path / 'scene.nc'
    values = np.random.default_rng(0).normal(size=90_000)
    with netCDF4.Dataset(path, 'w') as file:
        file.createDimension('x', len(values))
        file.createVariable('field', 'f4', ('x',), zlib=True)[:] = values
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content)
    with (
        NetCDFFile(path) as file,
        pytest.raises(SceneFileError, match="readable values of 'field'"),
    ):
        file.read('field')


def test_other_netcdf(tmp_path):
    path = tmp_path / 'weather.nc'
    with netCDF4.Dataset(path, 'w') as file:
        file.createDimension('time', 3)
        file.createVariable('t2m', 'f4', ('time',))
    with pytest.raises(MissingVariableError, match=r'tie points.*t2m'):
        open_scene(path)


def test_fill_values_become_nan(tmp_path):
    from mmseaice.scenes.netcdf import NetCDFFile

    path = tmp_path / 'scene.nc'
    with netCDF4.Dataset(path, 'w') as file:
        file.createDimension('n', 3)
        ids = file.createVariable('ids', 'u2', ('n',), fill_value=65535)
        sic = file.createVariable('SIC', 'u1', ('n',), fill_value=255)
        ids[:], sic[:] = [26, 65535, 84], [0, 255, 10]
    with NetCDFFile(path) as file:
        np.testing.assert_array_equal(file.read('ids'), [26, np.nan, 84])
        assert file.read('SIC').dtype == np.uint8
        np.testing.assert_array_equal(file.read('SIC'), [0, 255, 10])


def test_scene_files(tmp_path):
    for name in (
        'train/b_prep.nc',
        'train/a_prep.nc',
        'test/c_prep.nc',
        'test/c_prep_reference.nc',
        'test/c_truth.nc',
        'test/._c_prep.nc',
        'upload_package.nc',
        'metadata.csv',
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [str(p.relative_to(tmp_path)) for p in scene_files(tmp_path)]
    assert found == ['test/c_prep.nc', 'train/a_prep.nc', 'train/b_prep.nc']
    assert scene_files(tmp_path / 'train')
    with pytest.raises(SceneFileError, match='no such folder'):
        scene_files(tmp_path / 'val')


def test_wrong_arguments_before_any_reading(tmp_path):
    with pytest.raises(ValueError, match='release must be'):
        open_scene(tmp_path / 'gone.nc', release='2022')
    with pytest.raises(ValueError, match='rules must be'):
        open_scene(tmp_path / 'gone.nc', rules='mine')
