"""Land in the geometry of a scene, against points tested one by one."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.transform import Affine

from mmseaice.errors import SceneFileError
from mmseaice.scenes import Geolocation
from mmseaice.scenes.open_stream import stream_scene
from mmseaice.scenes.sentinel1.control_points import map_ties
from mmseaice.scenes.sentinel1.land import land_mask, open_land
from mmseaice.scenes.sentinel1.safe import read_safe
from mmseaice.scenes.simulator.geometry import tie_points
from mmseaice.scenes.stream import LAND

SHAPE = (400, 500)
POLAR = CRS.from_epsg(3413)


def swath(latitude, longitude):
    ties = tie_points(*SHAPE, latitude, longitude)
    return Geolocation(
        ties.latitude, ties.longitude, ties.line + 0.5, ties.sample + 0.5
    )


def at_pole():
    transform = Affine(80, 0, -18000, 0, -80, 14000)
    ties = map_ties(transform, POLAR, SHAPE)
    return Geolocation(ties.latitude, ties.longitude, ties.y, ties.x)


PLACES = {
    'East Greenland': lambda: swath(71, -20),
    'antimeridian': lambda: swath(70, 179.8),
    'pole': at_pole,
}

#: A ring with a hole that leaves the image on one side, in samples and lines.
SHAPES = shapely.Polygon(
    [(-60, 30), (250, 90), (330, 260), (120, 410), (-60, 380)],
    [[(100, 150), (180, 170), (150, 250)]],
)


def write(path, polygon, place, crs):
    """Write a polygon of the image in coordinates on Earth."""

    def to_earth(points):
        latitude, longitude = place.at(points[:, 1], points[:, 0])
        to_crs = Transformer.from_crs(4326, crs, always_xy=True)
        return np.stack(to_crs.transform(longitude, latitude), -1)

    on_earth = shapely.transform(shapely.segmentize(polygon, 5), to_earth)
    frame = geopandas.GeoDataFrame(geometry=[on_earth], crs=crs)
    frame.to_file(path)
    return path


def brute_force(polygon):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return shapely.contains_xy(polygon, x, y)


@pytest.mark.parametrize('suffix', ['gpkg', 'geojson', 'shp'])
def test_kinds_of_files(tmp_path, suffix):
    place = swath(71, -20)
    crs = CRS.from_epsg(4326)
    path = write(tmp_path / f'land.{suffix}', SHAPES, place, crs)
    found = land_mask(path, place, SHAPE)
    assert (found != brute_force(SHAPES)).mean() < 1e-3


@pytest.mark.parametrize('name', PLACES)
def test_polygons_on_a_map(tmp_path, name):
    place = PLACES[name]()
    path = write(tmp_path / 'land.gpkg', SHAPES, place, POLAR)
    found = land_mask(path, place, SHAPE)
    wanted = brute_force(SHAPES)
    assert 0.2 < wanted.mean() < 0.8
    assert (found != wanted).mean() < 1e-3


def test_polygons_cut_at_180_degrees(tmp_path):
    """Two halves in degrees, as GeoJSON wants them."""
    place = swath(70, 179.8)
    path = tmp_path / 'land.geojson'
    middle = place.at(200, 250)[0]
    low, high = middle - 0.05, middle + 0.04
    east = shapely.box(179.9, low, 180, high)
    west = shapely.box(-180, low, -179.8, high)
    geopandas.GeoDataFrame(geometry=[east, west], crs=4326).to_file(path)
    found = land_mask(path, place, SHAPE)
    centres = (np.arange(n) + 0.5 for n in SHAPE)
    latitude, longitude = place.grid(*centres)
    assert longitude.min() < -179.8
    assert longitude.max() > 179.9
    wanted = (latitude > low) & (latitude < high)
    wanted &= (longitude > 179.9) | (longitude < -179.8)
    assert 0.05 < wanted.mean() < 0.95
    assert (found != wanted).mean() < 2e-3


def test_a_cap_around_the_pole(tmp_path):
    place = at_pole()
    path = tmp_path / 'land.geojson'
    cap = shapely.box(-180, 89.9, 180, 90)
    far = shapely.box(-180, -90, 180, -60)
    geopandas.GeoDataFrame(geometry=[cap, far], crs=4326).to_file(path)
    found = land_mask(path, place, SHAPE)
    wanted = place.grid(*(np.arange(n) + 0.5 for n in SHAPE))[0] > 89.9
    assert 0.1 < wanted.mean() < 0.9
    assert (found != wanted).mean() < 2e-3


def test_blocks_and_coarser_grids(tmp_path):
    place = swath(71, -20)
    path = write(tmp_path / 'land.gpkg', SHAPES, place, POLAR)
    land = open_land(path, place, SHAPE)
    y, x = (np.arange(n) + 0.5 for n in SHAPE)
    whole = land(y, x)
    np.testing.assert_array_equal(land(y[70:133], x), whole[70:133])
    np.testing.assert_array_equal(land(y[9:10], x[3:40]), whole[9:10, 3:40])
    # Every fourth pixel centre is the centre of a coarser pixel.
    np.testing.assert_array_equal(land(y[::4], x[::4]), whole[::4, ::4])


def test_open_sea_has_no_land(tmp_path):
    place = swath(71, -20)
    path = write(tmp_path / 'land.gpkg', SHAPES, swath(60, 40), POLAR)
    assert not land_mask(path, place, SHAPE).any()


@pytest.mark.parametrize('name', PLACES)
def test_raster_is_sampled_at_pixel_centres(tmp_path, name):
    place = PLACES[name]()
    centres = tuple(np.arange(n) + 0.5 for n in SHAPE)
    latitude, longitude = place.grid(*centres)
    to_map = Transformer.from_crs(4326, POLAR, always_xy=True)
    x, y = to_map.transform(longitude, latitude)
    # Two kilometres of one side of the scene stick out.
    left, top = x.min() + 2013.7, y.max() + 513.7
    size = (int((top - y.min()) / 100) + 5, int((x.max() - left) / 100) + 5)
    rng = np.random.default_rng(0)
    values = rng.integers(0, 3, size, np.uint8)
    path = tmp_path / 'land.tif'
    profile = {
        'driver': 'GTiff',
        'count': 1,
        'height': size[0],
        'width': size[1],
        'dtype': 'uint8',
        'crs': POLAR,
        'nodata': 2,
        'transform': Affine(100, 0, left, 0, -100, top),
    }
    with rasterio.open(path, 'w', **profile) as file:
        file.write(values, 1)
    rows = ((top - y) / 100).astype(int)
    columns = np.floor((x - left) / 100).astype(int)
    inside = columns >= 0
    assert 0.5 < inside.mean() < 1
    wanted = inside & (values[rows, np.maximum(columns, 0)] == 1)
    found = land_mask(path, place, SHAPE)
    np.testing.assert_array_equal(found, wanted)


def test_land_of_a_product_is_blanked(tmp_path, safe, raw):
    place = Geolocation.from_scene(raw)
    path = write(tmp_path / 'land.gpkg', SHAPES, place, POLAR)
    scene = read_safe(safe, land_mask=path)
    plain = read_safe(safe)
    assert (scene.attrs['mask'], plain.attrs['mask']) == ('land', 'none')
    land = land_mask(path, place, scene['HH'].shape)
    assert land.any()
    for name in ('HH', 'HV', 'incidence_angle'):
        wanted = np.where(land, np.nan, plain[name])
        np.testing.assert_array_equal(scene[name], wanted)


def test_files_that_say_nothing_of_land(tmp_path):
    place = swath(71, -20)
    bad = tmp_path / 'bad.gpkg'
    bad.write_text('no polygons')
    frame = geopandas.GeoDataFrame(geometry=[SHAPES])
    with pytest.warns(UserWarning, match='crs'):
        pyogrio.write_dataframe(frame, tmp_path / 'bare.shp')
    image = tmp_path / 'bad.tif'
    image.write_text('no raster')
    for path in (bad, tmp_path / 'bare.shp', image):
        with pytest.raises(SceneFileError, match='Give a GeoPackage'):
            open_land(path, place, SHAPE)
    with pytest.raises(SceneFileError, match='nothing there'):
        open_land(tmp_path / 'none.gpkg', place, SHAPE)


def test_a_raster_elsewhere_is_refused(tmp_path):
    path = tmp_path / 'land.tif'
    profile = {
        'driver': 'GTiff',
        'count': 1,
        'height': 9,
        'width': 9,
        'dtype': 'uint8',
        'crs': POLAR,
        'transform': Affine(100, 0, 0, 0, -100, 0),
    }
    with rasterio.open(path, 'w', **profile) as file:
        file.write(np.ones((9, 9), np.uint8), 1)
    with pytest.raises(SceneFileError, match='covers the scene'):
        open_land(path, swath(71, -20), SHAPE)


@pytest.mark.parametrize('dtype', ['float32', 'uint8'])
def test_nan_in_a_raster_is_no_land(tmp_path, dtype):
    place = at_pole()
    values = np.zeros((400, 500), dtype)
    values[:100] = 1
    values[100:200] = np.nan if dtype == 'float32' else 0
    path = tmp_path / 'land.tif'
    with rasterio.open(
        path, 'w', driver='GTiff', count=1, height=400, width=500,
        dtype=dtype, crs=POLAR,
        transform=Affine(80, 0, -18000, 0, -80, 14000),
    ) as file:  # fmt: skip
        file.write(values, 1)
    found = land_mask(path, place, SHAPE)
    assert found[:99].all()
    assert not found[101:].any()


def ring(*places):
    """GeoJSON of one ring, and of a feature without a geometry."""
    geometry = {'type': 'Polygon', 'coordinates': [list(places)]}
    features = [
        {'type': 'Feature', 'properties': {}, 'geometry': one}
        for one in (geometry, None)
    ]
    return json.dumps({'type': 'FeatureCollection', 'features': features})


NAN = float('nan')
ODD_RINGS = {
    'NaN': (((-20, 71), (NAN, 71.1), (-19, 71.1), (-20, 71)), 'a point at'),
    'off Earth': (
        ((-20, 71), (-20, 171.1), (-19, 71.1), (-20, 71)),
        r'y 171\.1',
    ),
    'metres': (
        ((-2e6, 7e5), (-1e6, 7e5), (-1e6, 9e5), (-2e6, 7e5)),
        'coordinates of WGS 84',
    ),
    'open': (((-30, 60), (-30, 80), (0, 80)), 'closed'),
    'two points': (((-30, 60), (0, 80)), 'closed'),
    'text': ((('a', 'b'), ('c', 'd'), ('a', 'b')), 'cannot be read'),
}


@pytest.mark.filterwarnings('ignore:Non closed ring')
@pytest.mark.parametrize('fault', ODD_RINGS)
def test_odd_rings_are_named(tmp_path, fault):
    places, message = ODD_RINGS[fault]
    path = tmp_path / 'land.geojson'
    path.write_text(ring(*places))
    with pytest.raises(SceneFileError, match=rf'land\.geojson.*{message}'):
        open_land(path, swath(71, -20), SHAPE)


def test_a_feature_without_a_geometry_is_no_land(tmp_path):
    path = tmp_path / 'land.geojson'
    path.write_text(ring((-90, 60), (0, 60), (0, 85), (-90, 85), (-90, 60)))
    assert land_mask(path, swath(71, -20), SHAPE).all()


def test_a_mask_of_land_alone_warns(tmp_path, safe):
    path = tmp_path / 'land.geojson'
    path.write_text(
        ring((-180, 0), (180, 0), (180, 89), (-180, 89), (-180, 0))
    )
    with pytest.warns(UserWarning, match='nothing but land'):
        stream = stream_scene(safe, ['HH', 'HV'], 80, land_mask=path)
    for _, block in stream.blocks():
        assert (block.status == LAND).all()
