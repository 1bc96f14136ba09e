"""Simulated SAFE folders: there and back, and through GDAL's own reader."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio

from mmseaice.scenes import open_scene
from mmseaice.scenes.sentinel1.annotation import read_annotation
from mmseaice.scenes.sentinel1.safe import SafeScene, read_safe
from mmseaice.scenes.simulator.safe import BETA, write_safe


@pytest.fixture(scope='module')
def raw(files):
    return open_scene(
        files['raw'], mask='none', variables=['HH', 'HV', 'incidence_angle']
    )


@pytest.fixture(scope='module')
def quiet(raw, tmp_path_factory):
    """Noise without speckle."""
    return write_safe(raw, tmp_path_factory.mktemp('quiet'), seed=None)


@pytest.fixture(scope='module')
def noisy(raw, tmp_path_factory):
    return write_safe(raw, tmp_path_factory.mktemp('noisy'))


def linear(field):
    return 10 ** (field.values.astype(float) / 10)


@pytest.mark.parametrize('name', ['HH', 'HV'])
def test_sigma0_comes_back_within_quantisation(raw, quiet, name):
    """Half a step of DN at most: d(sigma0) = 2 DN dDN / A^2."""
    scene = read_safe(quiet, noise_floor=-60)
    seen = np.isfinite(scene[name].values)
    np.testing.assert_array_equal(seen, np.isfinite(raw[name].values))
    nesz = SafeScene(quiet).nesz(name, 0, len(seen))
    # A^2 is at least BETA^2, since the sine of an angle is at most 1.
    step = 2 * 0.51 * np.sqrt(linear(raw[name]) + nesz) / BETA
    off = np.abs(linear(scene[name]) - linear(raw[name]))
    assert (off[seen] <= step[seen] + 1.1e-6).all()
    bright = seen & (raw[name].values > -15)
    assert bright.mean() > 0.005
    in_decibel = np.abs(scene[name].values - raw[name].values)[bright]
    assert in_decibel.max() < 0.15
    assert in_decibel.mean() < 0.05


def test_noise_removal_is_unbiased(raw, noisy, quiet):
    """The mean of many pixels comes back, and without removal does not."""
    seen = np.isfinite(raw['HV'].values)
    truth = linear(raw['HV'])[seen].mean()
    scene = SafeScene(noisy, noise_floor=-90)
    found = linear(scene.read_scene()['HV'])[seen].mean()
    assert found == pytest.approx(truth, rel=0.01)
    kept = SafeScene(noisy, denoise=False).read_scene()['HV']
    nesz = scene.nesz('HV', 0, seen.shape[0])[seen].mean()
    assert linear(kept)[seen].mean() == pytest.approx(truth + nesz, rel=0.01)
    assert nesz > 0.2 * truth


def test_noise_removal_is_unbiased_in_every_sub_swath(raw, noisy):
    scene = SafeScene(noisy, noise_floor=-90)
    found, truth = linear(scene.read_scene()['HV']), linear(raw['HV'])
    for bounds in scene.swaths:
        part = slice(bounds.samples[0], bounds.samples[1] + 1)
        ratio = np.nanmean(found[:, part]) / np.nanmean(truth[:, part])
        assert ratio == pytest.approx(1, abs=0.03)


def test_noise_steps_between_sub_swaths_and_breathes(quiet):
    scene = SafeScene(quiet)
    nesz = scene.nesz('HV', 0, scene.shape[0])
    inner = [bounds.samples[0] for bounds in scene.swaths[1:]]
    step = np.abs(np.diff(10 * np.log10(nesz[0])))
    assert (step[np.array(inner) - 1] > 0.5).any()
    assert nesz.std(axis=0).min() > 0.03 * nesz.mean()


def test_gdal_reads_it_as_a_sentinel1_product(quiet):
    """GDAL's SAFE driver finds images, place and time by the manifest."""
    with rasterio.open(quiet / 'manifest.safe') as product:
        assert product.driver == 'SAFE'
        assert product.count == 2
        assert len(product.gcps[0]) == 441
        tags = product.tags()
        numbers = product.read()
    assert (tags['MODE'], tags['PRODUCT_TYPE']) == ('EW', 'GRD')
    assert tags['MISSION_ID'] == quiet.name[:3]
    for name, band in zip(('hh', 'hv'), numbers, strict=True):
        (path,) = quiet.glob(f'measurement/*-{name}-*.tiff')
        with rasterio.open(path) as file:
            assert file.dtypes == ('uint16',)
            np.testing.assert_array_equal(file.read(1), band)


def test_manifest_lists_every_file_with_its_sum(quiet):
    root = ElementTree.parse(quiet / 'manifest.safe').getroot()
    listed = {}
    for stream in root.iter('byteStream'):
        place = stream.find('fileLocation').get('href')
        listed[quiet / place] = stream.findtext('checksum')
    files = {path for path in quiet.rglob('*') if path.is_file()}
    assert files == {*listed, quiet / 'manifest.safe'}
    for path, digest in listed.items():
        assert hashlib.md5(path.read_bytes()).hexdigest() == digest


def test_names_follow_the_product(raw, quiet):
    assert quiet.name == f'{raw.attrs["product_id"]}.SAFE'
    stems = [path.stem for path in quiet.glob('measurement/*.tiff')]
    for path in quiet.glob('annotation/*.xml'):
        assert path.stem in stems
        annotation = read_annotation(path)
        parts = path.stem.split('-')
        assert parts[3] == annotation.polarisation.lower()
        assert parts[4] == annotation.start.lower()
        assert parts[6] == f'{annotation.absolute_orbit:06d}'
        assert parts[7] == annotation.datatake.lower()


def test_the_same_seed_writes_the_same_product(raw, noisy, tmp_path):
    again = write_safe(raw, tmp_path)
    for path in sorted(noisy.rglob('*')):
        if path.is_file():
            other = again / path.relative_to(noisy)
            assert other.read_bytes() == path.read_bytes()
    with pytest.raises(FileExistsError, match='exists'):
        write_safe(raw, tmp_path)


def test_scenes_that_are_no_raw_ones_are_refused(raw, tmp_path):
    with pytest.raises(ValueError, match='80 m'):
        write_safe(raw.assign_attrs(pixel_spacing=80.0), tmp_path)
    with pytest.raises(ValueError, match='product name'):
        write_safe(raw.assign_attrs(product_id='scene'), tmp_path)
    assert list(tmp_path.iterdir()) == []
