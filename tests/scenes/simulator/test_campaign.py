"""Whole sets of scenes: plans, folders, repeatability, refusals."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from functools import partial

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes import open_scene
from mmseaice.scenes.simulator import (
    plan_scenes,
    simulate_scene,
    write_scenes,
)
from mmseaice.scenes.simulator.identity import REGIONS
from mmseaice.scenes.simulator.scene import scene_identity
from mmseaice.scenes.simulator.write import write_truth

SMALL = {'lines': 400, 'samples': 420}


def digests(folder):
    """Hash of every variable below a folder, by file and name."""
    out = {}
    for path in sorted(folder.rglob('*.nc')):
        with netCDF4.Dataset(path) as dataset:
            dataset.set_auto_mask(False)
            for name, variable in dataset.variables.items():
                data = np.asarray(variable[:])
                text = data.dtype.kind == 'O'
                raw = str(list(data)).encode() if text else data.tobytes()
                key = (str(path.relative_to(folder)), name)
                out[key] = hashlib.sha256(raw).hexdigest()
    return out


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('set')
    write_scenes(out, 3, **SMALL, kind='both', seed=5, test_scenes=1)
    return out


def test_layout_and_table(folder):
    with open(folder / 'metadata.csv', newline='') as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == [
        *('input_path', 'reference_path', 'date', 'ice_service'),
        *('split', 'region_id'),
    ]
    assert [row['split'] for row in rows] == ['train', 'train', 'test']
    assert [row['ice_service'] for row in rows] == ['dmi', 'cis', 'dmi']
    for row in rows:
        assert (folder / row['input_path']).is_file()
        assert bool(row['reference_path']) == (row['split'] == 'test')
    assert (folder / rows[2]['reference_path']).is_file()
    found = {
        str(path.parent.relative_to(folder)): len(list(path.parent.iterdir()))
        for path in folder.rglob('*.nc')
    }
    assert found == {'train': 2, 'test': 2, 'raw': 3, 'truth': 3}
    assert not list(folder.rglob('*.part'))


def test_open_scene_reads_all(folder):
    for path in (*folder.glob('train/*'), *folder.glob('raw/*')):
        scene = open_scene(path)
        assert np.isfinite(scene['HH']).any()


def test_workers_change_nothing(folder, tmp_path):
    write_scenes(
        tmp_path, 3, **SMALL, kind='both', seed=5, test_scenes=1, workers=2
    )
    expected = digests(folder)
    assert digests(tmp_path) == expected
    assert len(expected) > 100
    assert (tmp_path / 'metadata.csv').read_text() == (
        folder / 'metadata.csv'
    ).read_text()


def test_a_scene_of_a_set_can_be_made_alone(folder):
    scene = simulate_scene(5, 1, **SMALL)
    path = folder / 'raw' / scene.identity.original_id
    with netCDF4.Dataset(path) as raw:
        HH = raw['nersc_sar_primary'][:].filled(np.nan)
    np.testing.assert_array_equal(HH, scene.HH)


def test_seeds_differ():
    first, second = (simulate_scene(seed, 0, **SMALL) for seed in (1, 2))
    assert first.identity != second.identity
    assert not np.array_equal(first.HH, second.HH, equal_nan=True)


def test_special_scenes():
    plans = plan_scenes(12, lines=2000, samples=2000, seed=3, test_scenes=3)
    assert sum(plan.special == 'water' for plan in plans) == 1
    assert sum(plan.special == 'masked' for plan in plans) == 1
    assert sorted({plan.lines for plan in plans}) == [500, 2000]
    twins = [plan for plan in plans if plan.start is not None]
    assert len(twins) == 1
    assert {plan.service for plan in plans} == {'dmi', 'cis'}
    special = [p.index for p in plans if p.special or p.lines < 2000]
    assert all(plans[index].split == 'train' for index in special)
    plain = plan_scenes(12, lines=2000, samples=2000, specials=False)
    assert not any(plan.special or plan.start for plan in plain)


def test_twins_share_a_time_stamp(tmp_path):
    paths = write_scenes(tmp_path, 10, **SMALL, kind='ready', seed=1)
    stamps = [p.name[:15] for p in paths if p.name.endswith('_prep.nc')]
    assert len(stamps) == 10
    assert len(set(stamps)) == 9
    names = {p.name for p in paths if p.name.endswith('_prep.nc')}
    assert len(names) == 10


def test_every_scene_is_an_evening_pass():
    """Ascending passes see these latitudes at 16 to 18 h solar time."""
    plans = plan_scenes(30, **SMALL, seed=1)
    assert any(plan.start for plan in plans)
    for plan in plans:
        identity = scene_identity(
            plan.seed, plan.index, plan.lines, plan.service, plan.start
        )
        start = identity.start
        hours = start.hour + start.minute / 60 + start.second / 3600
        local = (hours + identity.corner[1] / 15) % 24
        assert 15.99 < local < 18.01
        latitude, _ = REGIONS[identity.service][
            identity.region.removesuffix('_RIC')
        ]
        assert abs(identity.corner[0] - latitude) <= 1


def test_water_scene(water):
    assert (water.truth['concentration'] == 0).all()
    assert (water.distance_zone == 41).all()
    assert all(row.endswith(';W') for row in water.polygon_codes[1:])


@pytest.mark.parametrize('size', [(399, 500), (500, 399), (10, 10)])
def test_small_sizes_are_refused(size, tmp_path):
    text = f'must be at least 400 raw pixels of 40 m, but got {min(size)}'
    with pytest.raises(ValueError, match=text):
        simulate_scene(0, lines=size[0], samples=size[1])
    with pytest.raises(ValueError, match=text):
        write_scenes(tmp_path / 'a', 1, lines=size[0], samples=size[1])
    assert not (tmp_path / 'a').exists()


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="kind must be 'ready'"):
        write_scenes(tmp_path, 1, **SMALL, kind='cooked')
    with pytest.raises(ValueError, match='test_scenes must be between'):
        write_scenes(tmp_path, 1, **SMALL, test_scenes=2)
    with pytest.raises(ValueError, match='release must be one of'):
        write_scenes(tmp_path, 1, **SMALL, release='Nov-2022')
    with pytest.raises(ValueError, match="service must be 'dmi'"):
        simulate_scene(0, **SMALL, service='met')


def test_sets_do_not_mix(folder):
    same = {**SMALL, 'kind': 'both', 'seed': 5, 'test_scenes': 1}
    before = sorted(folder.rglob('*'))
    for name, value in (
        ('seed', 6),
        ('test_scenes', 0),
        ('lines', 480),
        ('kind', 'raw'),
        ('release', 'Oct-2022'),
    ):
        with pytest.raises(DatasetError, match='a set of'):
            write_scenes(folder, 3, **(same | {name: value}))
    assert sorted(folder.rglob('*')) == before


def test_same_arguments_write_what_is_missing(tmp_path):
    def times():
        return {path: path.stat().st_mtime_ns for path in paths[:-1]}

    paths = write_scenes(tmp_path, 2, **SMALL, kind='ready', seed=3)
    table = paths[-1].read_text()
    before = times()
    paths[0].unlink()
    paths[-1].unlink()
    assert write_scenes(tmp_path, 2, **SMALL, kind='ready', seed=3) == paths
    after = times()
    assert [path for path in after if after[path] == before[path]] == paths[
        2:4
    ]
    assert paths[-1].read_text() == table


def test_folder_without_a_note(tmp_path):
    """Other names are another set; the same are written once more."""
    make = partial(write_scenes, tmp_path, 1, **SMALL, kind='ready')
    paths = make(seed=3)
    (tmp_path / 'simulation.json').unlink()
    with pytest.raises(DatasetError, match='2 other files, such as t'):
        make(seed=4)
    with pytest.raises(DatasetError, match='other files, such as train'):
        make(seed=3, test_scenes=1)
    before = paths[0].stat().st_mtime_ns
    assert make(seed=3) == paths
    assert paths[0].stat().st_mtime_ns > before
    assert (tmp_path / 'simulation.json').is_file()
    (tmp_path / 'raw').mkdir()
    (tmp_path / 'raw' / 'real.nc').touch()
    with pytest.raises(DatasetError, match=r'raw/real\.nc'):
        make(seed=3)


def test_release_is_found(tmp_path):
    for release in ('Oct-2022', 'Dec-2022'):
        out = tmp_path / release
        paths = write_scenes(
            out, 1, **SMALL, kind='ready', release=release, seed=2
        )
        assert open_scene(paths[0]).attrs['release'] == release


def test_truth_fits_the_ready_file(folder):
    for path in folder.glob('truth/*'):
        short = path.name.removesuffix('_truth.nc')
        with netCDF4.Dataset(path) as truth:
            shape = truth['stage'].shape
            assert truth.pixel_spacing == 80
            concentration = truth['concentration'][:].data
            stage = truth['stage'][:].data
        assert shape == (200, 210)
        assert set(np.unique(stage)) <= {0, 1, 2, 3, 4, 5, 255}
        assert ((concentration == 0) == (stage == 0)).all()
        assert next(folder.rglob(f'{short}_prep.nc'))


def test_truth_names_its_values(tmp_path):
    """CF flags tell fast ice, whose floes have no size, from land."""
    scene = simulate_scene(5, 0, **SMALL)
    scene.truth['floe'][:3, 0] = 0, 254, 255
    with netCDF4.Dataset(write_truth(scene, tmp_path)) as truth:
        floe = truth['floe']
        names = dict(
            zip(floe.flag_values, floe.flag_meanings.split(), strict=True)
        )
        assert names[0] == 'open_water'
        assert (names[254], names[255]) == ('fast_ice', 'land')
        for variable in (floe, truth['stage']):
            values = np.unique(variable[:].data)
            assert set(values) <= set(variable.flag_values)
            assert variable.flag_values.dtype == variable.dtype
        assert truth['concentration'].flag_meanings == 'land'


def test_fast_ice_is_not_land():
    found = set()
    for index in range(6):
        truth = simulate_scene(6, index, lines=800, samples=800).truth
        land = truth['stage'] == 255
        np.testing.assert_array_equal(truth['floe'] == 255, land)
        fast = truth['floe'] == 254
        assert (truth['concentration'][fast] == 100).all()
        found |= {*np.unique(truth['floe'])}
    assert {254, 255} <= found


def test_command(root, tmp_path):
    command = [sys.executable, str(root / 'tools/data/simulate_scenes.py')]
    options = '--scenes 1 --kind both --lines 400 --samples 400 --seed 4'
    done = subprocess.run(
        [*command, str(tmp_path / 'out'), *options.split()],
        capture_output=True,
        text=True,
        cwd=root,
        env={'PYTHONPATH': str(root), 'PATH': '/usr/bin:/bin'},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '1 scenes, 4 files' in done.stdout
    assert str(tmp_path / 'out/metadata.csv') in done.stdout
    assert '100%' in done.stderr
    done = subprocess.run(
        [*command, str(tmp_path / 'small'), '--lines', '300'],
        capture_output=True,
        text=True,
        cwd=root,
        env={'PYTHONPATH': str(root), 'PATH': '/usr/bin:/bin'},
        check=False,
    )
    assert done.returncode == 1
    assert 'lines must be at least 400' in done.stderr
    assert 'Traceback' not in done.stderr
