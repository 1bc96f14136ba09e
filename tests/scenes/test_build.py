"""Stores are built once, whole, and of one kind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmseaice.errors import (
    EmptyChartError,
    MissingChannelError,
    ReleaseError,
    SceneDimensionError,
    SceneFileError,
    StoreError,
)
from mmseaice.scenes import build, store_folder
from mmseaice.scenes.build import build_store
from mmseaice.scenes.open import open_scene
from mmseaice.scenes.resample import resample_scene
from mmseaice.scenes.store import SceneStore
from mmseaice.testing.recipes import open_recipe, write_recipe

TOOL = Path(__file__).parents[2] / 'tools' / 'data' / 'build_store.py'


def recipes(folder, count=3, **arguments):
    folder.mkdir(exist_ok=True)
    return [
        write_recipe(folder / f'{seed}.json', seed=seed, **arguments)
        for seed in range(count)
    ]


def make(sources, out, **arguments):
    arguments = {'opener': open_recipe, 'progress': False} | arguments
    return build_store(sources, out, **arguments)


def contents(path):
    """All files of a store with their bytes."""
    return {
        str(p.relative_to(path)): p.read_bytes()
        for p in path.rglob('*')
        if p.is_file()
    }


def test_second_run_does_nothing(tmp_path):
    sources = recipes(tmp_path / 'in')
    first = make(sources, tmp_path / 'out', spacings=(80, 160))
    assert len(first.written) == 3
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / 'out').rglob('*')}

    def refuse(*_, **__):
        raise AssertionError('a scene was opened again')

    second = make(
        sources, tmp_path / 'out', spacings=[160.0, 80], opener=refuse
    )
    assert second.written == []
    assert second.existing == first.written
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / 'out').rglob('*')}
    assert after == before


def test_more_scenes_may_be_added(tmp_path):
    sources = recipes(tmp_path / 'in')
    make(sources[:1], tmp_path / 'out')
    report = make(sources, tmp_path / 'out')
    assert len(report.written) == 2
    assert len(report.existing) == 1
    assert len(SceneStore(tmp_path / 'out')) == 3


def test_workers_write_the_same_bytes(tmp_path):
    sources = recipes(tmp_path / 'in', 2)
    make(sources, tmp_path / 'one')
    report = make(sources, tmp_path / 'two', workers=2)
    assert sorted(report.written) == sorted(SceneStore(tmp_path / 'two'))
    assert contents(tmp_path / 'one') == contents(tmp_path / 'two')


def test_changed_options_are_named(tmp_path):
    sources = recipes(tmp_path / 'in', 1)
    make(sources, tmp_path / 'out')
    with pytest.raises(
        StoreError, match=r'spacings=\[160.0\].*spacings=\[80.0\].*another'
    ):
        make(sources, tmp_path / 'out', spacings=(160,))
    with pytest.raises(StoreError, match='min_valid'):
        make(sources, tmp_path / 'out', min_valid=0.9)


def test_other_folders_are_left_alone(tmp_path):
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(StoreError, match='something else'):
        make(recipes(tmp_path / 'in', 1), tmp_path)
    assert (tmp_path / 'file').read_text() == 'mine'


def test_failed_build_is_continued(tmp_path):
    sources = recipes(tmp_path / 'in')
    good = sources[1].read_text()
    sources[1].write_text('not a recipe')
    with pytest.raises(SceneFileError, match=r'1\.json: expected a recipe'):
        make(sources, tmp_path / 'out')
    with pytest.raises(StoreError, match='Run the same build command again'):
        SceneStore(tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 1
    sources[1].write_text(good)
    make(sources, tmp_path / 'out')
    make(sources, tmp_path / 'undisturbed')
    assert contents(tmp_path / 'out') == contents(tmp_path / 'undisturbed')


@pytest.mark.parametrize('workers', [1, 2])
def test_skipped_scenes_are_listed(tmp_path, workers):
    sources = recipes(tmp_path / 'in')
    sources[0].write_text('not a recipe')
    report = make(sources, tmp_path / 'out', on_error='skip', workers=workers)
    assert list(report.skipped) == [str(sources[0])]
    assert 'expected a recipe' in report.skipped[str(sources[0])]
    assert len(SceneStore(tmp_path / 'out')) == 2
    assert not list((tmp_path / 'out').glob('.*'))


def test_scenes_that_cannot_serve(tmp_path):
    sources = recipes(tmp_path / 'in', 1)

    def without_labels(path, **_):
        scene = open_recipe(path)
        scene.SOD[:] = scene.FLOE[:] = 255
        return scene

    def broken(path, **_):
        raise RuntimeError('NetCDF: HDF error')

    with pytest.raises(EmptyChartError, match='SOD, FLOE'):
        make(
            sources,
            tmp_path / 'e',
            opener=without_labels,
            tasks=('SOD', 'FLOE'),
        )
    with pytest.raises(SceneFileError, match='HDF error'):
        make(sources, tmp_path / 'out', opener=broken)
    with pytest.raises(MissingChannelError, match='btemp_6_9h'):
        make(sources, tmp_path / 'a', channels=('HH', 'btemp_6_9h'))
    with pytest.raises(SceneDimensionError, match='brought to 40 m'):
        make(sources, tmp_path / 'b', spacings=(40,))
    with pytest.raises(SceneDimensionError, match='at least one cell'):
        make(sources, tmp_path / 'c', spacings=(80, 80 * 200))
    make(sources, tmp_path / 'd', opener=without_labels)
    store = SceneStore(tmp_path / 'd')
    shares = store[store.scene_ids[0]].attrs['labelled_share']
    assert shares['SIC'] > shares['SOD'] == shares['FLOE'] == 0


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match='on_error must be'):
        make([], tmp_path / 'out', on_error='ignore')
    with pytest.raises(MissingChannelError, match='HX'):
        make([], tmp_path / 'out', channels=('HH', 'HX'))
    with pytest.raises(ValueError, match='channels must hold one of'):
        make([], tmp_path / 'out', channels=('t2m',))
    with pytest.raises(ValueError, match='task must be one of'):
        make([], tmp_path / 'out', tasks=('TYPE',))
    with pytest.raises(ValueError, match='spacings must be positive'):
        make([], tmp_path / 'out', spacings=(0, 80))
    assert not (tmp_path / 'out').exists()


def test_wrong_options_and_sources_create_nothing(tmp_path):
    sources = recipes(tmp_path / 'in', 1)
    out = tmp_path / 'out'
    with pytest.raises(TypeError, match='maks'):
        make(sources, out, maks='chart')
    for name, value in (
        ('mask', 'sea'),
        ('rules', 'mine'),
        ('release', '2022'),
        ('sod_threshold', 65),
    ):
        with pytest.raises(ValueError, match=f'{name} must be'):
            make(sources, out, opener=open_scene, **{name: value})
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SceneFileError, match='empty: expected a folder of'):
        make([tmp_path / 'empty'], out)
    with pytest.raises(SceneFileError, match=r'gone\.nc.*nothing there'):
        make([*sources, tmp_path / 'gone.nc'], out)
    with pytest.raises(ValueError, match='sources must name a scene'):
        make([], out)
    assert not out.exists()


def test_failed_build_leaves_a_complete_store_complete(tmp_path):
    sources = recipes(tmp_path / 'in')
    make(sources[:1], tmp_path / 'out')
    sources[2].write_text('not a recipe')
    with pytest.raises(SceneFileError):
        make(sources, tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out')) == 2


def test_store_without_scenes_takes_other_options(tmp_path):
    (source,) = recipes(tmp_path / 'in', 1)
    good = source.read_text()
    source.write_text('not a recipe')
    with pytest.raises(SceneFileError):
        make([source], tmp_path / 'out', spacings=(800,))
    make([source], tmp_path / 'out', spacings=(240,), on_error='skip')
    source.write_text(good)
    make([source], tmp_path / 'out', spacings=(80, 160))
    assert SceneStore(tmp_path / 'out').spacings == (80, 160)
    with pytest.raises(StoreError, match='another folder'):
        make([source], tmp_path / 'out', spacings=(80,))


@pytest.mark.parametrize('error', [TypeError, IndexError, AssertionError])
def test_any_error_of_a_scene_names_it(tmp_path, error):
    sources = recipes(tmp_path / 'in', 2)

    def odd(path, **arguments):
        if path == sources[0]:
            raise error('odd')
        return open_recipe(path, **arguments)

    with pytest.raises(SceneFileError, match=rf'0\.json.*{error.__name__}'):
        make(sources, tmp_path / 'a', opener=odd)
    report = make(sources, tmp_path / 'b', opener=odd, on_error='skip')
    assert list(report.skipped) == [str(sources[0])]
    assert len(report.written) == 1


def test_releases_do_not_mix(tmp_path):
    (old,) = recipes(tmp_path / 'old', 1, release='Oct-2022')
    new = write_recipe(tmp_path / 'new.json', seed=5)
    make([old], tmp_path / 'out')
    for on_error in ('raise', 'skip'):
        with pytest.raises(ReleaseError, match=r'Oct-2022.*Dec-2022'):
            make([new], tmp_path / 'out', on_error=on_error)
    make([new], tmp_path / 'out', allow_mixed_releases=True)
    assert len(SceneStore(tmp_path / 'out')) == 2


def test_one_scene_from_two_files(tmp_path):
    first, twin = (
        write_recipe(tmp_path / f'{name}.json', seed=1) for name in 'ab'
    )
    with pytest.raises(SceneFileError, match='another file of 20180607'):
        make([first, twin], tmp_path / 'out')
    (tmp_path / 'b').mkdir()
    same = write_recipe(tmp_path / 'b' / 'a.json', seed=1)
    with pytest.raises(SceneFileError, match='one file of each name'):
        make([first, same], tmp_path / 'other')


def test_full_disk(tmp_path, monkeypatch):
    sources = recipes(tmp_path / 'in', 1)

    def full(part, *_):
        part.mkdir()
        (part / 'zarr.json').write_text('half')
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(build, 'write_scene', full)
        with pytest.raises(StoreError, match=r'No space left.*Make room'):
            make(sources, tmp_path / 'out', on_error='skip')
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 0
    assert not list((tmp_path / 'out').glob('.*'))
    make(sources, tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out')) == 1


def test_two_builders_meet(tmp_path, monkeypatch):
    """The second finds the scene there as it is about to name its own."""
    sources = recipes(tmp_path / 'in', 1)

    def slow(path, **arguments):
        monkeypatch.setattr(os, 'getpid', lambda: 1)
        make(sources, tmp_path / 'out')
        monkeypatch.undo()
        return open_recipe(path, **arguments)

    report = make(sources, tmp_path / 'out', opener=slow)
    assert report.written == []
    assert len(report.existing) == 1
    assert not list((tmp_path / 'out').glob('.*'))


KILLED = """
import sys, time
from pathlib import Path
from mmseaice.scenes import build, store_writer
from mmseaice.testing.recipes import open_recipe

def hang(*_):
    Path(sys.argv[1], 'ready').touch()
    time.sleep(60)

store_writer._write_tie_points = hang
sources = sorted(Path(sys.argv[1], 'in').iterdir())
build.build_store(
    sources, Path(sys.argv[1], 'out'), opener=open_recipe, progress=False
)
"""


def test_killed_build_is_continued(tmp_path):
    sources = recipes(tmp_path / 'in', 2)
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(tmp_path)],
        cwd=TOOL.parents[2],
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / 'ready').exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (part,) = (tmp_path / 'out').glob('.*')
    assert (part / '80' / 'image').is_dir()
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 0

    make(sources, tmp_path / 'out')
    make(sources, tmp_path / 'undisturbed')
    assert contents(tmp_path / 'out') == contents(tmp_path / 'undisturbed')


def test_parts_of_living_builders_stay(tmp_path, monkeypatch):
    sources = recipes(tmp_path / 'in', 1)
    make(sources, tmp_path / 'out')
    host = store_folder.socket.gethostname()
    other = tmp_path / 'out' / f'.x.nc.{host}-{os.getppid()}.part'
    other.mkdir()
    make(sources, tmp_path / 'out')
    assert other.exists()


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
    done = run_tool(tmp_path, tmp_path / 'out')
    assert done.returncode == 1
    assert 'SceneFileError:' in done.stderr
    assert 'bad_prep.nc' in done.stderr
    assert 'Traceback' not in done.stderr
    done = run_tool(
        tmp_path, tmp_path / 'out', '--on-error', 'skip', '--spacings', 80
    )
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
    np.testing.assert_allclose(crop.image[0], scene.HV, atol=0.00501)
    np.testing.assert_array_equal(crop.charts['SOD'], scene.SOD)
