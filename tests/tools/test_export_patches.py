"""export_patches.py: cut, killed, cut again, read back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmseaice.scenes import read_patch_table, read_split

TOOL = Path(__file__).parents[2] / 'tools/data/export_patches.py'
SIZES = ('--count', '6', '--size', '64')


@pytest.fixture
def store(demo_data):
    return demo_data / 'demo/train.zarr'


@pytest.fixture
def run(load_tool, store):
    """Run the tool in this process."""
    tool = load_tool('data/export_patches.py')

    def _run(out, *args):
        tool['main']([str(store), str(out), *map(str, args)])

    return _run


def contents(path):
    return {
        str(p.relative_to(path)): p.read_bytes()
        for p in path.rglob('*')
        if p.is_file()
    }


def test_it_says_where_things_are(run, tmp_path, capsys):
    out = tmp_path / 'out'
    run(out, *SIZES, '--val-share', '0.5')
    said = capsys.readouterr().out.splitlines()
    patches = read_patch_table(out / 'patches.csv')
    assert said[0] == f'{len(patches)} patches of 3 scenes'
    assert said[1] == f'  {out / "patches.csv"}'
    for line, side in zip(said[2:], ('train', 'val'), strict=True):
        names = read_split(out / f'{side}.txt')
        assert line == f'  {out / side}.txt: {len(names)} patches'
    assert len(patches) == 18


def test_arguments_reach_the_patches(run, tmp_path, capsys):
    out = tmp_path / 'out'
    run(
        *(out, '--placement', 'grid', '--size', '50', '--stride', '25'),
        *('--spacing', '160', '--channels', 'HV', 'incidence_angle'),
        *('--tasks', '--min-valid', '0.7', '--split-by', 'patch'),
        *('--seed', '4', '--val-share', '0.2'),
    )
    patches = read_patch_table(out / 'patches.csv')
    assert {(p.spacing, p.height, p.width, p.seed) for p in patches} == {
        (160, 50, 50, 4)
    }
    assert {patch.y for patch in patches} == {0, 25, 50, 55}
    assert min(patch.valid for patch in patches) >= 0.7
    assert {patch.labelled for patch in patches} == {0}
    held = [patch for patch in patches if patch.split == 'val']
    assert len(held) == round(0.2 * len(patches))


def test_scenes_with_few_patches_are_told(run, tmp_path, capsys):
    picky = ('--min-valid', '0.956', '--val-share', '0')
    run(tmp_path / 'out', *SIZES, *picky)
    assert 'scenes gave fewer than 6 patches: ' in capsys.readouterr().out


def test_scenes_can_be_chosen(run, tmp_path):
    scene_id = '20180607T100001_dmi'
    (tmp_path / 'list.txt').write_text(f'{scene_id}\n')
    out = tmp_path / 'out'
    run(out, *SIZES, '--scenes', tmp_path / 'list.txt', '--val-share', '0')
    patches = read_patch_table(out / 'patches.csv')
    assert {patch.scene_id for patch in patches} == {scene_id}


def test_a_killed_export_ends_as_an_undisturbed_one(run, store, tmp_path):
    args = ('--count', '30', '--size', '96')
    run(tmp_path / 'whole', *args)
    out = tmp_path / 'killed'
    process = subprocess.Popen(
        [sys.executable, TOOL, store, out, *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 60
    while not any(out.glob('patches/*/*.npz')):
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = contents(out)
    assert not (out / 'patches.csv').exists()
    assert any(name.endswith('.npz') for name in before)
    run(out, *args)
    assert contents(out) == contents(tmp_path / 'whole')


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['--stride', '3'], 'ValueError: stride must be None'),
        (['--val-share', '1'], 'ValueError: val_share must be'),
        (['--spacing', '70'], 'StoreError: '),
        (['--channels', 'odd'], 'ValueError: channels must hold'),
        (['--scenes', 'no.txt'], 'DatasetError: no.txt'),
    ],
)
def test_mistakes_end_in_one_message(run, tmp_path, args, said):
    with pytest.raises(SystemExit) as end:
        run(tmp_path / 'out', *args)
    assert str(end.value).startswith(said)
    assert not (tmp_path / 'out').exists()


def test_no_store_ends_in_one_message(load_tool, tmp_path):
    tool = load_tool('data/export_patches.py')
    with pytest.raises(SystemExit, match=r'StoreError: .*no\.zarr'):
        tool['main']([str(tmp_path / 'no.zarr'), str(tmp_path / 'out')])
