"""Speckle, noise, backscatter and microwave fields as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.auxiliary import (
    brightness_temperatures,
    cover_fractions,
)
from mmseaice.scenes.simulator.backscatter import (
    ice_backscatter,
    water_backscatter,
)
from mmseaice.scenes.simulator.geometry import incidence_angle
from mmseaice.scenes.simulator.ice import IceTruth
from mmseaice.scenes.simulator.noise import SUBSWATH_EDGES
from mmseaice.scenes.simulator.sar import scene_image
from mmseaice.scenes.simulator.speckle import Speckle

WINDOW = 24


def speckle_statistics(power):
    """Equivalent looks and correlation at lag 1 and 2 of uniform areas.

    From the mean squared differences at lags 1, 2 and 5 in small windows:
    at lag 5 speckle is uncorrelated, and slow trends hardly matter.
    """
    height, width = (size // WINDOW * WINDOW for size in power.shape)
    blocks = power[:height, :width].reshape(
        height // WINDOW, WINDOW, width // WINDOW, WINDOW
    )
    blocks = blocks.swapaxes(1, 2).reshape(-1, WINDOW, WINDOW).astype(float)
    blocks = blocks[np.isfinite(blocks).all((1, 2))]
    blocks = blocks / blocks.mean((1, 2), keepdims=True)
    # The most uniform twentieth.
    spread = blocks.var((1, 2))
    blocks = blocks[spread <= np.quantile(spread, 0.05)]
    out = []
    for axis in (1, 2):
        half = [
            np.mean(
                (
                    np.take(blocks, range(lag, WINDOW), axis)
                    - np.take(blocks, range(WINDOW - lag), axis)
                )
                ** 2
            )
            / 2
            for lag in (1, 2, 5)
        ]
        out.append((1 / half[2], 1 - half[0] / half[2], 1 - half[1] / half[2]))
    return np.mean(out, axis=0)


def correlation(values, axis):
    values = np.moveaxis(values - values.mean(), axis, 0)
    return (values[1:] * values[:-1]).mean() / values.var()


def test_speckle_of_a_uniform_area():
    rng = np.random.default_rng(0)
    source = Speckle(rng, 700)
    # Drawn in strips: the seams must not show.
    speckle = np.concatenate([source.draw(n) for n in (1, 300, 2, 397)])
    assert speckle.shape == (700, 700)
    assert speckle.mean() == pytest.approx(1, abs=0.01)
    assert 1 / speckle.var() == pytest.approx(10.7, abs=1)
    for axis in (0, 1):
        assert 0.5 < correlation(speckle, axis) < 0.6
    rows = [correlation(speckle[k : k + 2], 0) for k in (0, 300, 302)]
    assert np.all(np.array(rows) > 0.35)


@pytest.mark.parametrize('channel', ['HH', 'HV'])
def test_speckle_in_a_scene(channel):
    """Both channels of a flat target, noise residual included."""
    flat = np.full((500, 500), 10**-2.7, np.float32)
    images = scene_image(
        np.random.default_rng(3),
        flat,
        flat,
        incidence_angle(1000),
        (1000,) * 2,
    )
    dB = images[['HH', 'HV'].index(channel)]
    inner = 10 ** (dB[100:900, 600:680].astype(float) / 10)
    # Single pixels may dive.
    inner[~(inner > 1e-5)] = np.nanmean(inner)
    inner /= inner.mean(0)
    assert 1 / inner.var() == pytest.approx(10.7, abs=1)
    for axis in (0, 1):
        assert 0.5 < correlation(inner, axis) < 0.6


def test_speckle_beside_real_scenes(shared_data):
    """The same estimator on real EW HV and on simulated speckle.

    Real uniform areas show 11 to 16 looks and a correlation of about 0.7
    at lag 1, a little more than the product's definition promises.
    """
    image = pytest.importorskip('PIL.Image')
    files = sorted((shared_data / 'drift').glob('*.tif'))
    if not files:
        pytest.skip('no drift images in the shared data')
    real = []
    for path in files:
        try:
            power = np.asarray(image.open(path))
        except OSError as error:
            pytest.skip(f'{path.name} cannot be read here: {error}')
        real.append(speckle_statistics(power))
    source = Speckle(np.random.default_rng(1), 960)
    looks, first, second = speckle_statistics(source.draw(960))
    real_looks, real_first, real_second = np.array(real).T
    assert 0.7 * real_looks.min() < looks < real_looks.max()
    assert 0.7 < first / real_first.mean() < 1.05
    # Both forget within two pixels.
    assert second < real_second.max() < 0.35


def test_noise_has_steps_and_scalloping(water):
    steps = []
    lines, samples = water.shape
    edges = np.searchsorted(incidence_angle(samples), SUBSWATH_EDGES)
    power = 10 ** (water.HV.astype(float) / 10)
    power[power < 1e-5] = np.nan
    power[:, np.isnan(power).all(0)] = 0  # the borders
    profile = np.nanmean(power, axis=0)
    for edge in edges:
        before = profile[edge - 15 : edge].mean()
        after = profile[edge : edge + 15].mean()
        steps.append(abs(10 * np.log10(after / before)))
    elsewhere = []
    for k in range(100, samples - 100, 15):
        if np.abs(edges - k).min() > 20 and profile[k - 15 :][:30].all():
            before = profile[k - 15 : k].mean()
            after = profile[k : k + 15].mean()
            elsewhere.append(abs(10 * np.log10(after / before)))
    assert len(steps) == 4
    assert min(steps) > 2 * np.median(elsewhere)
    # Scalloping: the burst period stands out along azimuth.
    sub = power[:, edges[0] + 10 : edges[1] - 10]
    along = np.nanmean(sub, axis=1)
    along -= np.poly1d(np.polyfit(range(lines), along, 3))(range(lines))

    def strength(period):
        wave = np.exp(2j * np.pi * np.arange(lines) / period)
        return np.abs((along * wave).mean())

    assert strength(3.04 * 166.7) > 4 * strength(37.0)


def test_incidence_slopes():
    incidence = np.linspace(20, 46, 27, dtype=np.float32)

    def slopes(HH, HV):
        return np.polyfit(incidence, HH, 1)[0], np.polyfit(incidence, HV, 1)[0]

    wind = np.full(27, 8, np.float32)
    HH, HV = slopes(*water_backscatter(wind, 0.0, incidence))
    assert -0.75 < HH < -0.55
    assert -0.2 < HV <= 0
    for stage, low, high in ((4, -0.26, -0.18), (5, -0.2, -0.1)):
        stages = np.full(27, stage)
        HH, HV = slopes(*ice_backscatter(stages, incidence))
        assert low < HH < high
        assert -0.2 < HV < -0.05


def test_published_contrasts():
    angle = np.float32([35.0])
    HH, HV = (
        np.array(
            [ice_backscatter(np.array([k]), angle)[c][0] for k in range(6)]
        )
        for c in (0, 1)
    )
    assert 2 <= HH[5] - HH[4] <= 4
    assert HV[5] - HV[4] >= 5
    # Nilas is darkest.
    assert HH[1] == np.nanmin(HH)
    calm, windy = (
        water_backscatter(np.float32([speed]), 0.0, angle)[0][0]
        for speed in (2.5, 13)
    )
    # Water covers the whole range of ice: no single pixel tells.
    assert calm < HH[1] + 1
    assert windy > HH[4]


def test_level_of_scenes():
    scenes = [simulate_scene(9, k, lines=800, samples=800) for k in range(5)]
    for name, mean, std in (('HH', -14.3, 4.7), ('HV', -25.0, 3.4)):
        images = [getattr(scene, name) for scene in scenes]
        means = [np.nanmean(image) for image in images]
        spreads = [np.nanstd(image) for image in images]
        assert np.mean(means) == pytest.approx(mean, abs=2.5)
        assert np.mean(spreads) == pytest.approx(std, abs=1.5)
    gaps = [np.isnan(scene.HH).mean() for scene in scenes]
    assert 0.01 < np.mean(gaps) < 0.05
    assert any(
        (np.isnan(scene.HH) != np.isnan(scene.HV)).any() for scene in scenes
    )


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


def test_wind_is_that_of_the_water(water):
    """ERA5 wind and HH over water rise and fall together."""
    u, v = (water.weather[f'{c}10m_rotated'] for c in 'uv')
    speed = np.hypot(u, v)
    lines, samples = (50 * count for count in speed.shape)
    HH = water.HH[:lines, :samples].copy()
    HH[HH < -60] = np.nan
    tilt = incidence_angle(water.shape[1])[:samples] - 30
    HH = HH + 0.65 * tilt.astype(np.float32)
    cells = HH.reshape(speed.shape[0], 50, speed.shape[1], 50)
    inner = (slice(None), slice(1, -1))
    mean = np.nanmean(cells, axis=(1, 3))[inner].ravel()
    assert np.corrcoef(np.log(speed[inner]).ravel(), mean)[0, 1] > 0.8
