"""The command that builds stores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmseaice.scenes.open import open_scene
from mmseaice.scenes.resample import resample_scene
from mmseaice.scenes.store import SceneStore

TOOL = Path(__file__).parents[2] / 'tools' / 'data' / 'build_store.py'


def run_tool(*arguments):
    environment = os.environ | {'PYTHONPATH': str(TOOL.parents[2])}
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_tool_exit_codes(tmp_path):
    (tmp_path / 'bad_prep.nc').write_bytes(b'not NetCDF')
    done = run_tool(tmp_path, tmp_path / 'out', '--on-error', 'raise')
    assert done.returncode == 1
    assert 'SceneFileError:' in done.stderr
    assert 'bad_prep.nc' in done.stderr
    assert 'Traceback' not in done.stderr
    done = run_tool(tmp_path, tmp_path / 'out', '--spacings', 80)
    assert done.returncode == 2
    assert '1 skipped' in done.stdout
    assert 'bad_prep.nc' in done.stdout
    assert f'The store is {tmp_path / "out"}' in done.stdout


@pytest.mark.parametrize('kind', ['ready', 'raw'])
def test_tool_on_files(tmp_path, kind, write_ready, write_raw):
    write = write_ready if kind == 'ready' else write_raw
    written = write(tmp_path)
    channels = ('HV', 'incidence_angle', 'btemp_18_7h')
    options = ['--spacings', 80, 200, '--channels', *channels]
    done = run_tool(tmp_path, tmp_path / 'out', *options)
    assert done.returncode == 0, done.stderr
    assert '1 scenes written' in done.stdout
    store = SceneStore(tmp_path / 'out')
    assert store.channels == channels
    (scene_id,) = store
    scene = resample_scene(open_scene(written.path), 200)
    assert scene.attrs['scene_id'] == scene_id
    crop = store[scene_id].read(200)
    np.testing.assert_allclose(crop.image[0], scene.HV, atol=0.02501)
    np.testing.assert_array_equal(crop.charts['SOD'], scene.SOD)


def test_tool_reports(tmp_path, write_ready):
    written = write_ready(tmp_path)
    done = run_tool(tmp_path, tmp_path / 'out', '--report', '--shard', '1/1')
    assert done.returncode == 0, done.stderr
    (scene_id,) = store = SceneStore(tmp_path / 'out')
    assert scene_id in done.stdout
    counts = store[scene_id].attrs['class_histogram']['SOD']
    table = done.stdout.partition('\n| SOD')[2].partition('\n\n')[0]
    cells = [line.split('|')[3].strip() for line in table.splitlines()[2:]]
    assert [int(cell) for cell in cells] == counts
    assert written.path.name not in done.stdout
    for bad in ('x', '2/1', '1'):
        done = run_tool(tmp_path, tmp_path / 'out', '--shard', bad)
        assert done.returncode in (1, 2)
        assert 'Traceback' not in done.stderr
