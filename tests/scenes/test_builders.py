"""Builds that are killed, run into a full disk, or meet each other."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmseaice.errors import ReleaseError, SceneFileError, StoreError
from mmseaice.scenes import store_folder
from mmseaice.scenes.store import SceneStore, skipped_sources
from mmseaice.testing.recipes import (
    open_recipe,
    write_recipe,
    write_recipes,
)
from mmseaice.testing.stores import build_recipes, read_files

ROOT = Path(__file__).parents[2]

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
    sources = write_recipes(tmp_path / 'in', 2)
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(tmp_path)],
        cwd=ROOT,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / 'ready').exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (part,) = (tmp_path / 'out').glob('.*.part')
    assert (part / 'image_80').is_dir()
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 0

    build_recipes(sources, tmp_path / 'out')
    build_recipes(sources, tmp_path / 'undisturbed')
    assert read_files(tmp_path / 'out') == read_files(tmp_path / 'undisturbed')


def test_parts_of_living_builders_stay(tmp_path, monkeypatch):
    sources = write_recipes(tmp_path / 'in', 1)
    build_recipes(sources, tmp_path / 'out')
    host = store_folder.socket.gethostname()
    other = tmp_path / 'out' / f'.x.nc.{host}-{os.getppid()}.part'
    other.mkdir()
    build_recipes(sources, tmp_path / 'out')
    assert other.exists()


def test_shards_make_the_same_store(tmp_path):
    sources = write_recipes(tmp_path / 'in', 5)
    for number in (2, 1, 3):
        with pytest.raises(StoreError):
            SceneStore(tmp_path / 'parts')
        report = build_recipes(sources, tmp_path / 'parts', shard=(number, 3))
        assert len(report.written) == (1 if number == 3 else 2)
    build_recipes(sources, tmp_path / 'whole')
    assert len(SceneStore(tmp_path / 'parts')) == 5
    assert read_files(tmp_path / 'parts') == read_files(tmp_path / 'whole')
    for bad in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match='shard must be'):
            build_recipes(sources, tmp_path / 'parts', shard=bad)


def test_a_scene_that_one_shard_skips_is_not_awaited(tmp_path):
    sources = write_recipes(tmp_path / 'in', 4)
    sources[0].write_text('not a recipe')
    for number in (1, 2):
        build_recipes(
            sources, tmp_path / 'out', shard=(number, 2), on_error='skip'
        )
    assert len(SceneStore(tmp_path / 'out')) == 3
    # The next build tries it again.
    write_recipe(sources[0], seed=0)
    assert len(build_recipes(sources, tmp_path / 'out').written) == 1
    assert not skipped_sources(tmp_path / 'out')


def test_a_shard_that_fails_leaves_the_store_unfinished(tmp_path):
    sources = write_recipes(tmp_path / 'in', 4)
    sources[3].write_text('not a recipe')
    build_recipes(sources, tmp_path / 'out', shard=(1, 2))
    with pytest.raises(SceneFileError):
        build_recipes(sources, tmp_path / 'out', shard=(2, 2))
    with pytest.raises(StoreError, match=r'lacks 1 scenes, 3\.json first'):
        SceneStore(tmp_path / 'out')


def test_builders_with_other_options_do_not_mix(tmp_path):
    """The second begins while the first still reads its first scene."""
    sources = write_recipes(tmp_path / 'in', 2)

    def slow(path, **arguments):
        build_recipes(sources[:1], tmp_path / 'out', spacings=(80, 160))
        return open_recipe(path, **arguments)

    with pytest.raises(StoreError, match='builder that began meanwhile'):
        build_recipes(sources[1:], tmp_path / 'out', opener=slow)
    store = SceneStore(tmp_path / 'out', allow_incomplete=True)
    assert [store[name].shape(160) for name in store] == [(60, 65)]


def test_builders_with_other_releases_do_not_finish(tmp_path):
    old = write_recipe(tmp_path / 'old.json', seed=1, release='Oct-2022')
    new = write_recipe(tmp_path / 'new.json', seed=2)

    def slow(path, **arguments):
        build_recipes([old], tmp_path / 'out')
        return open_recipe(path, **arguments)

    with pytest.raises(ReleaseError, match='Builders met'):
        build_recipes([new], tmp_path / 'out', opener=slow)


def test_leftovers_of_killed_builders_do_not_matter(tmp_path):
    sources = write_recipes(tmp_path / 'in', 1)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/zarr.0abc.partial').write_text('{')
    part = (
        tmp_path
        / 'out'
        / (f'.0.json.{store_folder.socket.gethostname()}-{os.getpid()}.part')
    )

    def slow(path, **arguments):
        part.mkdir()
        (part / 'zarr.json').write_text('{"zarr_format": 3}')
        return open_recipe(path, **arguments)

    build_recipes(sources, tmp_path / 'out', opener=slow)
    assert len(SceneStore(tmp_path / 'out')) == 1


def build_shard(number, folder):
    build_recipes(
        sorted((folder / 'in').iterdir()), folder / 'out', shard=(number, 2)
    )


def build_all(number, folder):
    build_recipes(sorted((folder / 'in').iterdir()), folder / 'out')


@pytest.mark.parametrize('builder', [build_shard, build_all])
def test_builders_at_one_time(tmp_path, builder):
    """Two processes start together, on shards or on the same scenes."""
    sources = write_recipes(tmp_path / 'in', 6)
    context = multiprocessing.get_context('fork')
    builders = [
        context.Process(target=builder, args=(number, tmp_path))
        for number in (1, 2)
    ]
    for process in builders:
        process.start()
    for process in builders:
        process.join(60)
    assert [process.exitcode for process in builders] == [0, 0]
    build_recipes(sources, tmp_path / 'alone')
    assert len(SceneStore(tmp_path / 'out')) == 6
    assert read_files(tmp_path / 'out') == read_files(tmp_path / 'alone')


@pytest.mark.parametrize('delay', [0.05, 0.2, 0.4, 0.8])
def test_a_build_killed_at_any_moment_is_continued(tmp_path, delay):
    sources = write_recipes(tmp_path / 'in', 8, height=400, width=400)
    context = multiprocessing.get_context('fork')
    process = context.Process(target=build_all, args=(1, tmp_path))
    process.start()
    time.sleep(delay)
    process.kill()
    process.join()
    build_recipes(sources, tmp_path / 'out')
    build_recipes(sources, tmp_path / 'undisturbed')
    assert read_files(tmp_path / 'out') == read_files(tmp_path / 'undisturbed')


def build_with_small_files(folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        build_recipes(sorted((folder / 'in').iterdir()), folder / 'out')
    except StoreError as error:
        (folder / 'said').write_text(str(error))


def test_no_room_for_a_shard(tmp_path):
    """The system refuses to write on, as a full disk or a quota does."""
    sources = write_recipes(tmp_path / 'in', 2, height=300, width=300)
    context = multiprocessing.get_context('fork')
    process = context.Process(target=build_with_small_files, args=(tmp_path,))
    process.start()
    process.join(60)
    assert 'Make room' in (tmp_path / 'said').read_text()
    assert not list((tmp_path / 'out').glob('.*.part'))
    with pytest.raises(StoreError, match='lacks 2 scenes'):
        SceneStore(tmp_path / 'out')
    build_recipes(sources, tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out')) == 2


def test_dask_writes_the_same_bytes(tmp_path):
    from dask import config
    from distributed import LocalCluster

    sources = write_recipes(tmp_path / 'in', 3)
    sources[1].write_text('not a recipe')
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
    ) as cluster:
        report = build_recipes(
            sources,
            tmp_path / 'out',
            dask=cluster.scheduler_address,
            on_error='skip',
        )
    assert len(report.written) == 2
    assert list(report.skipped) == [str(sources[1])]
    build_recipes(sources, tmp_path / 'alone', on_error='skip')
    assert read_files(tmp_path / 'out') == read_files(tmp_path / 'alone')
    with pytest.raises(StoreError, match='address of a Dask scheduler'):
        build_recipes(sources, tmp_path / 'out', dask='foo://nowhere')
    # xarray asks Dask's scheduler for its locks from then on.
    assert config.get('scheduler', None) is None
