"""Tables come back as they were, and broken ones are named."""

from __future__ import annotations

import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes.patches import read_patch_table, write_patch_table


def test_round_trip(tmp_path, patch):
    patches = [
        patch(0),
        patch(1, latitude=None, longitude=None, split=''),
        patch(2, labels={'SIC_mean': None, 'SOD_majority': None}),
        patch(3, spacing=112.5, file='patches/a, b/"c".npz'),
    ]
    path = tmp_path / 'deep/patches.csv'
    write_patch_table(path, patches)
    found = read_patch_table(path)
    assert found == patches
    write_patch_table(tmp_path / 'again.csv', found)
    assert (tmp_path / 'again.csv').read_bytes() == path.read_bytes()
    header = path.read_text().splitlines()[0].split(',')
    assert header[:3] == ['patch_id', 'file', 'scene_id']
    assert header[-4:] == ['SIC_mean', 'SOD_majority', 'split', 'seed']


def test_a_table_without_rows_is_a_table(tmp_path):
    write_patch_table(tmp_path / 'a.csv', [])
    assert read_patch_table(tmp_path / 'a.csv') == []


@pytest.mark.parametrize(
    ('old', 'new', 'said'),
    [
        ('patch_id', 'odd', 'a table without patch_id'),
        ('seed', 'odd', 'a table without seed'),
        ('a_1,', 'a_0,', 'each patch_id once.*a_0 more than once'),
        ('a_1.npz', 'a_0.npz', 'each file once.*a_0.npz more than once'),
        ('a_1.npz,a,80.0', 'a_1.npz,a,eighty', r'line 3.*a value of spacing'),
        ('a_1.npz,a,80.0,1,', 'a_1.npz,a,80.0,1.5,', 'a value of y'),
        ('12.5', 'much', 'a value of SIC_mean'),
        ('train,7', 'train,7,8', 'another number of cells'),
        (',train,7', '', 'another number of cells'),
    ],
)
def test_bad_tables_are_named(tmp_path, patch, old, new, said):
    path = tmp_path / 'patches.csv'
    write_patch_table(path, [patch(0), patch(1)])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DatasetError, match=said) as error:
        read_patch_table(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize('content', [None, b'', b'\xff\xfe\x00'])
def test_what_is_no_table_is_named(tmp_path, content):
    path = tmp_path / 'patches.csv'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r'patches\.csv'):
        read_patch_table(path)
