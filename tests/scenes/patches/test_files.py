"""What goes into a file comes out of it, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes.patches import missing_files, read_patch, write_patch

SHAPE = (2, 6, 5)


@pytest.fixture
def image():
    image = np.random.default_rng(0).normal(-20, 4, SHAPE).astype(np.float32)
    image[:, :2] = np.nan
    return image


@pytest.fixture
def charts():
    rng = np.random.default_rng(1)
    charts = {'SIC': rng.integers(0, 11, SHAPE[1:], np.uint8)}
    charts['SOD'] = rng.integers(0, 6, SHAPE[1:], np.uint8)
    for chart in charts.values():
        chart[3] = 255
    return charts


def test_round_trip(tmp_path, image, charts):
    path = tmp_path / 'deep/a.npz'
    write_patch(path, image, charts)
    found, classes = read_patch(path, SHAPE, ('SOD', 'SIC'))
    np.testing.assert_array_equal(found, image)
    assert list(classes) == ['SOD', 'SIC']
    for task, chart in charts.items():
        assert classes[task].dtype == np.uint8
        np.testing.assert_array_equal(classes[task], chart)
    assert read_patch(path, SHAPE)[1] == {}


def test_concentration_is_in_percent(tmp_path, image, charts, load):
    write_patch(tmp_path / 'a.npz', image, charts)
    members = load(tmp_path / 'a.npz')
    assert {name: array.dtype.name for name, array in members.items()} == {
        'sar': 'float32',
        'sic': 'uint8',
        'sod': 'uint8',
    }
    known = charts['SIC'] != 255
    percent = members['sic'][known]
    np.testing.assert_array_equal(percent, 10 * charts['SIC'][known])
    assert (members['sic'][~known] == 255).all()
    np.testing.assert_array_equal(members['sod'], charts['SOD'])


@pytest.mark.parametrize(
    ('percent', 'wanted'),
    [(0, 0), (4, 0), (6, 1), (14, 1), (92, 9), (96, 10), (100, 10)],
)
def test_percent_of_other_systems_are_rounded(
    tmp_path, image, percent, wanted
):
    sic = np.full(SHAPE[1:], percent, np.uint8)
    sic[0] = 255
    np.savez(tmp_path / 'a.npz', sar=image, sic=sic)
    chart = read_patch(tmp_path / 'a.npz', SHAPE, ['SIC'])[1]['SIC']
    assert (chart[0] == 255).all()
    assert (chart[1:] == wanted).all()


def test_one_patch_is_always_the_same_bytes(tmp_path, image, charts):
    for name in 'ab':
        write_patch(tmp_path / name, image, charts)
    assert (tmp_path / 'a').read_bytes() == (tmp_path / 'b').read_bytes()


FAULTS = [
    ({'sar': None}, "the member 'sar', but got only sic"),
    ({'sic': None}, "the member 'sic', but got only sar"),
    ({'sar': np.zeros((1, 6, 5), np.float32)}, r'float32 \(1, 6, 5\)'),
    ({'sar': np.zeros(SHAPE)}, r"'sar' to be float32.*float64"),
    ({'sic': np.zeros((6, 6), np.uint8)}, r"'sic' to be.*uint8 \(6, 6\)"),
    ({'sic': np.zeros((6, 5), np.int64)}, 'int64'),
    ({'sic': np.full((6, 5), 101, np.uint8)}, '0 and 100, or 255.*101'),
    ({'sar': np.array([{}], object)}, 'without pickles'),
]


@pytest.mark.parametrize(('fault', 'said'), FAULTS)
def test_bad_members_are_named(tmp_path, image, fault, said):
    members = {'sar': image, 'sic': np.zeros((6, 5), np.uint8)} | fault
    path = tmp_path / 'a.npz'
    np.savez(path, **{k: v for k, v in members.items() if v is not None})
    with pytest.raises(DatasetError, match=said) as error:
        read_patch(path, SHAPE, ['SIC'])
    assert str(path) in str(error.value)


def test_damaged_files_are_named(tmp_path, image, charts):
    path = tmp_path / 'a.npz'
    write_patch(path, image, charts)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[200] ^= 255
    single = tmp_path / 'b.npy'
    np.save(single, image)
    for content in (
        b'',
        b'no npz',
        whole[:100],
        whole[:-10],
        bytes(flipped),
        single.read_bytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match='readable npz'):
            read_patch(path, SHAPE, ['SIC'])
    path.unlink()
    with pytest.raises(DatasetError, match=r'a\.npz.*FileNotFoundError'):
        read_patch(path, SHAPE)


def test_a_failed_write_leaves_nothing(tmp_path, image, monkeypatch):
    monkeypatch.setattr(
        np, 'savez', lambda file, **_: file.write(b'half') and 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        write_patch(tmp_path / 'a.npz', image, {})
    assert list(tmp_path.iterdir()) == []


def test_missing_files(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/0.npz').touch()
    files = ['a/0.npz', 'a/1.npz', 'b/0.npz']
    assert missing_files(tmp_path, files) == files[1:]
