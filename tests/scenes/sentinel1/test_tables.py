"""Lookup tables and noise against brute force and hand numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from mmseaice.errors import SceneFileError
from mmseaice.scenes.sentinel1.lookup import LookupTable
from mmseaice.scenes.sentinel1.noise import read_noise
from mmseaice.scenes.sentinel1.xml_file import XMLFile

RANGE = """
<noiseRangeVector><line>{}</line>
<pixel count="3">0 2 5</pixel>
<noiseRangeLut count="3">{}</noiseRangeLut></noiseRangeVector>
"""
AZIMUTH = """
<noiseAzimuthVector><swath>EW1</swath>
<firstAzimuthLine>0</firstAzimuthLine>
<firstRangeSample>{}</firstRangeSample>
<lastAzimuthLine>9</lastAzimuthLine>
<lastRangeSample>{}</lastRangeSample>
<line count="2">{}</line>
<noiseAzimuthLut count="2">{}</noiseAzimuthLut></noiseAzimuthVector>
"""


def noise_file(tmp_path, ranges, azimuths=''):
    path = tmp_path / 'noise.xml'
    path.write_text(f'<noise>{ranges}{azimuths}</noise>')
    return path


def test_table_is_bilinear():
    rng = np.random.default_rng(0)
    lines, pixels = np.array([-3, 4, 11, 30]), np.array([0, 7, 8, 19])
    values = rng.uniform(1, 9, (4, 4))
    table = LookupTable(lines, [pixels] * 4, list(values), 20)
    grid = np.stack(np.mgrid[2:26, 0:20], -1)
    wanted = RegularGridInterpolator((lines, pixels), values)(grid)
    np.testing.assert_allclose(table.read_lines(2, 26), wanted, rtol=1e-6)


def test_table_takes_vectors_of_any_order_and_pixels():
    table = LookupTable(
        [10, 0],
        [np.array([1, 3]), np.array([0, 1, 2])],
        [np.array([2.0, 4.0]), np.array([0.0, 1.0, 0.0])],
        5,
    )
    read = table.read_lines(0, 13)
    np.testing.assert_array_equal(read[0], [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(read[10], [2, 2, 3, 4, 4])
    np.testing.assert_allclose(read[5], [1, 1.5, 1.5, 2, 2])
    np.testing.assert_array_equal(read[12], read[10])


def test_table_of_one_vector_is_constant():
    table = LookupTable([7], [np.array([0, 2])], [np.array([1.0, 3.0])], 3)
    np.testing.assert_array_equal(table.read_lines(3, 9), [[1, 2, 3]] * 6)


def test_noise_is_range_times_azimuth(tmp_path):
    """Every pixel by itself, with the words of the manual."""
    first, second = [100, 60, 90], [120, 80, 110]
    ranges = RANGE.format(0, '100 60 90') + RANGE.format(9, '120 80 110')
    ranges = f'<noiseRangeVectorList>{ranges}</noiseRangeVectorList>'
    azimuths = AZIMUTH.format(0, 2, '0 9', '0.5 1.4')
    azimuths += AZIMUTH.format(3, 4, '3 6', '2.0 1.0')
    azimuths = f'<noiseAzimuthVectorList>{azimuths}</noiseAzimuthVectorList>'
    table = read_noise(noise_file(tmp_path, ranges, azimuths), (10, 6))
    wanted = np.empty((10, 6))
    for i in range(10):
        for j in range(6):
            early = np.interp(j, [0, 2, 5], first)
            late = np.interp(j, [0, 2, 5], second)
            wanted[i, j] = early + (late - early) * i / 9
            if j <= 2:
                wanted[i, j] *= 0.5 + 0.1 * i
            elif j <= 4:
                wanted[i, j] *= 2 - np.clip((i - 3) / 3, 0, 1)
    np.testing.assert_allclose(table.read_lines(0, 10), wanted, rtol=1e-6)
    np.testing.assert_array_equal(
        table.read_lines(4, 7), table.read_lines(0, 10)[4:7]
    )


def test_noise_of_old_products(tmp_path):
    old = RANGE.format(0, '7 7 10').replace('noiseRangeLut', 'noiseLut')
    old = old.replace('noiseRangeVector', 'noiseVector')
    path = noise_file(tmp_path, f'<noiseVectorList>{old}</noiseVectorList>')
    read = read_noise(path, (4, 6)).read_lines(0, 4)
    np.testing.assert_array_equal(read, [[7, 7, 7, 8, 9, 10]] * 4)


def test_a_file_without_noise_says_so(tmp_path, caplog):
    zero = RANGE.format(0, '0 0 0')
    zero = f'<noiseRangeVectorList>{zero}</noiseRangeVectorList>'
    read_noise(noise_file(tmp_path, zero), (4, 6))
    assert 'no noise' in caplog.text


def test_vectors_must_fit_their_pixels(tmp_path):
    bad = RANGE.format(0, '1 2')
    bad = f'<noiseRangeVectorList>{bad}</noiseRangeVectorList>'
    with pytest.raises(SceneFileError, match='3 pixels'):
        read_noise(noise_file(tmp_path, bad), (4, 6))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>', 'DOCTYPE'),
        ('<a><b>1</b>', 'well-formed'),
        ('', 'well-formed'),
    ],
)
def test_bad_xml_is_refused(tmp_path, text, message):
    path = tmp_path / 'a.xml'
    path.write_text(text)
    with pytest.raises(SceneFileError, match=message):
        XMLFile(path)


def test_missing_elements_and_words_are_named(tmp_path):
    path = tmp_path / 'a.xml'
    path.write_text('<a><b>one</b><c>1 nan</c></a>')
    file = XMLFile(path)
    with pytest.raises(SceneFileError, match=r'a/d.*only b, c'):
        file.text('d')
    for name in 'bc':
        with pytest.raises(SceneFileError, match=f'numbers in {name}'):
            file.numbers(name)
    with pytest.raises(SceneFileError, match='nothing there'):
        XMLFile(tmp_path / 'none.xml')
