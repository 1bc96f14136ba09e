"""Cells of a projected grid against pyproj and the scene's own geometry."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer

from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.products.grid import PolarGrid
from mmseaice.scenes.simulator.geometry import tie_points
from mmseaice.testing import make_charted

CRSS = ['EPSG:3413', 'EPSG:6931', 'EPSG:32627']


def real_size(north=76.5, east=-20.0, lines=5003, samples=5229):
    """A scene of real size that has a geometry and nothing else."""
    raw = tie_points(2 * lines, 2 * samples, north, east)
    grid = ('y_tie', 'x_tie')
    return xr.Dataset(
        {
            'latitude': (grid, raw.latitude),
            'longitude': (grid, raw.longitude),
            'status': (('y', 'x'), np.zeros((lines, samples), np.uint8)),
        },
        {
            'y_tie': (raw.line + 0.5) / 2,
            'x_tie': (raw.sample + 0.5) / 2,
        },
        {'pixel_spacing': 80.0},
    )


def exact(grid, charted, rows, cols):
    """Positions under the centres of cells, one by one."""
    column, row = cols + 0.5, rows + 0.5
    transform = Transformer.from_crs(grid.crs, 'EPSG:4326', always_xy=True)
    longitude, latitude = transform.transform(
        *(grid.transform @ (column, row))
    )
    return Geolocation.from_scene(charted).locate(latitude, longitude)


@pytest.mark.parametrize('crs', CRSS)
@pytest.mark.parametrize('spacing', [80.0, 1000.0])
def test_positions_are_right_to_a_tenth_of_a_pixel(crs, spacing):
    scene = real_size()
    grid = PolarGrid.cover(scene, crs, spacing)
    rng = np.random.default_rng(0)
    start = grid.shape[0] // 2
    block = slice(start, min(start + 50, grid.shape[0]))
    y, x = grid.positions(scene, block)
    rows = rng.integers(0, y.shape[0], 4000)
    cols = rng.integers(0, y.shape[1], 4000)
    true_y, true_x = exact(grid, scene, rows + start, cols)
    inside = np.isfinite(true_y)
    assert 0.2 < inside.mean() < 1
    for found, true in ((y, true_y), (x, true_x)):
        miss = np.abs(found[rows, cols] - true)[inside]
        assert miss.max() < 0.001


@pytest.mark.parametrize('east', [-20.0, 178.0])
def test_indices_are_the_pixels_under_the_centres(east):
    scene = real_size(70.0, east, 300, 400)
    grid = PolarGrid.cover(scene, 'EPSG:3413', 100.0)
    line, sample = grid.sample_indices(scene, slice(0, grid.shape[0]))
    assert line.shape == sample.shape == grid.shape
    rows, cols = np.indices(grid.shape)
    y, x = exact(grid, scene, rows, cols)
    inside = (y >= 0) & (y < 300) & (x >= 0) & (x < 400)
    assert ((line >= 0) == (sample >= 0)).all()
    # Centres within a hundredth of a pixel of an edge may go either way.
    clear = np.abs(y - np.rint(y)) > 0.01
    clear &= np.abs(x - np.rint(x)) > 0.01
    clear |= np.isnan(y)
    assert clear.mean() > 0.9
    np.testing.assert_array_equal((line >= 0)[clear], inside[clear])
    both = clear & inside
    np.testing.assert_array_equal(line[both], y[both].astype(int))
    np.testing.assert_array_equal(sample[both], x[both].astype(int))


def test_blocks_join_seamlessly():
    scene = make_charted()
    grid = PolarGrid.cover(scene)
    whole = grid.sample_indices(scene, slice(0, grid.shape[0]))
    for height in (1, 7, 50):
        parts = [
            grid.sample_indices(
                scene, slice(i, min(i + height, grid.shape[0]))
            )
            for i in range(0, grid.shape[0], height)
        ]
        for full, *pieces in zip(whole, *parts, strict=True):
            np.testing.assert_array_equal(full, np.concatenate(pieces))


def test_every_pixel_of_a_scene_is_seen_at_half_the_spacing():
    scene = make_charted()
    grid = PolarGrid.cover(scene, spacing=40.0)
    line, sample = grid.sample_indices(scene, slice(0, grid.shape[0]))
    seen = np.zeros((scene.sizes['y'], scene.sizes['x']), bool)
    seen[line[line >= 0], sample[line >= 0]] = True
    assert seen.all()


def test_neighbouring_scenes_share_cells():
    scene, other = real_size(70, -20, 300, 400), real_size(70.1, -19, 300, 400)
    a, b = (PolarGrid.cover(s, spacing=70.0) for s in (scene, other))
    assert a.bounds != b.bounds
    for grid in (a, b):
        assert all(edge % 70 == 0 for edge in grid.bounds)
        west, south, east, north = grid.bounds
        assert (grid.transform.c, grid.transform.f) == (west, north)
        assert grid.shape == ((north - south) / 70, (east - west) / 70)
    again = PolarGrid.from_bounds(a.bounds, spacing=70)
    assert (again.left, again.top, again.shape) == (a.left, a.top, a.shape)


def test_a_scene_around_the_pole():
    ring = np.linspace(-1e4, 1e4, 9)
    to_lonlat = Transformer.from_crs('EPSG:3413', 'EPSG:4326', always_xy=True)
    longitude, latitude = to_lonlat.transform(*np.meshgrid(ring, ring[::-1]))
    tie = np.linspace(0, 250, 9)
    scene = xr.Dataset(
        {
            'latitude': (('y_tie', 'x_tie'), latitude),
            'longitude': (('y_tie', 'x_tie'), longitude),
            'status': (('y', 'x'), np.zeros((250, 250), np.uint8)),
        },
        {'y_tie': tie, 'x_tie': tie},
        {'pixel_spacing': 80.0},
    )
    grid = PolarGrid.cover(scene)
    assert grid.bounds == pytest.approx((-1e4, -1e4, 1e4, 1e4), abs=81)
    whole = slice(0, grid.shape[0])
    line, sample = grid.sample_indices(scene, whole)
    # The pixels are those of the projection itself.
    rows, cols = np.nonzero(line >= 0)
    np.testing.assert_allclose(np.diff(line[line >= 0] - rows), 0, atol=1)
    assert len(np.unique(sample[line >= 0] - cols)) <= 2
    assert (line >= 0).sum() == 250**2
    with pytest.raises(ValueError, match=r'one piece.*3395'):
        PolarGrid.cover(scene, 'EPSG:3395')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'crs': 'EPSG:999999'}, "knows, but got 'EPSG:999999'"),
        ({'crs': 'the moon'}, "knows, but got 'the moon'"),
        ({'crs': 'EPSG:4326'}, 'in metres.*WGS 84'),
        ({'spacing': 0}, 'spacing must be from 1 to'),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        PolarGrid.cover(make_charted(), **arguments)
    with pytest.raises(ValueError, match='left < right'):
        PolarGrid.from_bounds((0, 0, -1, 1))


def test_a_map_has_about_the_size_of_its_scene():
    south = real_size(north=-63.0)
    with pytest.raises(ValueError, match=r'times as long. Take EPSG:3976'):
        PolarGrid.cover(south)
    assert PolarGrid.cover(south, 'EPSG:3976').shape[0] > 5000
    with pytest.raises(ValueError, match='at most 4e\\+09 cells'):
        PolarGrid.cover(real_size(), spacing=2.0)
