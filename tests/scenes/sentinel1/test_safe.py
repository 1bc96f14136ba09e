"""SAFE folders against formulas written here, and broken ones."""

from __future__ import annotations

import os
import shutil
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from scipy.interpolate import RegularGridInterpolator

from mmseaice.errors import EmptySceneError, SceneFileError
from mmseaice.scenes import Geolocation, check_scene
from mmseaice.scenes.open_stream import stream_scene
from mmseaice.scenes.sentinel1.product import is_safe
from mmseaice.scenes.sentinel1.safe import SafeScene, read_safe
from mmseaice.scenes.sentinel1.statistics import swath_statistics


def numbers(element, name):
    return np.array(element.findtext(name).split(), float)


def grid_of(path, vector, name, shape):
    """Values of a table at every pixel, by scipy."""
    vectors = list(ElementTree.parse(path).iter(vector))
    lines = [float(v.findtext('line')) for v in vectors]
    table = [numbers(v, name) for v in vectors]
    pixels = numbers(vectors[0], 'pixel')
    find = RegularGridInterpolator((lines, pixels), table)
    return find(np.stack(np.mgrid[: shape[0], : shape[1]], -1))


@pytest.mark.parametrize('name', ['HH', 'HV'])
def test_sigma0_is_that_of_the_manual(safe, name):
    (path,) = safe.glob(f'measurement/*-{name.lower()}-*.tiff')
    with rasterio.open(path) as file:
        power = file.read(1).astype(float) ** 2
    tables = safe / 'annotation/calibration'
    scale = grid_of(
        tables / f'calibration-{path.stem}.xml',
        'calibrationVector',
        'sigmaNought',
        power.shape,
    )
    noise_path = tables / f'noise-{path.stem}.xml'
    noise = grid_of(
        noise_path, 'noiseRangeVector', 'noiseRangeLut', power.shape
    )
    for block in ElementTree.parse(noise_path).iter('noiseAzimuthVector'):
        lines = numbers(block, 'line'), numbers(block, 'noiseAzimuthLut')
        factor = np.interp(np.arange(len(power)), *lines)
        left = int(block.findtext('firstRangeSample'))
        right = int(block.findtext('lastRangeSample')) + 1
        noise[:, left:right] *= factor[:, None]
    sigma0 = (power - noise) / scale**2
    wanted = 10 * np.log10(np.maximum(sigma0, 1e-4))
    scene = SafeScene(safe)
    found = scene.read_lines(0, scene.shape[0])[name]
    seen = np.isfinite(found)
    np.testing.assert_allclose(found[seen], wanted[seen], atol=1e-3)
    assert (power[seen] > 0).all()
    np.testing.assert_allclose(
        scene.nesz(name, 0, len(power)), noise / scale**2, rtol=1e-5
    )
    kept = SafeScene(safe, denoise=False).read_lines(0, scene.shape[0])[name]
    with np.errstate(divide='ignore'):
        whole = 10 * np.log10(power / scale**2)
    np.testing.assert_allclose(kept[seen], whole[seen], atol=1e-3)


def test_blocks_are_the_whole(safe):
    scene = SafeScene(safe)
    whole = scene.read_lines(0, 500)
    edges = [0, 1, 128, 311, 500]
    parts = [scene.read_lines(*ends) for ends in pairwise(edges)]
    for name, field in whole.items():
        assert field.dtype == np.float32
        joined = np.concatenate([part[name] for part in parts])
        np.testing.assert_array_equal(joined, field)
    with pytest.raises(ValueError, match='lines within'):
        scene.read_lines(400, 501)


def test_scene_of_some_lines_counts_from_the_first(safe):
    scene = SafeScene(safe)
    part = scene.read_scene((100, 180))
    whole = scene.read_scene()
    np.testing.assert_array_equal(part['HV'], whole['HV'][100:180])
    y, x = np.array([0.5, 79.5]), np.array([3.5, 600.0])
    np.testing.assert_allclose(
        Geolocation.from_scene(part).grid(y, x),
        Geolocation.from_scene(whole).grid(y + 100, x),
        atol=1e-9,
    )


def test_scene_is_canonical(safe, raw):
    scene = read_safe(safe / 'manifest.safe')
    check_scene(scene)
    assert scene['HH'].dims == ('y', 'x')
    attrs = scene.attrs
    assert attrs['scene_id'] == raw.attrs['scene_id'][:15] + '_grd'
    same = ('product_id', 'acquisition_time', 'absolute_orbit')
    assert all(attrs[name] == raw.attrs[name] for name in same)
    assert set(raw.attrs) <= set(attrs)
    assert (attrs['kind'], attrs['mask']) == ('grd', 'none')
    np.testing.assert_array_equal(scene['y_tie'], raw['y_tie'])
    for name in ('latitude', 'longitude'):
        np.testing.assert_allclose(scene[name], raw[name], atol=1e-9)
    blank = np.isnan(scene['HH'].values)
    for name in ('HV', 'incidence_angle'):
        np.testing.assert_array_equal(np.isnan(scene[name]), blank)
    # The published angle drifts by 0.03 degrees along the scene.
    off = scene['incidence_angle'] - raw['incidence_angle']
    assert np.nanmax(np.abs(off)) < 0.04


def test_variables_are_chosen(safe):
    scene = read_safe(safe, variables=['HV'], optional=['HH', 't2m'])
    assert set(scene) == {'HV', 'HH', 'latitude', 'longitude'}
    with pytest.raises(SceneFileError, match='t2m'):
        read_safe(safe, variables=['HV', 't2m'])


def test_clipped_pixels_are_counted(safe):
    scene = read_safe(safe, noise_floor=-30)
    clipped = int((scene['HV'] == -30).sum())
    assert scene.attrs['clipped_HV'] == clipped > 0
    assert scene['HV'].min() == -30


def test_a_denoised_product_is_not_denoised_again(broken):
    wanted = SafeScene(broken, denoise=False).read_lines(0, 50)
    for path in broken.glob('annotation/*.xml'):
        text = path.read_text()
        name = 'thermalNoiseCorrectionPerformed'
        path.write_text(text.replace(f'<{name}>false', f'<{name}>true'))
    found = SafeScene(broken).read_lines(0, 50)
    np.testing.assert_array_equal(found['HV'], wanted['HV'])


def test_another_folder_name_leaves_the_annotation(broken):
    other = broken.rename(broken.with_name('download'))
    scene = SafeScene(other)
    assert scene.attrs['product_id'] == ''
    assert scene.attrs['scene_id'] == f'{broken.name[17:32]}_grd'
    assert is_safe(other)
    assert not is_safe(other / 'measurement')


def test_statistics_by_swath(safe):
    scene = SafeScene(safe)
    lines = scene.read_lines(0, 500)
    rows = swath_statistics(scene)
    names = ['EW1', 'EW2', 'EW3', 'EW4', 'EW5']
    assert [row[:2] for row in rows] == [
        (channel, name) for channel in ('HH', 'HV') for name in names
    ]
    for row, bounds in zip(rows, [*scene.swaths] * 2, strict=True):
        whole = lines[row.channel].astype(float)
        nesz = scene.nesz(row.channel, 0, 500)
        part = slice(bounds.samples[0], bounds.samples[1] + 1)
        values = whole[:, part]
        seen = np.isfinite(values)
        values, noise = values[seen], nesz[:, part][seen]
        assert row.pixels == values.size
        assert row.mean_db == pytest.approx(
            10 * np.log10((10 ** (values / 10)).mean())
        )
        assert row.low_db == pytest.approx(np.quantile(values, 0.05), abs=0.02)
        assert row.nesz_db == pytest.approx(10 * np.log10(noise.mean()))
        assert row.clipped == (values == -40).mean()


def test_a_missing_folder_and_a_packed_one(tmp_path, safe):
    with pytest.raises(SceneFileError, match='nothing there'):
        SafeScene(tmp_path / 'none.SAFE')
    packed = shutil.make_archive(tmp_path / safe.name, 'zip', safe)
    with pytest.raises(SceneFileError, match=r'a file\. Unpack'):
        SafeScene(packed)


def blank(folder):
    for path in folder.glob('measurement/*.tiff'):
        with rasterio.open(path, 'r+') as file:
            file.write(np.zeros((1, *file.shape), np.uint16))


def test_a_product_of_zeros_is_refused(broken):
    blank(broken)
    for open_it in (
        read_safe,
        lambda path: list(stream_scene(path, ['HH', 'HV'], 80).blocks()),
    ):
        with pytest.raises(EmptySceneError, match=broken.name):
            open_it(broken)


def test_stamps_are_those_of_all_files(broken):
    path, manifest = broken, broken / 'manifest.safe'
    before = [stream_scene(p, ['HH'], 80).stamps for p in (path, manifest)]
    assert before[0] == before[1]
    (image,) = broken.glob('measurement/*-hh-*.tiff')
    os.utime(image, ns=(1, 1))
    after = [stream_scene(p, ['HH'], 80).stamps for p in (path, manifest)]
    assert after[0] == after[1] != before[0]
