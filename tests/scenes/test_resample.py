"""The resampler against loops that follow its definition word by word."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.scenes.cells import MajorityCharts
from mmseaice.scenes.resample import (
    apply_ready_rule,
    resample_chart,
    resample_field,
    resample_scene,
)
from mmseaice.testing.recipes import make_scene

FACTORS = [Fraction(n, 8) for n in (8, 10, 12, 16, 20, 24, 28, 36, 40, 48)]
FACTORS += [Fraction(9, 7), Fraction(11, 10), Fraction(10, 3)]


def overlaps(i, factor, size):
    """Exact overlap of cell i with each pixel: {pixel: length}."""
    start, stop = i * factor, (i + 1) * factor
    lengths = {
        p: min(Fraction(p + 1), stop) - max(Fraction(p), start)
        for p in range(size)
    }
    return {p: length for p, length in lengths.items() if length > 0}


def cells(shape, factor):
    """Yield (i, j, {pixel: exact area}) of every output cell."""
    rows, cols = (int(size / factor) for size in shape)
    for i in range(rows):
        for j in range(cols):
            yield (
                i,
                j,
                {
                    (y, x): a * b
                    for y, a in overlaps(i, factor, shape[0]).items()
                    for x, b in overlaps(j, factor, shape[1]).items()
                },
            )


def loop_field(values, valid, factor, decibel, min_valid):
    out = np.full([int(n / factor) for n in values.shape], np.nan)
    for i, j, areas in cells(values.shape, factor):
        good = {p: a for p, a in areas.items() if valid[p]}
        area = sum(good.values())
        if area == 0 or area < Fraction(min_valid) * factor**2:
            continue
        power = {p: 10 ** (float(values[p]) / 10) for p in good}
        terms = power if decibel else {p: float(values[p]) for p in good}
        mean = sum(terms[p] * float(a) for p, a in good.items()) / float(area)
        out[i, j] = 10 * np.log10(mean) if decibel else mean
    return out


def loop_chart(values, factor, how, min_valid=0.5):
    out = np.empty([int(n / factor) for n in values.shape], np.uint8)
    for i, j, areas in cells(values.shape, factor):
        if how == 'max':
            out[i, j] = max(values[p] for p in areas)
        elif how == 'nearest':
            centre = [int((n + Fraction(1, 2)) * factor) for n in (i, j)]
            out[i, j] = values[tuple(centre)]
        else:
            per_class = {}
            for p, a in areas.items():
                if values[p] != 255:
                    per_class[values[p]] = per_class.get(values[p], 0) + a
            labelled = sum(per_class.values())
            if not per_class or labelled < Fraction(min_valid) * factor**2:
                out[i, j] = 255
            else:
                largest = max(per_class.values())
                out[i, j] = min(
                    c for c, a in per_class.items() if a == largest
                )
    return out


@st.composite
def grids(draw):
    factor = draw(st.sampled_from(FACTORS))
    least = int(np.ceil(factor))
    shape = tuple(draw(st.integers(least, least + 9)) for _ in 'yx')
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return factor, shape, rng


@settings(max_examples=60, deadline=None)
@given(grids(), st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_field_equals_loop(grid, decibel, min_valid):
    factor, shape, rng = grid
    values = rng.uniform(-30, 5, shape).astype(np.float32)
    valid = rng.random(shape) < rng.choice([0.3, 0.6, 1.0])
    values[~valid] = np.nan
    out = resample_field(
        values, valid, float(factor), decibel=decibel, min_valid=min_valid
    )
    expected = loop_field(values, valid, factor, decibel, min_valid)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, atol=1e-5, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(grids(), st.sampled_from(['majority', 'nearest', 'max']))
def test_chart_equals_loop(grid, how):
    factor, shape, rng = grid
    values = rng.choice([0, 1, 2, 10, 255], shape).astype(np.uint8)
    out = resample_chart(values, float(factor), how)
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(out, loop_chart(values, factor, how))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32))
def test_energy_is_conserved(factor, seed):
    """Whole cells hold as much power as the pixels they are made of."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-30, 0, (factor * 4, factor * 5)).astype(np.float32)
    out = resample_field(values, values < 1, factor, decibel=True)
    np.testing.assert_allclose(
        (10 ** (out / 10.0)).sum() * factor**2,
        (10 ** (values / 10.0)).sum(),
        rtol=1e-6,
    )


@pytest.mark.parametrize('factor', [1, 1.5, 2.5, 4.5, 6])
def test_constant_stays_and_nothing_stays_nothing(factor):
    values = np.full((13, 17), -17.25, np.float32)
    valid = np.ones(values.shape, bool)
    out = resample_field(values, valid, factor, decibel=True)
    assert out.shape == (int(13 / factor), int(17 / factor))
    np.testing.assert_allclose(out, -17.25, atol=2e-6)
    assert np.isnan(resample_field(values, ~valid, factor)).all()
    unlabelled = np.full((13, 17), 255, np.uint8)
    for how in ('majority', 'nearest', 'max'):
        assert (resample_chart(unlabelled, factor, how) == 255).all()


def test_average_of_powers_by_hand():
    """0 dB and 10 dB: the mean power is 5.5, that is 7.404 dB."""
    values = np.array([[0, 10], [np.nan, np.nan]], np.float32)
    valid = np.isfinite(values)
    out = resample_field(values, valid, 2, decibel=True)
    np.testing.assert_allclose(out, 7.403627, atol=1e-5)
    assert np.isnan(resample_field(values, valid, 2, min_valid=0.51)).all()


def test_outliers_of_the_raw_files_survive():
    """Sentinels near -463 dB underflow float32 power, but not the mean."""
    values = np.full((4, 4), -463.0, np.float32)
    out = resample_field(values, values < 0, 2, decibel=True)
    np.testing.assert_allclose(out, -463, atol=1e-4)


@pytest.mark.parametrize(
    ('size', 'factor', 'match'), [(8, 0.9, 'at least 1'), (3, 4, 'one cell')]
)
def test_impossible_factors_are_refused(size, factor, match):
    chart = np.zeros((size, size), np.uint8)
    with pytest.raises(ValueError, match=match):
        resample_chart(chart, factor)


def test_scene_by_area():
    scene = make_scene(100, 131)
    out = resample_scene(scene, 200)
    assert out.attrs['pixel_spacing'] == 200
    assert out.attrs['resampling'] == 'area'
    assert dict(out.sizes) | {'y': 40, 'x': 52} == dict(out.sizes)
    valid = np.isfinite(scene.HH.values)
    for name, decibel in (
        ('HH', True),
        ('HV', True),
        ('incidence_angle', False),
    ):
        np.testing.assert_array_equal(
            out[name],
            resample_field(scene[name].values, valid, 2.5, decibel=decibel),
        )
    assert np.isfinite(out.distance_zone).all()
    chart = resample_chart(scene.SOD.values, 2.5)
    np.testing.assert_array_equal(out.SOD, chart)
    np.testing.assert_array_equal(out.t2m.values, scene.t2m.values)
    for name in ('y_tie', 'x_tie', 'y_2km', 'x_2km'):
        np.testing.assert_allclose(out[name] * 2.5, scene[name])
    assert list(out) == list(scene)
    assert scene.attrs['pixel_spacing'] == 80


def test_scene_unchanged_finer_or_twice():
    scene = make_scene()
    xr.testing.assert_identical(resample_scene(scene, 80), scene)
    with pytest.raises(ValueError, match='at least 80 m, but got 40 m'):
        resample_scene(scene, 40)
    with pytest.raises(ValueError, match='original scene'):
        resample_scene(resample_scene(scene, 160), 320)
    with pytest.raises(ValueError, match='majority, nearest, max'):
        resample_scene(scene, 160, charts='mean')


def loop_ready(raw):
    """The 2 x 2 step cell by cell."""
    shape = raw.sizes['y'] // 2, raw.sizes['x'] // 2
    full = {n: raw[n].values for n in raw if raw[n].dims == ('y', 'x')}
    out = {name: np.zeros(shape) for name in full}
    sar = ('HH', 'HV', 'incidence_angle')
    for at in np.ndindex(shape):
        rows, cols = (slice(2 * i, 2 * i + 2) for i in at)
        block = {n: full[n][rows, cols].astype(float) for n in full}
        missing = any(np.isnan(block[n]).any() for n in sar)
        for n in sar:
            out[n][at] = np.nan if missing else block[n].mean()
        for n in ('SIC', 'SOD', 'FLOE'):
            out[n][at] = 255 if missing else block[n].max()
        out['distance_zone'][at] = block['distance_zone'].mean()
        out['polygon_id'][at] = block['polygon_id'][1, 1]
    return out


def test_ready_rule_equals_loop():
    raw = make_scene(121, 143, kind='raw')
    out = apply_ready_rule(raw)
    assert (out.sizes['y'], out.sizes['x']) == (60, 71)
    assert out.attrs['pixel_spacing'] == 80
    assert out.attrs['resampling'] == 'ready'
    for name, expected in loop_ready(raw).items():
        assert out[name].dtype == raw[name].dtype
        np.testing.assert_allclose(out[name], expected, rtol=1e-6)
    np.testing.assert_allclose(out.y_2km * 2, raw.y_2km)


def test_ready_rule_keeps_sar_of_unknown_concentration():
    raw = make_scene(64, 64, kind='raw')
    raw = raw.map(lambda v: v.fillna(-20.0), keep_attrs=True)
    raw.SIC[:] = 255
    raw.HV[10, 10] = np.nan
    out = apply_ready_rule(raw)
    assert np.isnan(out.HH.values).sum() == 1
    assert np.isnan(out.incidence_angle[5, 5])
    assert out.SOD[5, 5] == 255


def test_raw_scene_comes_through_the_ready_rule():
    raw = make_scene(120, 144, kind='raw')
    ready = apply_ready_rule(raw)
    xr.testing.assert_identical(resample_scene(raw, 80), ready)
    out = resample_scene(raw, 200)
    assert out.attrs['resampling'] == 'ready+area'
    xr.testing.assert_identical(out, resample_scene(ready, 200))
    xr.testing.assert_identical(resample_scene(raw, 40), raw)
    with pytest.raises(ValueError, match='at least 80 m'):
        resample_scene(raw, 60)
    with pytest.raises(ValueError, match='raw scene at 40 m'):
        apply_ready_rule(ready)


@pytest.mark.parametrize('highest', [6, 14, 15, 254])
@pytest.mark.parametrize('count', [1, 2, 3, 5])
def test_charts_together_are_those_one_by_one(highest, count):
    """However many there are, and whether or not classes fit four bits."""
    rng = np.random.default_rng(highest + count)
    charts = []
    for _ in range(count):
        chart = np.kron(rng.integers(0, 7, (4, 5)), np.ones((3, 3)))
        chart[rng.random(chart.shape) < 0.2] = 255
        chart[:4, :4] = highest
        charts.append(chart.astype(np.uint8))
    for factor in (Fraction(3, 2), Fraction(2), Fraction(37, 10)):
        together = MajorityCharts(charts)(float(factor))
        for chart, found in zip(charts, together, strict=True):
            assert found.dtype == np.uint8
            np.testing.assert_array_equal(
                found, loop_chart(chart, factor, 'majority')
            )
