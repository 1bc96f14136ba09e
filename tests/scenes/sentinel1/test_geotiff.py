"""GeoTIFFs of sigma0, real and made here."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine

from mmseaice.errors import SceneFileError
from mmseaice.scenes import Geolocation
from mmseaice.scenes.geolocation import geodetic_to_ecef
from mmseaice.scenes.sentinel1.geotiff import read_geotiff

SHAPE = (60, 70)
NAME = 'S1A_EW_GRDM_1SDH_20161005T142446.tif'
POLAR = {
    'crs': 'EPSG:3413',
    'transform': Affine(40, 0, 100000, 0, -40, -900000),
}


def write(path, bands, names=(), **profile):
    bands = np.atleast_3d(bands.T).T
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        **(profile or POLAR),
    ) as file:
        file.write(bands)
        for i, name in enumerate(names, 1):
            file.set_band_description(i, name)
    return path


@pytest.fixture
def power():
    rng = np.random.default_rng(0)
    return rng.uniform(1e-3, 0.2, (2, *SHAPE)).astype(np.float32)


def test_real_files(shared_data):
    """Four cuts of products: place near the pole, and a smooth surface."""
    files = sorted(shared_data.glob('drift/*.tif'))
    if not files:
        pytest.skip('no real GeoTIFFs')
    for path in files:
        scene = read_geotiff(path, polarisation='HV')
        assert set(scene) == {'HV', 'latitude', 'longitude'}
        assert scene['HV'].shape == (1000, 1000)
        assert -30 < scene['HV'].mean() < -15
        assert scene.attrs['pixel_spacing'] == 40
        assert scene.attrs['measured_spacing'] == pytest.approx(40.3, abs=0.2)
        assert scene.attrs['tie_residual'] < 2
        start = path.stem[-15:]
        assert scene.attrs['scene_id'] == f'{start}_geotiff'
        place = Geolocation.from_scene(scene)
        with rasterio.open(path) as file:
            points, crs = file.gcps
        if crs.is_geographic:
            found = place.at([p.row for p in points], [p.col for p in points])
            wanted = [p.y for p in points], [p.x for p in points]
            off = np.subtract(
                geodetic_to_ecef(*found), geodetic_to_ecef(*np.array(wanted))
            )
            assert np.linalg.norm(off, axis=0).max() < 1


@pytest.mark.parametrize('units', ['linear', 'dB'])
def test_units_are_found(tmp_path, power, units):
    power[:, :3, :5] = 0 if units == 'linear' else np.nan
    with np.errstate(divide='ignore'):
        decibel = 10 * np.log10(power)
    path = tmp_path / NAME
    write(path, power if units == 'linear' else decibel)
    for given in ('auto', units):
        scene = read_geotiff(path, units=given)
        for name, wanted in zip(('HH', 'HV'), decibel, strict=True):
            found = scene[name].values
            assert np.isnan(found[:3, :5]).all()
            np.testing.assert_allclose(found[3:], wanted[3:], atol=1e-4)


def test_no_data_and_negative_power(tmp_path, power):
    power[0, 5, 5], power[1, 6, 6], power[1, 7, 7] = -9999, np.inf, -1e-5
    path = write(tmp_path / NAME, power, **POLAR, nodata=-9999)
    scene = read_geotiff(path, noise_floor=-35)
    for name in ('HH', 'HV'):
        assert np.isnan(scene[name].values[[5, 6], [5, 6]]).all()
    assert scene['HV'].values[7, 7] == -35
    assert scene.attrs['noise_floor'] == -35


@pytest.mark.parametrize(
    ('names', 'polarisation', 'wanted'),
    [
        (('Sigma0_HV_db', 'sigma0-hh'), None, ('HV', 'HH')),
        (('', ''), None, ('HH', 'HV')),
        (('a', 'b'), ('HV', 'HH'), ('HV', 'HH')),
    ],
)
def test_bands_are_named(tmp_path, power, names, polarisation, wanted):
    path = write(tmp_path / 'a.tif', power, names)
    scene = read_geotiff(path, polarisation=polarisation)
    for name, band in zip(wanted, power, strict=True):
        found = 10 ** (scene[name].values / 10)
        np.testing.assert_allclose(found, band, rtol=1e-4)


def test_one_band_is_named_by_the_file(tmp_path, power):
    scene = read_geotiff(write(tmp_path / 's1a-ew-grd-hv-1.tif', power[0]))
    assert 'HV' in scene
    assert 'HH' not in scene
    assert scene.attrs['scene_id'] == 's1a-ew-grd-hv-1'
    assert scene.attrs['acquisition_time'] == ''


def test_a_map_has_its_place(tmp_path, power):
    """Pixel centres, through rasterio's own transform and pyproj."""
    path = write(tmp_path / NAME, power)
    scene = read_geotiff(path)
    assert scene.attrs['acquisition_time'] == '2016-10-05T14:24:46'
    assert scene.attrs['pixel_spacing'] == 40
    with rasterio.open(path) as file:
        x, y = file.xy([0, 30, 59], [0, 50, 69])
    transformer = Transformer.from_crs(3413, 4326, always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    found = Geolocation.from_scene(scene).at(
        [0.5, 30.5, 59.5], [0.5, 50.5, 69.5]
    )
    np.testing.assert_allclose(found, [latitude, longitude], atol=1e-7)


def test_land_is_blanked(tmp_path, power):
    path = write(tmp_path / NAME, power)
    land = np.zeros(SHAPE, np.uint8)
    land[10:20, 30:] = 1
    mask = write(tmp_path / 'land.tif', land)
    scene = read_geotiff(path, land_mask=mask)
    assert scene.attrs['mask'] == 'land'
    np.testing.assert_array_equal(np.isnan(scene['HH']), land)


def narrow(path, power):
    """Square in degrees, far from that on the ground."""
    place = Affine(0.0004, 0, -20, 0, -0.0004, 76)
    write(path, power, crs='EPSG:4326', transform=place)


def scattered(path, power):
    rng = np.random.default_rng(0)
    points = [
        GroundControlPoint(y, x, *rng.uniform((-20, 75), (-18, 76)))
        for y in (0, 20, 40, 60)
        for x in (0, 20, 40, 70)
    ]
    write(path, power, gcps=points, crs='EPSG:4326')


LOCAL = 'LOCAL_CS["paper",UNIT["metre",1]]'


def points_at(place, crs='EPSG:4326'):
    """Write control points that are where a function of (y, x) says."""

    def write_them(path, power):
        points = [
            GroundControlPoint(y, x, *place(y, x))
            for y in (0, 30, 60)
            for x in (0, 35, 70)
        ]
        write(path, power, gcps=points, crs=crs)

    return write_them


def map_at(transform, crs='EPSG:3413'):
    return lambda path, power: write(
        path, power, crs=crs, transform=Affine(*transform)
    )


def one_nan(y, x):
    return (np.nan if (y, x) == (30, 35) else -20 + x * 1e-3, 75 + y * 4e-4)


BROKEN = {
    'local map': (
        map_at((40, 0, 0, 0, -40, 0), LOCAL),
        r'scene\.tif.*coordinate system of the Earth',
    ),
    'local points': (
        points_at(lambda y, x: (40 * x, -40 * y), LOCAL),
        r'scene\.tif.*coordinate system of the Earth',
    ),
    'NaN point': (points_at(one_nan), 'control point 5 of 9 is NaN'),
    'one place': (
        points_at(lambda y, x: (-20, 75)),
        'all 9 control points have the same place',
    ),
    'no extent': (
        map_at((0, 0, 1e5, 0, 0, 1e5)),
        'pixels that cover the ground, but got 0 m',
    ),
    'text': (lambda p, a: p.write_text('no image'), 'cannot be read as one'),
    'numbers': (
        lambda p, a: write(p, (1000 * a).astype(np.uint16)),
        'uint16. Digital numbers need calibration',
    ),
    'amplitude': (lambda p, a: write(p, 1000 * a), 'Calibrate'),
    'both signs': (
        lambda p, a: write(p, a - np.float32(0.05)),
        'which may be either',
    ),
    'one band': (lambda p, a: write(p, a[0]), "polarisation='HV'"),
    'three bands': (
        lambda p, a: write(p, np.concatenate([a, a[:1]])),
        '3 bands',
    ),
    'empty': (lambda p, a: write(p, np.nan * a), 'valid pixels in HH'),
    'degrees': (narrow, 'square pixels.*gdalwarp'),
    'points': (scattered, 'smooth surface|square pixels'),
}


@pytest.mark.parametrize('fault', BROKEN)
def test_bad_files_are_refused(tmp_path, power, fault):
    damage, message = BROKEN[fault]
    path = tmp_path / 'scene.tif'
    damage(path, power)
    with pytest.raises(SceneFileError, match=message):
        read_geotiff(path)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
def test_an_image_without_a_place_is_refused(tmp_path, power):
    path = tmp_path / 'scene.tif'
    write(path, power, transform=Affine.identity())
    with pytest.raises(SceneFileError, match='without a place on Earth'):
        read_geotiff(path)


def test_a_truncated_file_is_refused(tmp_path, power):
    path = write(tmp_path / NAME, power)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(SceneFileError, match='complete'):
        read_geotiff(path)


def test_arguments_are_checked(tmp_path, power):
    path = write(tmp_path / NAME, power)
    with pytest.raises(ValueError, match='units must be'):
        read_geotiff(path, units='db')
    with pytest.raises(ValueError, match='polarisation must be'):
        read_geotiff(path, polarisation='VV')
    with pytest.raises(SceneFileError, match='no file'):
        read_geotiff(tmp_path / 'none.tif')
