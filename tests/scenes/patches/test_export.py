"""Patches are windows of the store, however their export went."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mmseaice.errors import DatasetError, MissingChannelError, StoreError
from mmseaice.scenes import SceneStore, export_patches, read_split
from mmseaice.scenes.patches import export, read_note, read_patch_table
from mmseaice.testing import build_tiny_store


@pytest.fixture
def run(store, tmp_path, options):
    """Export to a folder below the test's own."""

    def _run(name='out', placement='random', stride=None, call=None, **opts):
        return export_patches(
            store,
            tmp_path / name,
            options(placement, stride, **opts),
            **{'progress': False} | (call or {}),
        )

    return _run


@pytest.mark.parametrize(
    ('placement', 'spacing', 'channels', 'tasks'),
    [
        ('random', 80, ('HH', 'HV'), ('SIC',)),
        ('grid', 160, ('t2m', 'HV'), ('FLOE', 'SIC')),
    ],
)
def test_a_patch_is_what_the_store_reads_there(
    run, store, load, placement, spacing, channels, tasks
):
    report = run(
        placement=placement, spacing=spacing, channels=channels, tasks=tasks
    )
    assert len(report.patches) > 4
    for patch in report.patches:
        crop = store[patch.scene_id].read(
            spacing,
            channels=channels,
            tasks=('SIC', 'SOD', 'FLOE'),
            **patch.window._asdict(),
        )
        members = load(report.path / patch.file)
        assert members.keys() == {'sar', *map(str.lower, tasks)}
        np.testing.assert_array_equal(members['sar'], crop.image)
        assert members['sar'].shape == (2, 48, 48)
        percent = np.where(crop.charts['SIC'] == 255, 25.5, crop.charts['SIC'])
        np.testing.assert_array_equal(members['sic'], 10 * percent)

        valid = crop.valid
        assert patch.valid == pytest.approx(valid.mean(), abs=1e-4)
        assert patch.valid >= 0.3 - 1e-4
        some = np.any([crop.charts[task] != 255 for task in tasks], axis=0)
        share = some[valid].mean()
        assert patch.labelled == pytest.approx(share, abs=1e-4)
        classes = crop.charts['SIC'][valid & (crop.charts['SIC'] != 255)]
        mean = pytest.approx(10 * classes.mean(), abs=0.01)
        assert patch.labels['SIC_mean'] == mean
        for task in ('SOD', 'FLOE'):
            classes = crop.charts[task][valid].tolist()
            counts = [classes.count(number) for number in range(7)]
            majority = patch.labels[f'{task}_majority']
            assert counts[int(majority)] == max(counts)


def test_where_and_from_which_seed(run, store):
    patch = run(seed=5).patches[0]
    assert (patch.seed, patch.spacing) == (5, 80)
    y, x = (patch.y + 24) * 80, (patch.x + 24) * 80
    latitude, longitude = store[patch.scene_id].geolocation.at(y, x)
    assert patch.latitude == pytest.approx(float(latitude), abs=1e-4)
    assert patch.longitude == pytest.approx(float(longitude), abs=1e-4)


def test_table_lists_and_files_agree(run, store):
    report = run()
    assert read_patch_table(report.table) == report.patches
    assert len(report.patches) == 4 * len(store)
    assert {p.scene_id for p in report.patches} == set(store)
    written = {p.stem for p in report.path.glob('patches/*/*.npz')}
    assert written == {patch.patch_id for patch in report.patches}
    lists = {side: read_split(path) for side, path in report.lists.items()}
    for side, names in lists.items():
        assert names == [p.patch_id for p in report.patches if p.split == side]
    assert not set(lists['train']) & set(lists['val'])
    assert sum(map(len, lists.values())) == len(report.patches)


def test_scenes_of_one_orbit_stay_on_one_side(run, store):
    for seed in range(4):
        report = run(f'{seed}', seed=seed, call={'val_share': 0.4})
        side = {p.scene_id: p.split for p in report.patches}
        assert side[store.scene_ids[0]] == side[store.scene_ids[1]]
        assert set(side.values()) == {'train', 'val'}
        for patch in report.patches:
            assert patch.split == side[patch.scene_id]


def test_a_split_by_patch_is_another_split_of_the_same_patches(run, contents):
    first = run()
    before = contents(first.path / 'patches')
    second = run(call={'split_by': 'patch', 'val_share': 0.25})
    assert contents(first.path / 'patches') == before
    assert [p.window for p in second.patches] == [
        p.window for p in first.patches
    ]
    assert len(read_split(second.lists['val'])) == 5
    third = run(call={'val_share': 0})
    assert list(third.lists) == ['train']
    assert not (third.path / 'val.txt').exists()


def test_a_scene_gives_the_same_patches_in_any_company(run, store, contents):
    everything = run('all')
    order = list(store.scene_ids[1:])[::-1]
    some = run('some', call={'scene_ids': order})
    for scene_id in order:
        one = contents(some.path / 'patches' / scene_id)
        assert one == contents(everything.path / 'patches' / scene_id)
    assert contents(run('again').path) == contents(everything.path)
    other = run('other', seed=1)
    windows = [patch.window for patch in other.patches]
    assert windows != [patch.window for patch in everything.patches]


def test_a_grid_covers_the_scene(run, store):
    report = run(placement='grid', stride=40, min_valid=0)
    for scene_id in store:
        covered = np.zeros(store[scene_id].shape(80), bool)
        for patch in report.patches:
            if patch.scene_id == scene_id:
                y, x, height, width = patch.window
                covered[y : y + height, x : x + width] = True
        assert covered.all()
    assert report.short == {}


def test_a_killed_export_goes_on(run, store, tmp_path, contents, monkeypatch):
    whole = contents(run('whole').path)
    write, left = export.write_patch, [6]

    def killed(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr(export, 'write_patch', killed)
    with pytest.raises(KeyboardInterrupt):
        run('out')
    monkeypatch.undo()
    # A real kill leaves a temporary of a process that is no more.
    ended = subprocess.run(
        [sys.executable, '-c', 'import os; print(os.getpid())'],
        capture_output=True,
        text=True,
        check=True,
    )
    out = tmp_path / 'out'
    first, second = store.scene_ids[:2]
    part = out / f'patches/{second}/.a.npz.{int(ended.stdout)}.part'
    part.write_bytes(b'half')
    written = {p: p.stat().st_mtime_ns for p in out.rglob('*.npz')}
    assert len(written) == 6
    assert not (out / 'patches.csv').exists()

    assert contents(run('out').path) == whole
    for path, time in written.items():
        kept = path.stat().st_mtime_ns == time
        assert kept == (path.parent.name == first)


def test_a_second_run_cuts_nothing(run, contents, monkeypatch):
    report = run()
    before = contents(report.path)
    monkeypatch.setattr(export, 'write_patch', None)
    assert run().patches == report.patches
    assert contents(report.path) == before


def test_a_lost_file_comes_back(run, contents):
    report = run()
    before = contents(report.path)
    (report.path / report.patches[5].file).unlink()
    run()
    assert contents(report.path) == before


def test_too_few_good_windows_are_told(run, store):
    report = run(min_valid=0.955)
    counts = dict.fromkeys(store, 0)
    for patch in report.patches:
        counts[patch.scene_id] += 1
    assert report.short == {k: n for k, n in counts.items() if n < 4}
    assert report.short
    assert run(min_valid=0.955).short == report.short
    with pytest.raises(DatasetError, match='none in 5 scenes'):
        run('none', min_valid=1)


def test_labels_can_be_a_condition(run):
    plain = [patch.labelled for patch in run('plain').patches]
    wanted = float(np.median(plain)) + 1e-3
    picky = run('picky', min_labelled=wanted)
    assert min(p.labelled for p in picky.patches) >= wanted - 1e-4


def test_a_small_scene_is_padded(tmp_path, options, load):
    build_tiny_store(tmp_path / 'small.zarr', 2, 60, 60, spacings=(80, 160))
    store = SceneStore(tmp_path / 'small.zarr')
    report = export_patches(
        store,
        tmp_path / 'out',
        options(spacing=160, min_valid=0.2),
        progress=False,
    )
    for patch in report.patches:
        sar = load(report.path / patch.file)['sar']
        inside = np.zeros((48, 48), bool)
        y, x = -patch.y, -patch.x
        inside[y : y + 30, x : x + 30] = True
        assert np.isnan(sar[:, ~inside]).all()
        assert np.isfinite(sar[:, inside]).any()
        assert patch.valid <= (30 / 48) ** 2


def test_unlabelled_stores_serve(tmp_path, options, load):
    path = tmp_path / 'bare.zarr'
    build_tiny_store(path, 2, spacings=(80,), tasks=())
    store = SceneStore(path)
    with pytest.raises(StoreError, match="chart 'SIC'"):
        export_patches(store, tmp_path / 'out', options(), progress=False)
    assert not (tmp_path / 'out').exists()
    report = export_patches(
        store, tmp_path / 'out', options(tasks=()), progress=False
    )
    assert list(load(report.path / report.patches[0].file)) == ['sar']
    assert report.patches[0].labels == {}


@pytest.mark.parametrize(
    ('opts', 'call', 'error', 'said'),
    [
        ({'spacing': 100}, {}, StoreError, 'spacing 100 m'),
        ({'channels': ['HH', 'tcwv']}, {}, MissingChannelError, 'tcwv'),
        ({}, {'scene_ids': ['odd']}, StoreError, "scene 'odd'"),
        ({}, {'split_by': 'orbit'}, ValueError, 'by must be'),
        ({}, {'val_share': 1}, ValueError, 'val_share must be'),
        ({'channels': ['t2m']}, {}, ValueError, 'channels must hold one of'),
        ({'channels': ['HH', 'HH']}, {}, ValueError, 'must differ'),
        ({'tasks': ['ICE']}, {}, ValueError, 'task must be one of'),
        ({'min_valid': 1.1}, {}, ValueError, 'min_valid must be'),
    ],
)
def test_mistakes_make_no_folder(run, tmp_path, opts, call, error, said):
    with pytest.raises(error, match=said):
        run(**opts, call=call)
    assert not (tmp_path / 'out').exists()


def test_one_group_is_refused_before_the_work(run, store, tmp_path):
    call = {'scene_ids': store.scene_ids[:2]}
    with pytest.raises(ValueError, match='all scenes share'):
        run(call=call)
    assert not (tmp_path / 'out').exists()
    assert len(run(call=call | {'split_by': 'patch'}).lists) == 2


def test_other_options_need_another_folder(run, contents):
    before = contents(run().path)
    with pytest.raises(
        DatasetError, match=r'seed=3, but got patches exported with seed=0'
    ):
        run(seed=3)
    assert contents(run().path) == before


def test_other_folders_are_left_alone(run, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine').write_text('mine')
    with pytest.raises(DatasetError, match='something else'):
        run()
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['mine']


def test_the_note_knows_options_and_scenes(run, store):
    report = run()
    note = read_note(report.path)
    assert note['options']['store'] == 'scenes.zarr'
    assert note['options']['size'] == [48, 48]
    assert note['options']['count'] == 4
    assert note['scenes'].keys() == set(store)
    scene = note['scenes'][store.scene_ids[0]]
    assert scene['absolute_orbit'] == 1
    assert np.shape(scene['footprint']) == (4, 2)
    assert (
        str(store.path.parent) not in (report.path / 'export.json').read_text()
    )


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('{', 'the note of a patch export'),
        ('[]', 'the note of a patch export'),
        ('{"format": "odd", "format_version": 9}', 'the note of a patch'),
    ],
)
def test_bad_notes_are_named(tmp_path, text, said):
    (tmp_path / 'export.json').write_text(text)
    with pytest.raises(DatasetError, match=said):
        read_note(tmp_path)


def test_a_later_format_is_refused(run):
    path = run().path / 'export.json'
    text = path.read_text()
    path.write_text(text.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(DatasetError, match=r'version 1, but.*version 2'):
        read_note(path.parent)
