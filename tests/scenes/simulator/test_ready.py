"""The ready file against a plain reading of the rules, written here."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from mmseaice.scenes import open_scene
from mmseaice.scenes.resample import apply_ready_rule
from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.ready import ready_arrays

SIC = {0: 0, 1: 0, 2: 0, 55: 0, 91: 10, 92: 10, 99: 255}
SIC |= {10 * tenth: tenth for tenth in range(1, 10)}
SOD = {0: 0, 80: 0, 81: 1, 82: 1, 83: 2, 84: 2, 85: 2, 87: 3, 88: 3, 89: 3}
SOD |= {86: 4, 91: 4, 93: 4, 95: 5, 96: 5, 97: 5, 98: 255, 99: 255}
FLOE = {0: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 5, 9: 6, 10: 6}
FLOE |= {1: 255, 8: 255, 21: 255, 22: 255}

STATISTICS = {
    'Dec-2022': {
        'HH': (-14.508255, 5.659746),
        'HV': (-24.701205, 4.746759),
        'incidence_angle': (33.998018, 8.322267),
        'distance_zone': (23.627670, 14.990186),
    },
    'Oct-2022': {
        'HH': (-14.5034, 5.6242),
        'HV': (-24.7023, 4.7420),
        'incidence_angle': (33.9979, 8.3211),
        'distance_zone': (23.6415, 14.9988),
    },
}
THRESHOLDS = {'Dec-2022': (65, 65), 'Oct-2022': (70, 50)}


def dominant(classes, partials, total, threshold):
    partials = list(partials)
    sums = list(partials)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        if classes[first] == classes[second] != -9:
            sums[first] = partials[first] + partials[second]
    best = int(np.argmax(sums))
    enough = 100 * sums[best] / total >= threshold
    return classes[best] if enough and classes[best] != -9 else 255


def classes_of(row, thresholds):
    """(SIC, SOD, FLOE) of one row of the code table."""
    fields = row.split(';')
    code = [int(field) for field in fields[:-2]]
    total = SIC[code[1]]
    if fields[-1] in 'wW' or total == 0:
        return 0, 0, 0
    if total == 255:
        return 255, 255, 255
    partials = [SIC.get(code[i], -9) for i in (2, 5, 8)]
    if partials[0] == -9:
        partials[0] = total
    stages = [SOD.get(code[i], -9) for i in (3, 6, 9)]
    floes = [FLOE.get(code[i], -9) for i in (4, 7, 10)]
    stage = dominant(stages, partials, total, thresholds[0])
    floe = dominant(floes, partials, total, thresholds[1])
    return total, stage, 255 if 255 in floes else floe


def reference(scene, release):
    """Ready arrays by the letter of the format, in float64."""
    table = {
        int(row.split(';')[0]): classes_of(row, THRESHOLDS[release])
        for row in scene.polygon_codes[1:]
    }
    charts = np.full((3, *scene.shape), 255)
    for number, classes in table.items():
        inside = scene.polygon_id == number
        charts[:, inside] = np.array(classes)[:, None]
    lines, samples = scene.shape
    across = np.array(
        [
            np.interp(np.arange(samples), scene.ties.sample, row)
            for row in scene.ties.incidence
        ]
    )
    angle = np.array(
        [
            np.interp(np.arange(lines), scene.ties.line, column)
            for column in across.T
        ]
    ).T
    missing = np.isnan(scene.HH) | np.isnan(scene.HV)
    missing |= np.isnan(scene.polygon_id)

    def blocks(values):
        even = np.asarray(values)[: lines // 2 * 2, : samples // 2 * 2]
        return even.reshape(lines // 2, 2, samples // 2, 2)

    gone = blocks(missing).any((1, 3))
    out = {}
    for name, chart in zip(('SIC', 'SOD', 'FLOE'), charts, strict=True):
        out[name] = np.where(gone, 255, blocks(chart).max((1, 3)))
    fields = {
        'HH': scene.HH,
        'HV': scene.HV,
        'incidence_angle': angle,
        'distance_zone': scene.distance_zone,
    }
    for name, field in fields.items():
        mean, std = STATISTICS[release][name]
        value = (blocks(field.astype(float)).mean((1, 3)) - mean) / std
        blank = gone & (name != 'distance_zone')
        out[name] = np.where(blank, 0.0, value)
    return out


@pytest.mark.parametrize('release', STATISTICS)
@pytest.mark.parametrize('special', [None, 'masked'])
def test_ready_equals_the_rules(release, special):
    scene = simulate_scene(1, 1, lines=823, samples=901, special=special)
    expected = reference(scene, release)
    got = ready_arrays(scene, release)
    assert set(got) == set(expected)
    for name, values in expected.items():
        if name in ('SIC', 'SOD', 'FLOE'):
            assert got[name].dtype == np.uint8
            np.testing.assert_array_equal(got[name], values)
        else:
            assert got[name].dtype == np.float32
            np.testing.assert_allclose(got[name], values, atol=1e-4)


def test_raw_and_ready_files_are_the_same_scene(files):
    raw = apply_ready_rule(open_scene(files['raw']))
    for kind in ('train', 'test'):
        ready = open_scene(files[kind])
        assert ready.attrs['release'] == 'Dec-2022'
        assert ready.attrs['product_id'] == raw.attrs['product_id']
        for name in ('SIC', 'SOD', 'FLOE'):
            np.testing.assert_array_equal(ready[name], raw[name])
        for name in ('HH', 'HV', 'incidence_angle', 'distance_zone'):
            np.testing.assert_allclose(ready[name], raw[name], atol=5e-4)
        for name in ('btemp_18_7h', 't2m', 'latitude', 'longitude'):
            np.testing.assert_allclose(ready[name], raw[name], rtol=1e-6)


def test_masked_scene_keeps_its_sar():
    scene = simulate_scene(2, 0, lines=600, samples=600, special='masked')
    got = ready_arrays(scene)
    valid = got['HH'] != 0
    assert (got['SIC'] == 255).mean() > 0.5
    assert valid[got['SIC'] == 255].mean() > 0.4
    # Never the other way round.
    assert valid[got['SIC'] != 255].all()


def test_fills(files):
    with netCDF4.Dataset(files['train']) as ready:
        ready.set_auto_mask(False)
        HH = ready['nersc_sar_primary'][:]
        SIC_ = ready['SIC'][:]
        zones = ready['distance_map'][:]
    assert np.isfinite(HH).all()
    assert (HH == 0).any()
    assert (SIC_[HH == 0] == 255).all()
    # The distance is never masked.
    assert (zones[HH == 0] != 0).all()
