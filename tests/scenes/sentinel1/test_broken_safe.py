"""SAFE folders whose files are damaged, or not of one product."""

from __future__ import annotations

import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from mmseaice.errors import SceneFileError
from mmseaice.scenes.sentinel1.agreement import check_name, check_pair
from mmseaice.scenes.sentinel1.annotation import read_annotation
from mmseaice.scenes.sentinel1.safe import SafeScene


def replace(folder, pattern, old, new):
    for path in folder.glob(pattern):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def drop_grid(folder):
    for path in folder.glob('annotation/*.xml'):
        tree = ElementTree.parse(path)
        root = tree.getroot()
        root.remove(root.find('geolocationGrid'))
        tree.write(path)


def truncate(folder):
    (path,) = folder.glob('measurement/*-hv-*.tiff')
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def swap_image(folder):
    (path,) = folder.glob('measurement/*-hv-*.tiff')
    with rasterio.open(path) as file:
        profile = file.profile | {'height': 20, 'crs': 'EPSG:3413'}
        profile['transform'] = Affine.translation(0, 20)
    with rasterio.open(path, 'w', **profile) as file:
        file.write(np.ones((1, 20, profile['width']), np.uint16))


def write_image(folder, bands):
    (path,) = folder.glob('measurement/*-hv-*.tiff')
    path.unlink()
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(bands), height=bands.shape[1],
        width=bands.shape[2], dtype=bands.dtype, crs='EPSG:3413',
        transform=Affine.translation(0, 20),
    ) as file:  # fmt: skip
        file.write(bands)


def edit(name, change, kind='hv'):
    """Change every element of a name in the annotation of one image."""

    def damage(folder):
        (path,) = folder.glob(f'annotation/*-{kind}-*.xml')
        tree = ElementTree.parse(path)
        for element in list(tree.iter(name)):
            element.text = change(element.text)
        tree.write(path)

    return damage


def table(kind, name, number):
    """Put a number in the place of the first one in a table of HV."""

    def damage(folder):
        pattern = f'annotation/calibration/{kind}-*-hv-*.xml'
        (path,) = folder.glob(pattern)
        tree = ElementTree.parse(path)
        element = next(tree.iter(name))
        rest = element.text.split()[1:]
        element.text = ' '.join([number, *rest])
        tree.write(path)

    return damage


def later(text):
    """A time some hours later."""
    hour = int(text[11:13])
    return f'{text[:11]}{(hour + 5) % 24:02d}{text[13:]}'


def more(text):
    return str(int(text) + 1)


def shifted(text):
    return str(float(text) + 1)


def doubled(text):
    return str(2 * float(text))


def drop(pattern):
    return lambda folder: [p.unlink() for p in folder.glob(pattern)]


BROKEN = {
    'image': (drop('measurement/*-hv-*'), 'image of HV.*nothing there'),
    'calibration': (
        drop('annotation/calibration/calib*-hh-*'),
        r'calibration-.*nothing there',
    ),
    'annotation': (drop('annotation/*.xml'), 'annotation files.*none'),
    'polarisation': (drop('annotation/*-hv-*.xml'), 'HH and HV, but got HH'),
    'truncated': (truncate, 'whole TIFF.*truncated'),
    'other size': (swap_image, r'image of \(500, 620\) pixels'),
    'grid': (drop_grid, 'geolocation grid.*without'),
    'slc': (
        lambda f: replace(f, 'annotation/*.xml', '>GRD<', '>SLC<'),
        'EW GRD product, but got EW SLC.*Fetch the EW_GRDM_1SDH',
    ),
    'iw': (
        lambda f: replace(f, 'annotation/*.xml', '<mode>EW', '<mode>IW'),
        'but got IW GRD',
    ),
    'resolution': (
        lambda f: replace(
            f, 'annotation/*.xml', '4.000000e+01', '2.500000e+01'
        ),
        'pixels of 25 m',
    ),
    **{
        name: (edit(*change), rf'-hv-.*xml.*{message}')
        for name, (change, message) in {
            'start': (('startTime', later), 'startTime of'),
            'stop': (('stopTime', later), 'stop times'),
            'no time': (('stopTime', lambda text: 'noon'), 'times that exist'),
            'data take': (('missionDataTakeId', more), 'data takes'),
            'orbit': (('absoluteOrbitNumber', more), 'orbits'),
            'shape': (('numberOfLines', more), 'images of'),
            'pixel of ties': (('line', shifted), 'geolocation grids'),
            'place': (('latitude', shifted), 'geolocation grids'),
            'latitude': (
                ('latitude', lambda text: '91'),
                'latitudes of -90 to 90',
            ),
            'incidence': (
                ('incidenceAngle', lambda text: '61'),
                'incidence angles of 10 to 60 degrees',
            ),
            'height': (('height', lambda text: '1e6'), 'heights'),
            'distance': (('pixel', doubled), 'km apart'),
            'name': (
                ('polarisation', lambda text: 'HH'),
                'polarisation of its name',
            ),
        }.items()
    },
    'other time': (
        lambda f: [edit('startTime', later, kind)(f) for kind in ('hh', 'hv')],
        'startTime of .* name of its folder',
    ),
    'two of one': (
        lambda f: shutil.copy(
            sorted(f.glob('annotation/*-hv-*.xml'))[0],
            f / 'annotation/s1-hv-copy.xml',
        ),
        'one annotation of HV',
    ),
    'zero A': (
        table('calibration', 'sigmaNought', '0'),
        'calibration-.*sigmaNought above 0',
    ),
    'negative A': (
        table('calibration', 'sigmaNought', '-500'),
        'calibration-.*sigmaNought of 0 to 1e',
    ),
    'huge A': (
        table('calibration', 'sigmaNought', '2e9'),
        'calibration-.*sigmaNought of 0 to 1e',
    ),
    'NaN of A': (
        table('calibration', 'sigmaNought', 'nan'),
        'calibration-.*numbers in sigmaNought',
    ),
    'negative noise': (
        table('noise', 'noiseRangeLut', '-1'),
        'noise-.*noiseRangeLut of 0 to 1e',
    ),
    'huge factor': (
        table('noise', 'noiseAzimuthLut', '1e10'),
        'noise-.*noiseAzimuthLut of 0 to 1e',
    ),
    'pixels that descend': (
        table('noise', 'pixel', '999'),
        'noise-.*ascending lines and pixels of noiseRangeLut',
    ),
    'lines that descend': (
        table('noise', 'line', '999'),
        'noise-.*ascending lines and pixels of',
    ),
    'float image': (
        lambda f: write_image(f, np.ones((1, 500, 620), np.float32)),
        'one band of uint16.*float32',
    ),
    'two bands': (
        lambda f: write_image(f, np.ones((2, 500, 620), np.uint16)),
        'one band of uint16.*uint16, uint16',
    ),
}


@pytest.mark.parametrize('fault', BROKEN)
def test_bad_products_are_refused(broken, fault):
    damage, message = BROKEN[fault]
    damage(broken)
    with pytest.raises(SceneFileError, match=message):
        SafeScene(broken)


def test_files_of_a_real_product_belong_together(shared_data):
    files = sorted(shared_data.glob('s1_annotation/*.SAFE/annotation/*.xml'))
    if not files:
        pytest.skip('no real annotation')
    pair = [read_annotation(path) for path in files]
    assert [one.polarisation for one in pair] == ['HH', 'HV']
    check_pair(*pair)
    for one in pair:
        check_name(one, one.path.parents[1])
