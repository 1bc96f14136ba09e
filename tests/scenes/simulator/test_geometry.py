"""Tie points, distances and names of scenes."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from mmseaice.scenes.simulator.geometry import (
    incidence_angle,
    tie_points,
    tie_positions,
)
from mmseaice.scenes.simulator.identity import draw_identity
from mmseaice.scenes.simulator.layout import Layout
from mmseaice.scenes.simulator.zones import distance_map


@pytest.mark.parametrize(('count', 'step'), [(10006, 501), (10458, 523)])
def test_tie_positions(count, step):
    positions = tie_positions(count)
    assert len(positions) == 21
    assert positions[1] == step
    assert (np.diff(positions)[:-1] == step).all()
    assert positions[-1] == count - 1


def test_tie_points_increase_down_to_the_smallest_size():
    for count in range(400, 900):
        assert (np.diff(tie_positions(count)) > 0).all()


def on_wgs84(latitude, longitude):
    """Earth-centred coordinates in metres of geodetic positions."""
    lat, lon = np.deg2rad(latitude), np.deg2rad(longitude)
    major, minor = 6_378_137.0, 6_356_752.3142
    flat = (minor / major) ** 2
    normal = major / np.sqrt(np.cos(lat) ** 2 + flat * np.sin(lat) ** 2)
    return np.stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            flat * normal * np.sin(lat),
        ],
        -1,
    )


@pytest.mark.parametrize('latitude', [50.0, 62.5, 76.5])
def test_pixels_are_40_metres(latitude):
    ties = tie_points(10000, 10460, latitude, -40.0)
    assert ties.latitude.shape == (21, 21)
    points = on_wgs84(ties.latitude, ties.longitude)
    for axis, index in ((0, ties.line), (1, ties.sample)):
        length = np.linalg.norm(np.diff(points, axis=axis), axis=-1)
        pixels = np.diff(index).reshape((-1, 1) if axis == 0 else (1, -1))
        spacing = length / pixels
        assert spacing == pytest.approx(40, rel=0.005)


def test_ascending_right_looking():
    ties = tie_points(10000, 10460, 62.0, -40.0)
    assert (np.diff(ties.latitude, axis=0) > 0).all()
    assert (np.diff(ties.longitude, axis=1) > 0).all()
    assert ties.longitude[0, 0] == pytest.approx(-40)
    assert (np.diff(ties.incidence, axis=1) > 0).all()
    assert ties.incidence.min() == pytest.approx(19.1, abs=0.1)
    assert ties.incidence.max() == pytest.approx(46.7, abs=0.1)


def test_a_small_scene_spans_the_swath():
    angle = incidence_angle(400)
    assert angle[0] == pytest.approx(19.1)
    assert angle[-1] == pytest.approx(46.7)


def test_distance_zones():
    land = np.zeros((60, 2000), bool)
    land[:, :10] = True
    distance = np.maximum(np.arange(2000) - 9.0, 0) * 0.08
    distance = np.broadcast_to(distance, land.shape).astype(np.float32)
    layout = Layout(land, land, land, distance, 1)
    mask, zones = distance_map(layout, (119, 4000))
    assert zones.dtype == np.float32
    assert zones.shape == (119, 4000)
    assert (zones[mask] == 0).all()
    assert (zones[~mask] > 0).all()
    row = zones[50]
    assert (np.diff(row) >= 0).all()
    for kilometres, zone in (
        *((0.3, 1), (0.8, 2), (1.5, 3), (19.5, 21), (22, 22), (47, 27)),
        *((55, 28), (95, 32), (110, 33)),
    ):
        assert row[20 + round(kilometres / 0.04)] == zone
    far = Layout(land & False, land, land & False, distance + np.inf, 1)
    assert (distance_map(far, (20, 20))[1] == 41).all()


@pytest.mark.parametrize(
    ('platform', 'start', 'orbit', 'take'),
    [
        ('S1A', datetime(2018, 1, 24, 19, 47, 59), 20301, 0x22AA4),
        ('S1A', datetime(2020, 6, 26, 10, 42, 58), 33187, 0x3D833),
        ('S1B', datetime(2020, 9, 18, 11, 28, 29), 23429, 0x2C817),
    ],
)
def test_orbit_numbers(platform, start, orbit, take):
    """Three published scenes; data takes to within a few weeks."""
    for seed in range(50):
        identity = draw_identity(
            np.random.default_rng(seed), 'dmi', start, 10000
        )
        if identity.product_id.startswith(platform):
            break
    parts = identity.product_id.split('_')
    assert int(parts[6]) == orbit
    assert abs(int(parts[7], 16) - take) < 1500
    assert (
        parts[5]
        == f'{start.replace(second=start.second):%Y%m%dT}'
        + (parts[5].split('T')[1])
    )
    stop = datetime.strptime(parts[5], '%Y%m%dT%H%M%S')
    assert (stop - start).total_seconds() == 60
