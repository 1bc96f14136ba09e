from __future__ import annotations

import json
import warnings

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy import ndimage

from mmseaice.charts import POLYGON_COLUMNS
from mmseaice.charts.regions import make_regions
from mmseaice.errors import PredictionError
from mmseaice.scenes.products import vector_file
from mmseaice.scenes.products.vector import (
    cut_at_180,
    trace_regions,
    write_vector,
)
from mmseaice.testing import make_charted

PLACES = {
    'plain': (400_000.0, -900_000.0),
    # EPSG:3413 has 180 degrees on the diagonal x = -y, upwards to the left.
    'date line': (-900_000.0, 900_000.0),
    'pole': (130.0, 70.0),
}
ALL = sorted(PLACES)


def planar_scene(place='plain', seed=0, shape=(150, 170)):
    """A scene whose pixels are those of a grid in EPSG:3413.

    Returns:
        The scene, and the transform of its pixels.
    """
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=shape), 9)
    field /= field.std()
    sic = np.clip(5 + 6 * field, 0, 10).astype(np.float32)
    sod = np.clip(np.round(3 + 2 * field), 1, 5) * (sic >= 0.5)
    floe = np.clip(np.round(3 - 2 * field), 1, 6) * (sic >= 0.5)
    status = np.zeros(shape, np.uint8)
    status[:30, :40], status[:, 160:] = 1, 2
    sic[status > 0] = np.nan
    layers = {
        'SIC': sic,
        'SOD': np.where(status > 0, 255, sod).astype(np.uint8),
        'FLOE': np.where(status > 0, 255, floe).astype(np.uint8),
        'status': status,
    }
    centre = PLACES[place]
    left, top = centre[0] - 40 * shape[1], centre[1] + 40 * shape[0]
    y, x = (np.linspace(0, size, 9) for size in shape)
    to_degrees = Transformer.from_crs('EPSG:3413', 'EPSG:4326', always_xy=True)
    east, north = np.meshgrid(left + 80 * x, top - 80 * y)
    longitude, latitude = to_degrees.transform(east, north)
    ties = ('y_tie', 'x_tie')
    scene = xr.Dataset(
        {name: (('y', 'x'), values) for name, values in layers.items()}
        | {'latitude': (ties, latitude), 'longitude': (ties, longitude)},
        {'y_tie': y, 'x_tie': x},
        make_charted(60, 60).attrs,
    )
    return scene, Affine(80, 0, left, 0, -80, top)


def regions_of(scene, **kwargs):
    return make_regions(scene['SIC'].values, scene['status'].values, **kwargs)


def burn(frame, transform, shape):
    pairs = zip(frame.geometry, frame['poly_id'], strict=True)
    return rasterize(pairs, shape, transform=transform, dtype='int32')


def test_outlines_cover_the_scene_once_and_give_the_regions_back():
    scene, _ = planar_scene()
    regions = regions_of(scene, smallest=2)
    outlines = trace_regions(regions)
    assert shapely.is_valid(outlines).all()
    assert shapely.coverage_is_valid(outlines)
    assert shapely.area(outlines).sum() == 150 * 170
    pairs = zip(outlines, range(1, len(outlines) + 1), strict=True)
    found = rasterize(pairs, (150, 170), dtype='int32')
    assert (found == regions.of_lines(0, 150)).all()


@pytest.mark.parametrize('place', ALL)
def test_polygons_on_the_map_give_the_regions_back(tmp_path, place):
    scene, transform = planar_scene(place)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        (path,) = write_vector(scene, tmp_path / 'a.gpkg', smallest=2)
    frame = gpd.read_file(path, layer='polygons')
    assert frame.crs == 'EPSG:3413'
    assert frame.is_valid.all()
    union = shapely.union_all(frame.geometry.values)
    assert frame.area.sum() == pytest.approx(union.area, rel=1e-9)
    assert union.area == pytest.approx(150 * 170 * 6400, rel=1e-6)
    found = burn(frame, transform, (150, 170))
    # Tie points are interpolated: borders are off by centimetres.
    expected = regions_of(scene, smallest=2).of_lines(0, 150)
    assert (found == expected).mean() > 0.999
    assert [*frame.columns[:15]] == [*POLYGON_COLUMNS]
    assert set(frame['POLY_TYPE']) == {'I', 'W', 'L', 'N'}
    assert set(frame['SCENE']) == {scene.attrs['scene_id']}
    assert frame['NOTE'].str.contains('Not for navigation').all()


@pytest.mark.parametrize('place', ALL)
def test_a_geojson_is_cut_at_180_degrees(tmp_path, place):
    scene, transform = planar_scene(place)
    path, edge, zone = write_vector(scene, tmp_path / 'a.geojson', smallest=2)
    assert edge.name == 'a_ice_edge.geojson'
    assert zone.name == 'a_marginal_zone.geojson'
    text = json.loads(path.read_text())
    crs = text.get('crs', {}).get('properties', {}).get('name', 'CRS84')
    assert 'CRS84' in crs
    frame = gpd.read_file(path)
    assert frame.is_valid.all()
    west, south, east, north = frame.total_bounds
    assert -180 <= west < east <= 180
    assert north <= 90
    assert south > 45
    if place == 'pole':
        assert north == 90
    # No part spans half the globe, but around the pole.
    parts = frame.geometry.explode(index_parts=False).bounds
    wide = parts['maxx'] - parts['minx'] > 180
    assert not (wide & (parts['maxy'] < 88)).any()
    # No overlap, and what was cut is all there.
    union = shapely.union_all(frame.geometry.values, grid_size=1e-7)
    areas = shapely.area(frame.geometry.values)
    assert areas.sum() == pytest.approx(union.area, rel=1e-6)
    # Points of the grid lie in the polygon of their region.
    expected = regions_of(scene, smallest=2).of_lines(0, 150)
    line, sample = np.random.default_rng(1).integers(0, 150, (2, 500))
    map_x, map_y = transform @ (sample + 0.5, line + 0.5)
    to_degrees = Transformer.from_crs('EPSG:3413', 'EPSG:4326', always_xy=True)
    points = shapely.points(*to_degrees.transform(map_x, map_y))
    tree = shapely.STRtree(frame.geometry.values)
    point, polygon = tree.query(points, predicate='within')
    ids = frame['poly_id'].to_numpy()[polygon]
    agree = ids == expected[line, sample][point]
    assert len(np.unique(point)) > 495
    assert agree.mean() > 0.99


def test_shapefiles_hold_the_same(tmp_path):
    scene, _ = planar_scene()
    options = {'smallest': 2, 'ship_class': 'PC5'}
    paths = write_vector(scene, tmp_path / 'b.shp', **options)
    write_vector(scene, tmp_path / 'b.gpkg', **options)
    for path, layer in zip(
        paths, ('polygons', 'ice_edge', 'marginal_zone'), strict=True
    ):
        shape = gpd.read_file(path)
        frame = gpd.read_file(tmp_path / 'b.gpkg', layer=layer)
        assert list(shape.columns) == list(frame.columns)
        single = frame.explode(index_parts=False, ignore_index=True)
        assert shape.geom_equals(single).all()
    parts = {'.cpg', '.dbf', '.prj', '.shp', '.shx', '.gpkg'}
    assert {path.suffix for path in tmp_path.iterdir()} == parts


def test_simplified_neighbours_share_their_borders(tmp_path):
    scene, transform = planar_scene(seed=2)
    options = {'smallest': 2, 'cell': 240}
    write_vector(scene, tmp_path / 'a.gpkg', **options)
    write_vector(scene, tmp_path / 'b.gpkg', simplify=200, **options)
    full, plain = (
        gpd.read_file(tmp_path / name, layer='polygons')
        for name in ('a.gpkg', 'b.gpkg')
    )
    points = [shapely.get_num_coordinates(f.geometry) for f in (full, plain)]
    assert sum(points[1]) < 0.7 * sum(points[0])
    assert plain.is_valid.all()
    union = shapely.union_all(plain.geometry.values)
    assert plain.area.sum() == pytest.approx(union.area, rel=1e-9)
    same = burn(full, transform, (150, 170)) == burn(
        plain, transform, (150, 170)
    )
    assert same.mean() > 0.97


def test_fields_are_of_the_pixels_inside(tmp_path):
    scene, _ = planar_scene()
    (path,) = write_vector(
        scene, tmp_path / 'a.gpkg', smallest=2, ship_class='IC'
    )
    frame = gpd.read_file(path, layer='polygons')
    pixels = regions_of(scene, smallest=2).of_lines(0, 150)
    for row in frame.itertuples():
        here = pixels == row.poly_id
        # True areas differ from those of the grid by its scale.
        assert abs(row.AREA / here.sum() / 6400 - 1) < 0.1
        if row.POLY_TYPE in 'LN':
            assert np.isnan(row.RIO)
            continue
        inside = scene['SIC'].values[here]
        assert abs(row.SIC - np.nanmean(inside)) < 0.006
        if row.POLY_TYPE == 'W':
            assert row.CT in ('00', '01')
            assert (row.RIO, row.RISK) == (30, 'normal')
            continue
        tenths = [
            {'91': 10, '92': 10, '-9': 0}.get(code, int(code) // 10)
            for code in (row.CA, row.CB, row.CC)
        ]
        total = 10 if row.CT in ('91', '92') else int(row.CT) // 10
        assert sum(tenths) == total == round(row.SIC)
        risk = {'81': 2, '83': 0, '87': -2, '86': -5, '95': -8, '-9': 0}
        rio = 3 * (10 - total) + sum(
            share * risk[stage]
            for share, stage in zip(
                tenths, (row.SA, row.SB, row.SC), strict=True
            )
        )
        assert rio == row.RIO


def test_the_ice_edge_runs_at_15_percent(tmp_path):
    scene, transform = planar_scene()
    x = np.arange(170) + 0.5
    slope = np.clip((x - 40) / 8, 0, 10).astype(np.float32)
    scene['SIC'][:] = slope
    scene['status'][:] = 0
    (path,) = write_vector(scene, tmp_path / 'a.gpkg', smooth=0)
    edge = gpd.read_file(path, layer='ice_edge')
    zone = gpd.read_file(path, layer='marginal_zone')
    assert edge['PERCENT'].tolist() == [15]
    assert sorted(zone['PERCENT']) == [15, 80]
    for row in zone.itertuples():
        sample = (
            shapely.get_coordinates(row.geometry)[:, 0] - transform.c
        ) / 80
        assert sample == pytest.approx(40 + 0.8 * row.PERCENT, abs=0.2)


def test_small_closed_lines_are_left_out_and_layers_may_be_empty(tmp_path):
    scene, _ = planar_scene()
    scene['status'][:] = 0
    scene['SIC'][:] = 10
    scene['SIC'][60:80, 60:80] = 0  # 2.6 km2 of water
    (path,) = write_vector(scene, tmp_path / 'a.gpkg', smooth=0)
    assert len(gpd.read_file(path, layer='ice_edge')) == 0
    assert len(gpd.read_file(path, layer='polygons')) == 1
    (path,) = write_vector(scene, tmp_path / 'a.gpkg', smooth=0, smallest=1)
    assert len(gpd.read_file(path, layer='ice_edge')) == 1
    assert len(gpd.read_file(path, layer='polygons')) == 2
    files = write_vector(scene, tmp_path / 'e.geojson', smooth=0)
    assert len(gpd.read_file(files[1])) == 0


def test_a_model_of_concentration_alone_will_do(tmp_path):
    scene, _ = planar_scene()
    (path,) = write_vector(
        scene.drop_vars(['SOD', 'FLOE']), tmp_path / 'a.gpkg', ship_class='PC1'
    )
    frame = gpd.read_file(path, layer='polygons')
    assert set(frame['SA']) == {'-9'}
    ice = frame['POLY_TYPE'] == 'I'
    assert frame.loc[ice, 'RIO'].isna().all()
    assert ice.any()


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path):
    scene, _ = planar_scene()
    with pytest.raises(PredictionError, match='without SIC'):
        write_vector(scene.drop_vars('SIC'), tmp_path / 'a.gpkg')
    with pytest.raises(ValueError, match=r'must end in \.gpkg'):
        write_vector(scene, tmp_path / 'a.kml')
    with pytest.raises(ValueError, match='crs must be a projection'):
        write_vector(scene, tmp_path / 'a.gpkg', crs='EPSG:4326')
    with pytest.raises(ValueError, match='ship_class'):
        write_vector(scene, tmp_path / 'a.gpkg', ship_class='PC9')
    pole, _ = planar_scene('pole')
    with pytest.raises(ValueError, match='hold the scene together'):
        write_vector(pole, tmp_path / 'a.gpkg', crs='EPSG:3857')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('suffix', ['gpkg', 'shp', 'geojson'])
def test_a_part_of_a_file_is_none(suffix, tmp_path, monkeypatch):
    """As on a full disk, of which the library says nothing."""
    scene, _ = planar_scene()
    good = write_vector(scene, tmp_path / f'a.{suffix}')
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(vector_file, 'read_dataframe', lambda *a, **k: ())
    with pytest.raises(OSError, match=r'could not be written.*full'):
        write_vector(scene, tmp_path / f'a.{suffix}', smallest=1e9)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after == before
    assert good[0].name in after


def ring(*corners):
    """Corners in degrees, half a degree between vertices, no jumps."""
    points = shapely.get_coordinates(
        shapely.segmentize(shapely.LinearRing(corners), 0.5)
    )
    return np.column_stack([(points[:, 0] + 180) % 360 - 180, points[:, 1]])


def test_cutting_by_hand():
    square = shapely.Polygon(
        ring((170, 70), (190, 70), (190, 80), (170, 80)),
        [ring((175, 72), (185, 72), (185, 78), (175, 78))],
    )
    parts = cut_at_180(square)
    assert parts.is_valid
    assert parts.area == pytest.approx(20 * 10 - 10 * 6, rel=1e-4)
    assert [part.bounds for part in parts.geoms] == [
        pytest.approx(bounds, abs=1e-3)
        for bounds in ((170, 70, 180, 80), (-180, 70, -170, 80))
    ]
    line = cut_at_180(shapely.LineString([(179.9, 70), (-179.9, 70.2)]))
    assert line.length == pytest.approx(np.hypot(0.2, 0.2), rel=1e-3)
    assert [*line.bounds] == pytest.approx([-180, 70, 180, 70.2])
    away = shapely.LineString([(10, 70), (20, 71)])
    assert cut_at_180(away) is away


@pytest.mark.parametrize('side', [1, -1])
def test_caps_by_hand(side):
    longitude = np.arange(-180, 180, 0.5)
    cap, hole = (
        np.column_stack([longitude, np.full(720, side * latitude)])
        for latitude in (80, 85)
    )
    whole = cut_at_180(shapely.Polygon(cap))
    assert whole.is_valid
    assert whole.area == pytest.approx(3600, rel=1e-4)
    assert [*whole.bounds] == pytest.approx(
        [-180, min(80 * side, 90 * side), 180, max(80 * side, 90 * side)]
    )
    ring_only = cut_at_180(shapely.Polygon(cap, [hole]))
    assert ring_only.is_valid
    assert ring_only.area == pytest.approx(1800, rel=1e-4)
