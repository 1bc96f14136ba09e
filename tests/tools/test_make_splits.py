"""make_splits.py: lists that hold out each scene once."""

from __future__ import annotations

import pytest
import zarr

from mmseaice.scenes import read_split
from mmseaice.testing import build_tiny_store


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    """Seven scenes, the first two of one orbit."""
    path = tmp_path_factory.mktemp('splits') / 'scenes.zarr'
    report = build_tiny_store(path, 7, 64, 64, spacings=(80,))
    for scene_id in sorted(report.written)[:2]:
        scene = zarr.open_group(path / scene_id, mode='r+')
        scene.attrs['absolute_orbit'] = 1
    return path, sorted(report.written)


@pytest.fixture
def run(load_tool, store, tmp_path):
    """Run the tool in this process; return the folder of the lists."""
    tool = load_tool('data/make_splits.py')

    def _run(*args):
        tool['main']([str(store[0]), str(tmp_path / 'out'), *args])
        return tmp_path / 'out'

    return _run


def test_folds_hold_every_scene_out_once(run, store, capsys):
    out = run('--folds', '3')
    scene_ids = store[1]
    held_out = []
    for fold in range(3):
        train = read_split(out / f'fold{fold}_train.txt')
        val = read_split(out / f'fold{fold}_val.txt')
        assert sorted(train + val) == scene_ids
        assert (scene_ids[0] in val) == (scene_ids[1] in val)
        assert 1 <= len(val) <= 4
        held_out += val
    assert sorted(held_out) == scene_ids
    said = capsys.readouterr().out
    assert f'{out}/fold2_val.txt: ' in said
    # The scenes lie on one another, days apart or not: that is told.
    assert said.count('\nfold') == 3
    assert 'share an absolute orbit' not in said


def test_folds_are_not_made_unasked(run):
    out = run('--fractions', '50')
    names = {path.name for path in out.iterdir()}
    assert names == {'train.txt', 'val.txt', 'train_050.txt'}


def test_more_folds_than_groups_make_nothing(run, tmp_path):
    with pytest.raises(SystemExit, match=r'^ValueError: groups must be at le'):
        run('--folds', '7')
    assert not (tmp_path / 'out').exists()
    assert len(list(run('--folds', '6').glob('fold*_val.txt'))) == 6
