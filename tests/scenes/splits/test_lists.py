import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes import read_split, write_split

IDS = ['20180607T184326_dmi', '20190430T101830_cis']


@pytest.mark.parametrize('name', ['train.txt', 'train.json', 'train'])
def test_round_trip(tmp_path, name):
    write_split(tmp_path / 'deep' / name, IDS)
    assert read_split(tmp_path / 'deep' / name) == IDS


def test_comments_and_windows_line_ends(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_bytes(f'# ours\r\n\r\n {IDS[0]} # fine\r\n{IDS[1]}'.encode())
    assert read_split(path) == IDS


@pytest.mark.parametrize(
    ('name', 'text', 'said'),
    [
        ('a.txt', '# nothing', 'an empty list'),
        ('a.txt', 'x\ny\nx\n', 'x more than once'),
        ('a.json', '{"a": 1}', 'a dict'),
        ('a.json', '[1]', 'a JSON list of scene ids'),
        ('a.json', '["a"', 'readable scene list'),
    ],
)
def test_bad_lists_are_named(tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DatasetError, match=said) as error:
        read_split(path)
    assert str(path) in str(error.value)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r'no\.txt'):
        read_split(tmp_path / 'no.txt')


def test_a_published_list_goes_by_its_name():
    names = read_split('sar_icefm_val')
    assert len(names) == 20
    assert '20210321T194818_dmi' in names
