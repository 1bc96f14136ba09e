"""Files are whole or not there, and nothing that was there is lost."""

import os
import subprocess
import sys
import time

import pytest

from mmseaice.utils.atomic import atomic_path, remove_abandoned_parts


def test_file_appears_when_whole(tmp_path):
    path = tmp_path / 'a/b.txt'
    with atomic_path(path) as part:
        part.write_text('half')
        assert not path.exists()
    assert path.read_text() == 'half'
    assert os.listdir(path.parent) == ['b.txt']


def fail(part):
    part.write_text('new')
    raise OSError('disk full')


@pytest.mark.parametrize(
    ('write', 'said'), [(fail, 'disk full'), (str, 'No such file')]
)
def test_failure_keeps_what_was_there(tmp_path, write, said):
    path = tmp_path / 'b.txt'
    path.write_text('old')
    with pytest.raises(OSError, match=said), atomic_path(path) as part:
        write(part)
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['b.txt']


def test_a_folder_is_never_replaced(tmp_path):
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / 'precious').write_text('data')
    with pytest.raises(OSError, match='folder'), atomic_path(folder) as part:
        part.write_text('new')
    assert (folder / 'precious').read_text() == 'data'
    assert os.listdir(tmp_path) == ['folder']


def test_only_abandoned_parts_are_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, '-c', ''])
    ended.wait()
    begun = time.time() - 60
    ours = tmp_path / f'.new.pth.{os.getpid()}.part'
    older = tmp_path / f'.old.pth.{os.getpid()}.part'
    dead = tmp_path / f'.iter_2.pth.{ended.pid}.part'
    others = [tmp_path / name for name in ('.x.part', 'y.1.part', 'z.pth')]
    for path in (ours, older, dead, *others):
        path.touch()
    os.utime(older, (begun - 1, begun - 1))
    remove_abandoned_parts(tmp_path, begun)
    assert {*tmp_path.iterdir()} == {ours, *others}
