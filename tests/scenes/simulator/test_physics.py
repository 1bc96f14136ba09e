"""Speckle, noise and backscatter as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.backscatter import (
    ice_backscatter,
    water_backscatter,
)
from mmseaice.scenes.simulator.geometry import incidence_angle
from mmseaice.scenes.simulator.noise import SUBSWATH_EDGES, draw_noise
from mmseaice.scenes.simulator.sar import scene_image
from mmseaice.scenes.simulator.speckle import Speckle

WINDOW = 24
#: Raw lines of one burst cycle, rounded.
BURST = round(3.04 * 166.7)


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


@pytest.mark.parametrize('seed', range(20))
def test_noise_steps_over_dark_water(seed):
    """Sub-swaths step by 0.3 to 1 dB, and nowhere else."""
    samples = 10_000
    angle = incidence_angle(samples)
    noise = draw_noise(np.random.default_rng(seed), angle)
    power = np.full((BURST, samples), 10**-3.3, np.float32)
    noise.add_to(power, 0)
    profile = 10 * np.log10(power.mean(0, dtype=np.float64))
    step = np.abs(np.diff(profile))
    edges = np.searchsorted(angle, SUBSWATH_EDGES) - 1
    assert step[edges].min() > 0.3
    assert step[edges].max() < 1
    assert np.delete(step, edges).max() < 0.01


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

    assert strength(BURST) > 4 * strength(37.0)


def cmod5n(wind, incidence):
    """CMOD5.N: mean over directions and second harmonic of VV in dB."""
    x = (incidence - 40) / 25
    a0 = -0.6878 - 0.7957 * x + 0.338 * x**2 - 0.1728 * x**3
    gamma = 6.7329 + 2.7713 * x - 2.2885 * x**2
    s0, s = 0.4971 - 0.725 * x, (0.1103 + 0.0159 * x) * wind
    a3 = 1 / (1 + np.exp(-np.maximum(s, s0)))
    low = a3 * (np.minimum(s, s0) / s0) ** (s0 * (1 - a3))
    b0 = np.where(s < s0, low, a3) ** gamma * 10 ** (a0 + 0.004 * x * wind)
    b1 = 0.5 + x - np.tanh(4 * (x + 0.3222 + 0.012 * wind))
    b1 = 0.045 * (1 + x) - 0.0066 * wind * b1
    b1 /= np.exp(0.34 * (wind - 22.7)) + 1
    ratio = 1 + wind / (8.3659 - 3.3428 * x + 1.3236 * x**2)
    bent = 1.72087 + 0.28510 * (ratio - 1) ** 3
    d1 = 6.2437 + 2.3893 * x + 0.3249 * x**2
    ratio = np.where(ratio < 2.0813, bent, ratio)
    b2 = (-d1 + (4.159 + 1.693 * x) * ratio) * np.exp(-ratio)
    phi = np.arange(0, 2 * np.pi, 0.1 * np.pi)[:, None, None]
    dB = 16 * np.log10(1 + b1 * np.cos(phi) + b2 * np.cos(2 * phi))
    swing = 2 * (dB * np.cos(2 * phi)).mean(0)
    return 10 * np.log10(b0) + dB.mean(0), swing


def test_water_follows_cmod5n():
    incidence = np.linspace(19, 46.7, 30)
    wind = np.linspace(3, 14, 23)[:, None]
    mean, swing = cmod5n(wind, incidence)
    tangent = np.tan(np.deg2rad(incidence)) ** 2
    mean -= 20 * np.log10((1 + 2 * tangent) / (1 + tangent))
    along, across = (
        water_backscatter(wind, angle, incidence)[0]
        for angle in (0.0, np.pi / 2)
    )
    error = (along + across) / 2 - mean
    assert np.sqrt(np.mean(error**2)) < 0.3
    assert np.abs(error).max() < 1
    error = (along - across) / 2 - swing
    assert np.abs(error).max() < 0.5
    # Beyond the fit too, water brightens with wind and darkens with angle.
    wind = np.geomspace(0.8, 25, 40)[:, None]
    HH = water_backscatter(wind, np.pi / 4, incidence)[0]
    assert (np.diff(HH, axis=0)[1:] > 0).all()
    assert (np.diff(HH, axis=1) < 0).all()


def test_light_wind_is_bright_near_and_dark_far():
    ends = np.float32([20, 46])
    wind = np.full(2, 4, np.float32)
    near, far = water_backscatter(wind, np.pi / 4, ends)[0]
    for stage in range(1, 6):
        ice = ice_backscatter(np.full(2, stage), ends)[0]
        assert near > ice[0] + 1
        assert far < ice[1] - 0.5


def test_incidence_slopes():
    incidence = np.linspace(20, 46, 27, dtype=np.float32)

    def slopes(HH, HV):
        return np.polyfit(incidence, HH, 1)[0], np.polyfit(incidence, HV, 1)[0]

    wind = np.full(27, 8, np.float32)
    HH, HV = slopes(*water_backscatter(wind, np.pi / 4, incidence))
    assert -0.8 < HH < -0.65
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


def test_wind_is_that_of_the_water(water):
    """ERA5 wind and HH over water rise and fall together."""
    u, v = (water.weather[f'{c}10m_rotated'] for c in 'uv')
    speed = np.hypot(u, v)
    lines, samples = (50 * count for count in speed.shape)
    HH = water.HH[:lines, :samples].copy()
    HH[HH < -60] = np.nan
    angle = incidence_angle(water.shape[1])[:samples]
    HH -= water_backscatter(np.full(samples, 8.0), np.pi / 4, angle)[0]
    cells = HH.reshape(speed.shape[0], 50, speed.shape[1], 50)
    inner = (slice(None), slice(1, -1))
    mean = np.nanmean(cells, axis=(1, 3))[inner].ravel()
    assert np.corrcoef(np.log(speed[inner]).ravel(), mean)[0, 1] > 0.8
