"""Test scenes that are scored by what is there, not by what was drawn."""

from __future__ import annotations

import json
from functools import partial

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes import open_scene
from mmseaice.scenes.simulator import simulate_scene, write_scenes
from mmseaice.scenes.simulator.ready import truth_charts, write_ready

SMALL = {'lines': 800, 'samples': 820}
TASKS = ('SIC', 'SOD', 'FLOE')


def values(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return {name: v[:] for name, v in file.variables.items()}


@pytest.fixture(scope='module')
def sets(tmp_path_factory):
    """The same two scenes, with charts and with the truth of the second."""
    folder = tmp_path_factory.mktemp('sets')
    for name in ('chart', 'truth'):
        write_scenes(
            folder / name,
            2,
            **SMALL,
            kind='both',
            seed=6,
            test_scenes=1,
            test_charts=name,
        )
    return folder


def test_the_reference_holds_the_truth(sets):
    (path,) = (sets / 'truth/test').glob('*_prep.nc')
    ready = values(path)
    found = values(path.with_name(f'{path.stem}_reference.nc'))
    short = path.name.removesuffix('_prep.nc')
    truth = values(sets / f'truth/truth/{short}_truth.nc')
    names = ('nersc_sar_primary', 'nersc_sar_secondary', 'sar_incidenceangle')
    blank = np.all([ready[name] == 0 for name in names], axis=0)
    assert 0 < blank.mean() < 1
    hidden = blank | (truth['stage'] == 255)
    counted = {'SIC': 0, 'SOD': 0, 'FLOE': 0}
    for y, x in np.ndindex(hidden.shape):
        if (y + x) % 7:
            continue
        percent, floe = int(truth['concentration'][y, x]), truth['floe'][y, x]
        expected = {
            'SIC': int(percent / 10 + 0.5),
            'SOD': truth['stage'][y, x],
            'FLOE': 255 if floe == 254 else floe,
        }
        for task in TASKS:
            wanted = 255 if hidden[y, x] else expected[task]
            assert found[task][y, x] == wanted
            counted[task] += wanted not in (0, 255)
    assert min(counted.values()) > 100
    assert {found[task].dtype for task in TASKS} == {np.dtype('u1')}


def test_fast_ice_has_no_floe_and_land_no_class():
    scene = simulate_scene(5, 0, lines=400, samples=420)
    scene.truth['stage'][0, :4] = 4, 255, 3, 3
    scene.truth['floe'][0, :4] = 254, 255, 2, 3
    scene.truth['concentration'][0, :4] = 100, 255, 94, 95
    shape = scene.truth['stage'].shape
    arrays = {n: np.ones(shape) for n in ('HH', 'HV', 'incidence_angle')}
    arrays['HH'][0, 2] = 0  # a value that happens to be the mean
    found = truth_charts(scene, arrays)
    assert found['SIC'][0, :4].tolist() == [10, 255, 9, 10]
    assert found['SOD'][0, :4].tolist() == [4, 255, 3, 3]
    assert found['FLOE'][0, :4].tolist() == [255, 255, 2, 3]


def test_nothing_else_changes(sets):
    names = [
        sorted(p.relative_to(sets / s) for p in (sets / s).rglob('*.nc'))
        for s in ('chart', 'truth')
    ]
    assert names[0] == names[1]
    for name in names[0]:
        one, other = (values(sets / s / name) for s in ('chart', 'truth'))
        same = all(
            np.array_equal(one[key], other[key], equal_nan=key[:4] == 'ners')
            for key in one
            if one[key].dtype != object and key != 'polygon_icechart'
        )
        assert same == ('_reference' not in name.name), name


def test_the_file_says_so_and_can_be_opened(sets):
    for name, said in (('chart', False), ('truth', True)):
        (path,) = (sets / name / 'test').glob('*_reference.nc')
        with netCDF4.Dataset(path) as file:
            assert ('charts' in file.ncattrs()) == said
            assert not said or 'not an ice chart' in file.charts
    (path,) = (sets / 'truth/test').glob('*_prep.nc')
    scene = open_scene(path)
    reference = values(path.with_name(f'{path.stem}_reference.nc'))
    for task in TASKS:
        np.testing.assert_array_equal(scene[task], reference[task])


def test_train_scenes_keep_their_charts(tmp_path):
    scene = simulate_scene(5, 0, lines=400, samples=420)
    (one,) = write_ready(scene, tmp_path / 'a')
    (other,) = write_ready(scene, tmp_path / 'b', test_charts='truth')
    for task in TASKS:
        np.testing.assert_array_equal(values(one)[task], values(other)[task])


def test_sets_with_truth_and_with_charts_do_not_mix(tmp_path):
    make = partial(
        write_scenes,
        tmp_path,
        1,
        lines=400,
        samples=420,
        kind='ready',
        seed=3,
        test_scenes=1,
    )
    make()
    with pytest.raises(DatasetError, match='a set of'):
        make(test_charts='truth')
    # A note of before there was a choice means charts.
    path = tmp_path / 'simulation.json'
    note = json.loads(path.read_text())
    assert note.pop('test_charts') == 'chart'
    path.write_text(json.dumps(note))
    with pytest.raises(DatasetError, match='a set of'):
        make(test_charts='truth')
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.nc')}
    make(test_charts='chart')
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.nc')} == before


def test_other_words_are_refused(tmp_path):
    with pytest.raises(ValueError, match="test_charts must be 'chart' or"):
        write_scenes(tmp_path / 'a', 1, **SMALL, test_charts='egg')
    assert not (tmp_path / 'a').exists()
