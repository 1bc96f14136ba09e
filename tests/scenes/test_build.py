"""Stores are built once, whole, and of one kind."""

from __future__ import annotations

import errno
import os

import pytest

from mmseaice.errors import (
    EmptyChartError,
    MissingChannelError,
    ReleaseError,
    SceneDimensionError,
    SceneFileError,
    StoreError,
)
from mmseaice.scenes import build
from mmseaice.scenes.open import open_scene
from mmseaice.scenes.store import SceneStore, skipped_sources
from mmseaice.testing.recipes import open_recipe, write_recipe, write_recipes
from mmseaice.testing.stores import build_recipes, read_files


def test_second_run_does_nothing(tmp_path):
    sources = write_recipes(tmp_path / 'in')
    first = build_recipes(sources, tmp_path / 'out', spacings=(80, 160))
    assert len(first.written) == 3
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / 'out').rglob('*')}

    def refuse(*_, **__):
        raise AssertionError('a scene was opened again')

    second = build_recipes(
        sources, tmp_path / 'out', spacings=[160.0, 80], opener=refuse
    )
    assert second.written == []
    assert second.existing == first.written
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / 'out').rglob('*')}
    assert after == before


def test_more_scenes_may_be_added(tmp_path):
    sources = write_recipes(tmp_path / 'in')
    build_recipes(sources[:1], tmp_path / 'out')
    report = build_recipes(sources, tmp_path / 'out')
    assert len(report.written) == 2
    assert len(report.existing) == 1
    assert len(SceneStore(tmp_path / 'out')) == 3


def test_workers_write_the_same_bytes(tmp_path):
    sources = write_recipes(tmp_path / 'in', 2)
    build_recipes(sources, tmp_path / 'one')
    report = build_recipes(sources, tmp_path / 'two', workers=2)
    assert sorted(report.written) == sorted(SceneStore(tmp_path / 'two'))
    assert read_files(tmp_path / 'one') == read_files(tmp_path / 'two')


def test_changed_options_are_named(tmp_path):
    sources = write_recipes(tmp_path / 'in', 1)
    build_recipes(sources, tmp_path / 'out')
    with pytest.raises(
        StoreError, match=r'spacings=\[160.0\].*spacings=\[80.0\].*another'
    ):
        build_recipes(sources, tmp_path / 'out', spacings=(160,))
    with pytest.raises(StoreError, match='min_valid'):
        build_recipes(sources, tmp_path / 'out', min_valid=0.9)


def test_other_folders_are_left_alone(tmp_path):
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(StoreError, match='something else'):
        build_recipes(write_recipes(tmp_path / 'in', 1), tmp_path)
    assert (tmp_path / 'file').read_text() == 'mine'


def test_failed_build_is_continued(tmp_path):
    sources = write_recipes(tmp_path / 'in')
    good = sources[1].read_text()
    sources[1].write_text('not a recipe')
    with pytest.raises(SceneFileError, match=r'1\.json: expected a recipe'):
        build_recipes(sources, tmp_path / 'out')
    with pytest.raises(StoreError, match='Run the same build command again'):
        SceneStore(tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 1
    sources[1].write_text(good)
    build_recipes(sources, tmp_path / 'out')
    build_recipes(sources, tmp_path / 'undisturbed')
    assert read_files(tmp_path / 'out') == read_files(tmp_path / 'undisturbed')


@pytest.mark.parametrize('workers', [1, 2])
def test_skipped_scenes_are_listed(tmp_path, workers):
    sources = write_recipes(tmp_path / 'in')
    sources[0].write_text('not a recipe')
    report = build_recipes(
        sources, tmp_path / 'out', on_error='skip', workers=workers
    )
    assert list(report.skipped) == [str(sources[0])]
    assert 'expected a recipe' in report.skipped[str(sources[0])]
    assert len(SceneStore(tmp_path / 'out')) == 2
    assert not list((tmp_path / 'out').glob('.*.part'))
    reasons = skipped_sources(tmp_path / 'out')
    assert reasons == {'0.json': report.skipped[str(sources[0])]}


def test_scenes_that_cannot_serve(tmp_path):
    sources = write_recipes(tmp_path / 'in', 1)

    def without_labels(path, **_):
        scene = open_recipe(path)
        scene.SOD[:] = scene.FLOE[:] = 255
        return scene

    def broken(path, **_):
        raise RuntimeError('NetCDF: HDF error')

    with pytest.raises(EmptyChartError, match='SOD, FLOE'):
        build_recipes(
            sources,
            tmp_path / 'e',
            opener=without_labels,
            tasks=('SOD', 'FLOE'),
        )
    with pytest.raises(SceneFileError, match='HDF error'):
        build_recipes(sources, tmp_path / 'out', opener=broken)
    with pytest.raises(MissingChannelError, match='btemp_6_9h'):
        build_recipes(sources, tmp_path / 'a', channels=('HH', 'btemp_6_9h'))
    with pytest.raises(SceneDimensionError, match='brought to 40 m'):
        build_recipes(sources, tmp_path / 'b', spacings=(40,))
    with pytest.raises(SceneDimensionError, match='at least one cell'):
        build_recipes(sources, tmp_path / 'c', spacings=(80, 80 * 200))
    build_recipes(sources, tmp_path / 'd', opener=without_labels)
    store = SceneStore(tmp_path / 'd')
    shares = store[store.scene_ids[0]].attrs['labelled_share']
    assert shares['SIC'] > shares['SOD'] == shares['FLOE'] == 0


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match='on_error must be'):
        build_recipes([], tmp_path / 'out', on_error='ignore')
    with pytest.raises(MissingChannelError, match='HX'):
        build_recipes([], tmp_path / 'out', channels=('HH', 'HX'))
    with pytest.raises(ValueError, match='channels must hold one of'):
        build_recipes([], tmp_path / 'out', channels=('t2m',))
    with pytest.raises(ValueError, match='task must be one of'):
        build_recipes([], tmp_path / 'out', tasks=('TYPE',))
    with pytest.raises(ValueError, match='spacings must be positive'):
        build_recipes([], tmp_path / 'out', spacings=(0, 80))
    assert not (tmp_path / 'out').exists()


def test_wrong_options_and_sources_create_nothing(tmp_path):
    sources = write_recipes(tmp_path / 'in', 1)
    out = tmp_path / 'out'
    with pytest.raises(TypeError, match='maks'):
        build_recipes(sources, out, maks='chart')
    for name, value in (
        ('mask', 'sea'),
        ('rules', 'mine'),
        ('release', '2022'),
        ('sod_threshold', 65),
    ):
        with pytest.raises(ValueError, match=f'{name} must be'):
            build_recipes(sources, out, opener=open_scene, **{name: value})
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SceneFileError, match='empty: expected a folder of'):
        build_recipes([tmp_path / 'empty'], out)
    with pytest.raises(SceneFileError, match=r'gone\.nc.*nothing there'):
        build_recipes([*sources, tmp_path / 'gone.nc'], out)
    with pytest.raises(ValueError, match='sources must name a scene'):
        build_recipes([], out)
    assert not out.exists()


def test_failed_build_leaves_a_complete_store_complete(tmp_path):
    sources = write_recipes(tmp_path / 'in')
    build_recipes(sources[:1], tmp_path / 'out')
    sources[2].write_text('not a recipe')
    with pytest.raises(SceneFileError):
        build_recipes(sources, tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out')) == 2


def test_store_without_scenes_takes_other_options(tmp_path):
    (source,) = write_recipes(tmp_path / 'in', 1)
    good = source.read_text()
    source.write_text('not a recipe')
    with pytest.raises(SceneFileError):
        build_recipes([source], tmp_path / 'out', spacings=(800,))
    build_recipes([source], tmp_path / 'out', spacings=(240,), on_error='skip')
    source.write_text(good)
    build_recipes([source], tmp_path / 'out', spacings=(80, 160))
    assert SceneStore(tmp_path / 'out').spacings == (80, 160)
    with pytest.raises(StoreError, match='another folder'):
        build_recipes([source], tmp_path / 'out', spacings=(80,))


@pytest.mark.parametrize('error', [TypeError, IndexError, AssertionError])
def test_any_error_of_a_scene_names_it(tmp_path, error):
    sources = write_recipes(tmp_path / 'in', 2)

    def odd(path, **arguments):
        if path == sources[0]:
            raise error('odd')
        return open_recipe(path, **arguments)

    with pytest.raises(SceneFileError, match=rf'0\.json.*{error.__name__}'):
        build_recipes(sources, tmp_path / 'a', opener=odd)
    report = build_recipes(
        sources, tmp_path / 'b', opener=odd, on_error='skip'
    )
    assert list(report.skipped) == [str(sources[0])]
    assert len(report.written) == 1


def test_releases_do_not_mix(tmp_path):
    (old,) = write_recipes(tmp_path / 'old', 1, release='Oct-2022')
    new = write_recipe(tmp_path / 'new.json', seed=5)
    build_recipes([old], tmp_path / 'out')
    for on_error in ('raise', 'skip'):
        with pytest.raises(ReleaseError, match=r'Oct-2022.*Dec-2022'):
            build_recipes([new], tmp_path / 'out', on_error=on_error)
    build_recipes([new], tmp_path / 'out', allow_mixed_releases=True)
    assert len(SceneStore(tmp_path / 'out')) == 2


def test_one_scene_from_two_files(tmp_path):
    first, twin = (
        write_recipe(tmp_path / f'{name}.json', seed=1) for name in 'ab'
    )
    with pytest.raises(SceneFileError, match='another file of 20180607'):
        build_recipes([first, twin], tmp_path / 'out')
    (tmp_path / 'b').mkdir()
    same = write_recipe(tmp_path / 'b' / 'a.json', seed=1)
    with pytest.raises(SceneFileError, match='one file of each name'):
        build_recipes([first, same], tmp_path / 'other')


def test_full_disk(tmp_path, monkeypatch):
    sources = write_recipes(tmp_path / 'in', 1)

    def full(part, *_):
        part.mkdir()
        (part / 'zarr.json').write_text('half')
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(build, 'write_scene', full)
        with pytest.raises(StoreError, match=r'No space left.*Make room'):
            build_recipes(sources, tmp_path / 'out', on_error='skip')
    assert len(SceneStore(tmp_path / 'out', allow_incomplete=True)) == 0
    assert not list((tmp_path / 'out').glob('.*.part'))
    build_recipes(sources, tmp_path / 'out')
    assert len(SceneStore(tmp_path / 'out')) == 1


def test_two_builders_meet(tmp_path, monkeypatch):
    """The second finds the scene there as it is about to name its own."""
    sources = write_recipes(tmp_path / 'in', 1)

    def slow(path, **arguments):
        monkeypatch.setattr(os, 'getpid', lambda: 1)
        build_recipes(sources, tmp_path / 'out')
        monkeypatch.undo()
        return open_recipe(path, **arguments)

    report = build_recipes(sources, tmp_path / 'out', opener=slow)
    assert report.written == []
    assert len(report.existing) == 1
    assert not list((tmp_path / 'out').glob('.*'))
