"""Tie points against an analytic swath of a polar orbit."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.geolocation import (
    SEMI_MAJOR,
    SEMI_MINOR,
    Geolocation,
    ecef_to_geodetic,
    geodetic_to_ecef,
)
from mmseaice.scenes.resample import resample_scene
from mmseaice.scenes.simulator.geometry import tie_points
from mmseaice.testing.recipes import make_scene

LINES, SAMPLES = 5000, 5240  # at 80 m
SPACING = 80.0
# Argument of latitude of the first line, node and inclination in degrees.
SWATHS = {
    'East Greenland': (70, -10, 98.2),
    'Chukchi Sea': (68, -165, 98.2),
    '87 N': (87, 10, 98.2),
    'North Pole': (87, 10, 93.5),
}


def swath(y, x, start, node, inclination):
    """Exact place of pixels seen from a circular orbit over a turning Earth.

    Samples lie 200 to 620 km to the right of the track.

    Returns:
        Latitude and longitude in degrees of the points of the ellipsoid
        below the look direction.
    """
    along = np.radians(start) + np.asarray(y) * SPACING / 6.4e6
    across = 2.0e5 / 6.4e6 + np.asarray(x) * SPACING / 6.4e6
    incline = np.radians(inclination)
    # Orbit plane: u along, w the normal; turn towards -w to look right.
    u = np.stack([np.cos(along), np.sin(along), np.zeros_like(along)])
    look = u * np.cos(across)
    look[2] -= np.sin(across)
    tilt = np.array(
        [
            [1, 0, 0],
            [0, np.cos(incline), -np.sin(incline)],
            [0, np.sin(incline), np.cos(incline)],
        ]
    )
    a, b, c = np.einsum('ij,j...->i...', tilt, look)
    turn = np.radians(node) - 7.292e-5 * np.asarray(y) * 0.012
    longitude = np.degrees(np.arctan2(b, a) + turn)
    geocentric = np.arctan2(c, np.hypot(a, b))
    ratio = (SEMI_MAJOR / SEMI_MINOR) ** 2
    latitude = np.degrees(np.arctan(np.tan(geocentric) * ratio))
    return latitude, (longitude + 180) % 360 - 180


def distance(a, b):
    """Metres between points (latitude, longitude), through the Earth."""
    difference = np.subtract(geodetic_to_ecef(*a), geodetic_to_ecef(*b))
    return np.linalg.norm(difference, axis=0)


def ties(name, n=21):
    """Tie points as the files lay them out: the last interval is shorter."""
    y, x = (
        np.append(np.arange(n - 1) * np.ceil(size / (n - 1)), size - 1) + 0.5
        for size in (LINES, SAMPLES)
    )
    return (*swath(*np.meshgrid(y, x, indexing='ij'), *SWATHS[name]), y, x)


def in_degrees(latitude, longitude, y_tie, x_tie, y, x):
    """Bilinear interpolation of degrees, as one should not."""
    i = np.clip(np.searchsorted(y_tie, y) - 1, 0, len(y_tie) - 2)
    j = np.clip(np.searchsorted(x_tie, x) - 1, 0, len(x_tie) - 2)
    s = (y - y_tie[i]) / (y_tie[i + 1] - y_tie[i])
    t = (x - x_tie[j]) / (x_tie[j + 1] - x_tie[j])
    return [
        (1 - s) * ((1 - t) * v[i, j] + t * v[i, j + 1])
        + s * ((1 - t) * v[i + 1, j] + t * v[i + 1, j + 1])
        for v in (latitude, longitude)
    ]


def test_ellipsoid_there_and_back():
    latitude, longitude = np.mgrid[-90:91:7.5, -180:180:11]
    back = ecef_to_geodetic(*geodetic_to_ecef(latitude, longitude))
    np.testing.assert_allclose(back[0], latitude, atol=1e-9)
    points = geodetic_to_ecef(latitude, longitude)
    np.testing.assert_allclose(geodetic_to_ecef(*back), points, atol=1e-6)
    np.testing.assert_allclose(
        geodetic_to_ecef(0, 90), [0, SEMI_MAJOR, 0], atol=1e-6
    )
    np.testing.assert_allclose(
        geodetic_to_ecef(90, 0), [0, 0, SEMI_MINOR], atol=1e-6
    )


def test_swaths_are_where_their_names_say():
    longitude = ties('Chukchi Sea')[1]
    assert longitude.min() < -170
    assert longitude.max() > 170
    assert 86.5 < ties('87 N')[0].max() < 88
    latitude, longitude = ties('North Pole')[:2]
    assert latitude.max() > 89.9
    assert np.histogram(longitude, 8, (-180, 180))[0].min() > 0


@pytest.mark.parametrize('name', SWATHS)
def test_within_a_metre_of_the_truth(name):
    rng = np.random.default_rng(0)
    y, x = rng.uniform(0, LINES, 3000), rng.uniform(0, SAMPLES, 3000)
    where = Geolocation(*ties(name))
    truth = swath(y, x, *SWATHS[name])
    assert distance(where.at(y, x), truth).max() < 1.0


@pytest.mark.parametrize('name', SWATHS)
def test_left_out_tie_points_are_found_again(name):
    latitude, longitude, y, x = ties(name)
    for k in range(1, 20, 3):
        rows, cols = np.arange(21) != k, np.arange(21) != k
        kept = np.ix_(rows, cols)
        where = Geolocation(latitude[kept], longitude[kept], y[rows], x[cols])
        found = where.at(y[k], x[k])
        assert distance(found, (latitude[k, k], longitude[k, k])) < SPACING


@pytest.mark.parametrize(('north', 'east'), [(66, -40), (76.5, 175)])
def test_every_tie_point_of_a_scene_is_found_again(north, east):
    """Each in turn, without its line and its sample of tie points."""
    raw = tie_points(10006, 10458, north, east)
    y, x = ((index + 0.5) / 2 for index in (raw.line, raw.sample))
    latitude, longitude = raw.latitude, raw.longitude
    assert (np.abs(np.diff(longitude)).max() > 180) == (east == 175)
    misses = np.empty((21, 21))
    for i, j in np.ndindex(21, 21):
        rows, cols = np.arange(21) != i, np.arange(21) != j
        kept = np.ix_(rows, cols)
        where = Geolocation(latitude[kept], longitude[kept], y[rows], x[cols])
        point = latitude[i, j], longitude[i, j]
        misses[i, j] = distance(where.at(y[i], x[j]), point)
    assert misses.max() < SPACING


@pytest.mark.parametrize('name', SWATHS)
def test_locate_is_the_inverse(name):
    rng = np.random.default_rng(1)
    where = Geolocation(*ties(name))
    y = rng.uniform(0, LINES, (40, 50))
    x = rng.uniform(0, SAMPLES, (40, 50))
    found = where.locate(*where.at(y, x))
    np.testing.assert_allclose(found, (y, x), atol=1e-3)


@pytest.mark.parametrize('name', SWATHS)
def test_locate_ends_with_the_scene(name):
    where = Geolocation(*ties(name))
    y, x = np.array([0, LINES, 9, 70]), np.array([8, 90, 0, SAMPLES])
    found = where.locate(*where.at(y, x))
    np.testing.assert_allclose(found, (y, x), atol=1e-3)
    y, x = np.array([-0.1, LINES + 0.1, 9, 7]), [8, 90, -0.1, SAMPLES + 0.1]
    assert np.isnan(where.locate(*where.at(y, x))).all()
    y, x = np.array([-60, LINES + 60.0]), np.array([-60, SAMPLES + 60.0])
    found = where.locate(*where.at(y, x), margin=61)
    np.testing.assert_allclose(found, (y, x), atol=1e-3)
    # The other side of the Earth is far, and no number is no place.
    latitude, longitude = where.at(2500, 2600)
    latitude = np.array([-latitude, latitude, np.nan, 0.0])
    longitude = longitude + np.array([180, 120, 0, 0])
    assert np.isnan(where.locate(latitude, longitude)[0]).all()


def test_locate_takes_the_pole_and_any_turn_of_longitude():
    where = Geolocation(*ties('North Pole'))
    y, x = where.locate(90.0, [0.0, 77.0, -180.0, 361.0])
    np.testing.assert_allclose(y, y[0], atol=1e-3)
    np.testing.assert_allclose(x, x[0], atol=1e-3)
    assert where.at(y[0], x[0])[0] == pytest.approx(90, abs=1e-5)
    assert np.shape(where.locate(90.0, 0.0)[0]) == ()


def test_degrees_would_err_by_more_than_a_pixel():
    name = '87 N'
    rng = np.random.default_rng(0)
    y, x = rng.uniform(0, LINES, 3000), rng.uniform(0, SAMPLES, 3000)
    truth = swath(y, x, *SWATHS[name])
    points = ties(name)
    assert distance(in_degrees(*points, y, x), truth).max() > SPACING


def test_grid_equals_single_points():
    where = Geolocation(*ties('Chukchi Sea'))
    y, x = np.linspace(-20, LINES + 20, 9), np.linspace(-5, SAMPLES + 9, 7)
    for single, grid in zip(
        where.at(y[:, None], x), where.grid(y, x), strict=True
    ):
        assert grid.shape == (9, 7)
        np.testing.assert_allclose(single, grid, atol=1e-9)


def test_goes_on_straight_outside_the_tie_points():
    where = Geolocation(*ties('East Greenland'))
    truth = swath(-40.0, SAMPLES + 60.0, *SWATHS['East Greenland'])
    assert distance(where.at(-40, SAMPLES + 60), truth) < 10


def test_spacing_does_not_move_the_scene():
    scene = make_scene()
    fine = Geolocation.from_scene(scene).at(50.0, 75.0)
    coarse = Geolocation.from_scene(resample_scene(scene, 200)).at(20, 30)
    np.testing.assert_allclose(fine, coarse, atol=1e-12)


def test_bad_tie_points_are_refused():
    latitude, longitude, y, x = ties('87 N')
    with pytest.raises(ValueError, match='shape of the tie grid'):
        Geolocation(latitude[:2], longitude[:2], y, x)
    latitude[3, 3] = np.nan
    with pytest.raises(ValueError, match='finite'):
        Geolocation(latitude, longitude, y, x)
