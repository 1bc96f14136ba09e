"""GeoTIFFs against an independent way from a pixel to its cell."""

from __future__ import annotations

import json
import multiprocessing
import resource

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate

from mmseaice.charts import IGNORE_COLOUR, TASKS
from mmseaice.errors import PredictionError
from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.products.geotiff import write_geotiff
from mmseaice.testing import make_charted

REAL = ('SIC_low', 'SIC_high', 'SOD_entropy', 'FLOE_entropy')


@pytest.fixture(scope='module')
def charted():
    return make_charted(700, 640)


@pytest.fixture(scope='module')
def paths(charted, tmp_path_factory):
    return write_geotiff(charted, tmp_path_factory.mktemp('tif') / 'scene')


def layer(paths, name):
    (found,) = [path for path in paths if path.name == f'scene_{name}.tif']
    return found


def cells(charted, file, line, sample):
    """Rows and columns of the cells that hold the centres of pixels."""
    where = Geolocation.from_scene(charted)
    latitude, longitude = where.at(line + 0.5, sample + 0.5)
    project = Transformer.from_crs('EPSG:4326', file.crs, always_xy=True)
    return rasterio.transform.rowcol(
        file.transform, *project.transform(longitude, latitude)
    )


def uniform(values):
    """Whether a pixel equals its eight neighbours; never at the border."""
    same = np.zeros(values.shape, bool)
    height, width = values.shape
    inner = values[1:-1, 1:-1]
    same[1:-1, 1:-1] = np.all(
        [
            values[i : height - 2 + i, j : width - 2 + j] == inner
            for i in range(3)
            for j in range(3)
        ],
        axis=0,
    )
    return same


@pytest.mark.parametrize('crs', ['EPSG:3413', 'EPSG:32627'])
def test_pixels_are_where_their_centres_project(charted, tmp_path, crs):
    few = charted[['SOD', 'FLOE', 'status', 'latitude', 'longitude']]
    rng = np.random.default_rng(0)
    for path in write_geotiff(few, tmp_path / 'scene', crs=crs):
        values = charted[path.stem.removeprefix('scene_')].values
        line, sample = np.nonzero(uniform(values))
        chosen = rng.integers(0, len(line), 2000)
        line, sample = line[chosen], sample[chosen]
        with rasterio.open(path) as file:
            assert file.crs == rasterio.crs.CRS.from_string(crs)
            row, col = cells(charted, file, line, sample)
            found = file.read(1)[row, col]
        np.testing.assert_array_equal(found, values[line, sample])
        assert len(np.unique(found)) > 2


def test_a_cell_holds_the_value_of_the_pixel_under_it(charted, paths):
    where = Geolocation.from_scene(charted)
    for name in ('SIC', *REAL, 'SOD_set'):
        with rasterio.open(layer(paths, name)) as file:
            found = file.read(1)
            row, col = (
                a.ravel() for a in np.indices(found.shape)[:, ::9, ::7]
            )
            x, y = rasterio.transform.xy(file.transform, row, col)
            back = Transformer.from_crs(file.crs, 'EPSG:4326', always_xy=True)
            longitude, latitude = back.transform(x, y)
            nodata = file.nodata
        line, sample = np.floor(where.locate(latitude, longitude, margin=0.4))
        inside = np.isfinite(line)
        assert 0.3 < inside.mean() < 0.9
        at = line[inside].astype(int), sample[inside].astype(int)
        values = charted[name].values[at].astype(float)
        if name != 'SOD_set':
            values = values * (100 if 'entropy' in name else 10)
            values = np.where(np.isnan(values), 255, np.rint(values))
        # A centre on the edge of two pixels may go either way.
        assert (found[row, col][inside] == values).mean() > 0.995
        outside = np.isnan(where.locate(latitude, longitude, margin=1)[0])
        assert (found[row, col][outside] == nodata).all()


def test_all_are_cloud_optimised(paths):
    names = [path.stem.removeprefix('scene_') for path in paths]
    assert names[:4] == ['SIC', 'SOD', 'FLOE', 'status']
    assert set(names[4:]) == {*REAL, 'SOD_set', 'FLOE_set'}
    for path in paths:
        valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
        assert valid, (path, errors, warnings)
        with rasterio.open(path) as file:
            assert file.dtypes == ('uint8',)
            assert file.overviews(1)
            assert file.block_shapes == [(512, 512)]


def test_overviews_of_classes_have_no_new_classes(charted, paths):
    with rasterio.open(layer(paths, 'SOD')) as file:
        full = np.unique(file.read(1))
        half = file.read(1, out_shape=tuple(n // 2 for n in file.shape))
    assert set(np.unique(half)) <= set(full)
    with rasterio.open(layer(paths, 'SOD_entropy')) as file:
        full = file.read(1, masked=True)
    with rasterio.open(layer(paths, 'SOD_entropy'), overview_level=0) as file:
        half = file.read(1, masked=True)
    assert half.mean() == pytest.approx(full.mean(), abs=1)
    assert half.std() < 0.7 * full.std()


def test_colours_are_those_of_the_charts(paths):
    for name in ('SIC', 'SOD', 'FLOE'):
        palette = TASKS[name].palette
        with rasterio.open(layer(paths, name)) as file:
            assert file.colorinterp == (ColorInterp.palette,)
            colours = file.colormap(1)
            assert file.nodata == 255
        assert colours[255][:3] == IGNORE_COLOUR
        step = 10 if name == 'SIC' else 1
        for number, colour in enumerate(palette):
            assert colours[number * step][:3] == colour
        if name == 'SIC':
            assert (colours[4], colours[95]) == (colours[0], colours[100])
            assert (colours[5], colours[94]) == (colours[10], colours[90])


def test_land_is_told_by_status_alone(charted, paths):
    line, sample = np.nonzero(uniform(charted['status'].values))
    land = charted['status'].values[line, sample] == 1
    assert 0 < land.mean() < 1
    for name in ('status', 'SIC', 'SOD', 'FLOE'):
        with rasterio.open(layer(paths, name)) as file:
            row, col = cells(charted, file, line[land], sample[land])
            found = np.unique(file.read(1)[row, col])
        np.testing.assert_array_equal(found, [1 if name == 'status' else 255])


def test_tags_say_where_it_comes_from(charted, paths):
    for path in paths:
        with rasterio.open(path) as file:
            tags = file.tags()
            assert 'Not for navigation' in tags['comment']
            for name in ('model', 'checkpoint_sha256', 'acquisition_time'):
                assert tags[name] == charted.attrs[name]
            assert tags['id'] == charted.attrs['scene_id']
            assert file.descriptions[0]
    with rasterio.open(layer(paths, 'SOD')) as file:
        assert json.loads(file.tags(1)['flag_values']) == [*range(6)]
        assert file.tags(1)['flag_meanings'].startswith('open_water new_ice')
    with rasterio.open(layer(paths, 'SIC')) as file:
        assert file.units == ('%',)


def test_a_folder_stands_for_the_name_of_the_scene(charted, tmp_path):
    few = charted[['SIC', 'status', 'latitude', 'longitude']]
    found = write_geotiff(few, tmp_path, spacing=800)
    name = charted.attrs['scene_id']
    assert found == [tmp_path / f'{name}_{n}.tif' for n in ('SIC', 'status')]
    assert sorted(tmp_path.iterdir()) == found
    with rasterio.open(found[0]) as file:
        assert file.res == (800, 800)
        assert file.bounds.left % 800 == file.bounds.top % 800 == 0


def test_bad_input_leaves_nothing(charted, tmp_path):
    with pytest.raises(ValueError, match="but got 'EPSG:999999'"):
        write_geotiff(charted, tmp_path, crs='EPSG:999999')
    with pytest.raises(PredictionError, match='status'):
        write_geotiff(charted.drop_vars('status'), tmp_path)
    assert not list(tmp_path.iterdir())


def write_with_small_files(charted, folder, limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write_geotiff(charted, folder / 'scene')
    except OSError as error:
        (folder / 'said').write_text(str(error))


@pytest.mark.parametrize('short', [1, 2000, 200_000])
def test_a_full_disk_leaves_nothing(charted, paths, tmp_path, short):
    """Also where GDAL says nothing: the largest file lacks its end."""
    limit = max(path.stat().st_size for path in paths) - short
    context = multiprocessing.get_context('fork')
    process = context.Process(
        target=write_with_small_files, args=(charted, tmp_path, limit)
    )
    process.start()
    process.join(60)
    assert 'Is the disk full?' in (tmp_path / 'said').read_text()
    assert [found.name for found in tmp_path.iterdir()] == ['said']
