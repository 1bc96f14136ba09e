import re
import warnings

import netCDF4
import numpy as np
import pytest
import xarray as xr

from mmseaice.charts import TASKS
from mmseaice.errors import PredictionError, SceneFileError
from mmseaice.evaluation.functional import autoice_scores, round_to_classes
from mmseaice.scenes import read_published_split
from mmseaice.scenes.products.autoice import (
    read_upload_package,
    write_upload_package,
)
from mmseaice.testing import make_charted

pytestmark = pytest.mark.filterwarnings('ignore:.*the challenge')


def classes_of(scene, task):
    values = round_to_classes(scene[task].values, TASKS[task])
    return np.nan_to_num(values, nan=255).astype(np.uint8)


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    scenes = [make_charted(90 + 5 * s, 80 + s, seed=s) for s in range(3)]
    path = tmp_path_factory.mktemp('package') / 'upload_package.nc'
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert write_upload_package(iter(scenes), path) == path
    return path, scenes


def test_format_is_the_challenges(written):
    path, scenes = written
    with netCDF4.Dataset(path) as file:
        assert file.data_model == 'NETCDF4'
        assert file.ncattrs() == []
        names = [
            f'{scene.attrs["scene_id"]}_{task}'
            for scene in scenes
            for task in ('SIC', 'SOD', 'FLOE')
        ]
        assert list(file.variables) == names
        assert set(file.dimensions) == {
            f'{name}_dim{axis}' for name in names for axis in (0, 1)
        }
        for name, variable in file.variables.items():
            assert variable.dtype == np.uint8
            assert variable.dimensions == (f'{name}_dim0', f'{name}_dim1')
            assert variable.ncattrs() == []
            filters = variable.filters()
            assert filters['zlib']
            assert filters['shuffle']
            assert filters['complevel'] == 1


def test_same_structure_as_the_starter_kits_call(written, tmp_path):
    """The starter kit writes with xarray, zlib and level 1."""
    path, _ = written
    mine = xr.open_dataset(path, engine='netcdf4')
    other = tmp_path / 'other.nc'
    encoding = {name: dict(zlib=True, complevel=1) for name in mine}
    mine.to_netcdf(
        other, format='netcdf4', engine='netcdf4', encoding=encoding
    )
    for name in ('filters', 'chunking', 'ncattrs', 'endian'):
        with netCDF4.Dataset(path) as a, netCDF4.Dataset(other) as b:
            for variable in a.variables:
                one, two = (getattr(f[variable], name)() for f in (a, b))
                assert one == two, name


def test_read_back(written):
    path, scenes = written
    found = read_upload_package(path)
    assert list(found) == [scene.attrs['scene_id'] for scene in scenes]
    for scene in scenes:
        for task, chart in found[scene.attrs['scene_id']].items():
            np.testing.assert_array_equal(chart, classes_of(scene, task))
            assert (chart == 255).any()


def test_scores_of_the_package_are_those_of_the_charts(written):
    path, scenes = written
    package = read_upload_package(path)
    rng = np.random.default_rng(0)
    truth, direct, packed = {}, {}, {}
    for task in TASKS:
        direct[task] = [classes_of(scene, task) for scene in scenes]
        packed[task] = [charts[task] for charts in package.values()]
        truth[task] = [rng.permutation(c.ravel()) for c in direct[task]]
        truth[task] = [
            np.where(c == 255, 255, t.reshape(c.shape))
            for t, c in zip(truth[task], direct[task], strict=True)
        ]
    scores = autoice_scores(truth, packed)
    assert scores == autoice_scores(truth, direct)
    assert scores['combined'] < 100


def test_warns_unless_the_scenes_are_the_challenges(written, tmp_path):
    _, scenes = written
    with pytest.warns(UserWarning, match=r'20 scenes, this one 1.* missing'):
        write_upload_package(scenes[:1], tmp_path / 'one.nc')
    for name in ('test_dec2022', 'test_oct2022'):
        ids = [scene.scene_id for scene in read_published_split(name)]
        named = (scenes[0].assign_attrs(scene_id=one) for one in ids)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            path = write_upload_package(named, tmp_path / f'{name}.nc')
        with netCDF4.Dataset(path) as file:
            assert len(file.variables) == 60


def test_mistakes_leave_no_file(written, tmp_path):
    _, scenes = written
    path = tmp_path / 'upload_package.nc'
    first = scenes[0]
    coarse = first.assign_attrs(pixel_spacing=200.0)
    for bad, said in (
        ([first, first], 'each scene once'),
        ([first, scenes[1].drop_vars('FLOE')], 'charts of SIC, SOD, FLOE'),
        ([coarse], 'charts at 80 m, but got 200.0 m'),
    ):
        with pytest.raises(PredictionError, match=re.escape(said)):
            write_upload_package(bad, path)
    with pytest.raises(ValueError, match='must hold a scene'):
        write_upload_package([], path)
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_refused(tmp_path):
    path = tmp_path / 'other.nc'
    xr.Dataset({'a_SIC': ('x', [1]), 'b': ('x', [1])}).to_netcdf(path)
    with pytest.raises(PredictionError, match='an upload package'):
        read_upload_package(path)
    with pytest.raises(SceneFileError, match='nothing there'):
        read_upload_package(tmp_path / 'no.nc')
