"""Microwave and weather fields as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.auxiliary import (
    TYPICAL,
    brightness_temperatures,
    cover_fractions,
    draw_weather,
)
from mmseaice.scenes.simulator.ice import IceTruth

SHAPE = (20, 20)
WATER, FIRST_YEAR, OLD = 0, 4, 5


def all_of(kind):
    """Cover fractions of a scene that is all of one kind."""
    fractions = np.zeros((7, *SHAPE))
    fractions[kind] = 1
    return fractions


def air(kind, month=3, latitude=68.0, scenes=40):
    """ERA5 fields of many scenes of one kind."""
    drawn = [
        draw_weather(
            np.random.default_rng(seed),
            [np.zeros(SHAPE)] * 2,
            all_of(kind),
            month,
            latitude,
        )
        for seed in range(scenes)
    ]
    return {name: np.stack([w[name] for w in drawn]) for name in drawn[0]}


def test_air_follows_surface_season_and_latitude():
    winter, may = (air(FIRST_YEAR, month)['t2m'].mean() for month in (2, 5))
    assert may > winter + 10
    assert may < 273.2
    south, north = (air(FIRST_YEAR, 3, n)['t2m'].mean() for n in (63, 73))
    assert south - north == pytest.approx(4, abs=0.3)
    # Water keeps the air mild, whatever the month and latitude.
    for month, latitude in ((2, 77.0), (5, 55.0)):
        t2m = air(WATER, month, latitude)['t2m']
        assert t2m.mean() == pytest.approx(267.6, abs=1)
        assert t2m.std() < 4


def test_means_of_a_set_are_near_the_published():
    """Published scenes cover all months, simulated ones October to May."""
    scenes = [simulate_scene(21, k, lines=400, samples=400) for k in range(24)]
    for name, mean, within in (
        ('t2m', 268.6, 3.5),
        ('skt', 268.9, 3.5),
        ('tcwv', 7.7, 1.5),
    ):
        values = [scene.weather[name].mean() for scene in scenes]
        assert np.mean(values) == pytest.approx(mean, abs=within)


def typical(**changes):
    values = {'u10m_rotated': TYPICAL['wind'], 'v10m_rotated': 0.0}
    values |= {name: TYPICAL[name] for name in ('t2m', 'tcwv', 'tclw')}
    values |= changes
    return {name: np.full(SHAPE, value) for name, value in values.items()}


def brightness(kind, **changes):
    fields = brightness_temperatures(
        np.random.default_rng(0), all_of(kind), typical(**changes)
    )
    return {name: values.mean() for name, values in fields.items()}


def test_typical_weather_leaves_the_tie_points():
    """What a satellite sees on average is what the tie points are."""
    for kind, expected in (
        (WATER, {'6_9h': 82, '18_7h': 108, '36_5v': 209.5, '89_0v': 243}),
        (FIRST_YEAR, {'6_9h': 232, '18_7v': 252, '89_0h': 222}),
        (OLD, {'18_7v': 226.5, '36_5v': 197, '89_0v': 187}),
    ):
        seen = brightness(kind)
        for name, value in expected.items():
            assert seen[f'btemp_{name}'] == pytest.approx(value, abs=0.5)


def test_weather_brightens_water():
    calm, usual = brightness(WATER, u10m_rotated=2.0), brightness(WATER)
    moist = brightness(WATER, tcwv=12.0, tclw=0.15)
    dry = brightness(WATER, tcwv=2.0, tclw=0.0)
    for name in ('btemp_18_7h', 'btemp_36_5h', 'btemp_89_0h'):
        assert calm[name] < usual[name]
        assert dry[name] < usual[name] < moist[name]


def test_brightness_follows_concentration():
    shape = (400, 1000)
    cover = np.broadcast_to(np.linspace(0, 100, shape[1]), shape)
    zero = np.zeros(shape, np.float32)
    truth = IceTruth(
        cover.astype(np.uint8),
        np.where(cover > 0, 4, 0).astype(np.uint8),
        zero.astype(np.uint8),
        zero,
        zero,
        zero.astype(bool),
    )
    fractions = cover_fractions(truth, (15, 39))
    np.testing.assert_allclose(fractions.sum(0), 1)
    weather = {
        name: np.full((15, 39), value)
        for name, value in (
            ('t2m', 258.0),
            ('tcwv', 4.0),
            ('tclw', 0.02),
            ('u10m_rotated', 5.0),
            ('v10m_rotated', 2.0),
        )
    }
    fields = brightness_temperatures(
        np.random.default_rng(0), fractions, weather
    )
    assert len(fields) == 14
    for frequency in ('6_9', '18_7', '36_5'):
        h, v = (fields[f'btemp_{frequency}{p}'].mean(0) for p in 'hv')
        assert (np.diff(h) > 0).mean() > 0.9
        # The polarisation difference shrinks as ice closes in.
        # At 6.9 GHz the footprint of 48 km never sees one of them alone.
        factor = 1.5 if frequency == '6_9' else 3
        assert (v - h)[0] > factor * (v - h)[-1]
    old = truth.stage * 0 + np.where(cover > 0, 5, 0).astype(np.uint8)
    truth.stage[:] = old
    older = brightness_temperatures(
        np.random.default_rng(0), cover_fractions(truth, (15, 39)), weather
    )
    ratio = 'btemp_36_5v', 'btemp_18_7v'
    assert older[ratio[0]][:, -1].mean() < older[ratio[1]][:, -1].mean() - 15


def test_brightness_lattice(scene):
    for name, values in scene.brightness.items():
        assert values.dtype == np.float64
        assert values.shape == (20, 24)
        np.testing.assert_array_equal(values * 128, np.rint(values * 128))
        if name.endswith('h'):
            assert (values < scene.brightness[f'{name[:-1]}v']).all()
        assert 70 < values.min() < values.max() < 290
