"""Tie grids from control points, against where they came from."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS, Geod
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine

from mmseaice.scenes.geolocation import Geolocation, geodetic_to_ecef
from mmseaice.scenes.sentinel1.control_points import fit_ties, map_ties
from mmseaice.scenes.simulator.geometry import tie_points

DEGREES = CRS.from_epsg(4326)


def swath(lines, samples, latitude, longitude):
    """Geolocation of a simulated swath."""
    ties = tie_points(lines, samples, latitude, longitude)
    return Geolocation(
        ties.latitude, ties.longitude, ties.line + 0.5, ties.sample + 0.5
    )


def scatter(place, count, shape, seed=0):
    rng = np.random.default_rng(seed)
    y, x = (rng.uniform(0, n, count) for n in shape)
    latitude, longitude = place.at(y, x)
    table = zip(y, x, longitude, latitude, strict=True)
    return [GroundControlPoint(*row) for row in table]


def distance(a, b):
    off = np.subtract(geodetic_to_ecef(*a), geodetic_to_ecef(*b))
    return np.linalg.norm(off, axis=0)


@pytest.mark.parametrize('longitude', [-30, 178])
@pytest.mark.parametrize('latitude', [68, 80])
def test_scattered_points_of_a_whole_swath(latitude, longitude):
    shape = (10000, 10400)
    place = swath(*shape, latitude, longitude)
    ties = fit_ties(scatter(place, 210, shape), DEGREES, shape)
    assert ties.residual < 5
    found = Geolocation(ties.latitude, ties.longitude, ties.y, ties.x)
    y, x = (np.linspace(200, n - 200, 40) for n in shape)
    assert distance(found.grid(y, x), place.grid(y, x)).max() < 40
    np.testing.assert_allclose(ties.spacing, 40, rtol=0.03)


def test_few_points_fit_a_small_image():
    shape = (1000, 800)
    place = swath(*shape, 75, 0)
    corners = [(0, 0), (0, 800), (1000, 0), (1000, 800)]
    points = []
    for y, x in corners:
        latitude, longitude = place.at(y, x)
        points.append(GroundControlPoint(y, x, longitude, latitude))
    ties = fit_ties(points, DEGREES, shape)
    found = Geolocation(ties.latitude, ties.longitude, ties.y, ties.x)
    assert distance(found.at(500, 400), place.at(500, 400)) < 80


def test_a_point_in_a_wrong_place_shows():
    shape = (1000, 1000)
    points = scatter(swath(*shape, 75, 0), 60, shape)
    good = fit_ties(points, DEGREES, shape).residual
    points[7].y += 0.5
    assert good < 1 < 1000 < fit_ties(points, DEGREES, shape).residual


@pytest.mark.parametrize('count', [0, 3])
def test_too_few_points_are_refused(count):
    shape = (1000, 1000)
    points = scatter(swath(*shape, 75, 0), count, shape)
    with pytest.raises(ValueError, match='at least 4'):
        fit_ties(points, DEGREES, shape)


def test_points_on_a_line_are_refused():
    points = [GroundControlPoint(i, 2 * i, i, 70 + i / 9) for i in range(9)]
    with pytest.raises(ValueError, match='spread'):
        fit_ties(points, DEGREES, (9, 18))


def test_map_grid_at_the_pole():
    """Distances from the pole are those of pyproj's geodesics."""
    transform = Affine(80, 0, -40000, 0, -80, 40000)
    ties = map_ties(transform, CRS.from_epsg(3413), (1000, 1000))
    assert ties.residual == 0
    geod = Geod(ellps='WGS84')
    pole = np.full_like(ties.latitude, 90)
    metres = geod.inv(ties.longitude, ties.latitude, 0 * pole, pole)[2]
    on_map = np.hypot(
        *np.meshgrid(ties.y * 80 - 40000, ties.x * 80 - 40000, indexing='ij')
    )
    # The projection's scale at the pole is 0.9698 (true at 70 degrees).
    np.testing.assert_allclose(metres * 0.9698, on_map, rtol=1e-3, atol=1)
    np.testing.assert_allclose(ties.spacing, 80 / 0.9698, rtol=1e-3)
