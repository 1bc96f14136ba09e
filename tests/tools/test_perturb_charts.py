"""Raw scenes and their copies with wrong charts, variable by variable."""

from __future__ import annotations

import json

import netCDF4
import numpy as np
import pytest

from mmseaice.errors import DatasetError
from mmseaice.scenes import open_scene
from mmseaice.scenes.perturb import ChartErrors, perturb_scenes
from mmseaice.scenes.simulator import write_scenes

TOOL = 'data/perturb_charts.py'
WRONG = ('--tenths', 1, '--displacement', 1500, '--seed', 2)
CHART = {'polygon_icechart', 'polygon_codes'}


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    """Two raw scenes and one ready-to-train scene."""
    out = tmp_path_factory.mktemp('scenes')
    size = dict(lines=900, samples=1000)
    write_scenes(out / 'raw', 2, **size, kind='raw', seed=8)
    write_scenes(out / 'ready', 1, **size, kind='ready', seed=8)
    return out


@pytest.fixture(scope='module')
def wrong(scenes, run_tool):
    """The folder of the copies and what the tool said."""
    out = scenes / 'wrong'
    return out, run_tool(TOOL, scenes / 'raw/raw', out, *WRONG)


def contents(path):
    """Values, types and attributes of all variables, and of the file."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        variables = {
            name: (
                variable[:],
                str(variable.dtype),
                variable.dimensions,
                {key: variable.getncattr(key) for key in variable.ncattrs()},
            )
            for name, variable in file.variables.items()
        }
        return variables, {key: file.getncattr(key) for key in file.ncattrs()}


def test_only_the_charts_differ(scenes, wrong):
    out, done = wrong
    assert '2 scenes written, 0 there before' in done.stdout
    assert '100%' in done.stderr
    sources = sorted((scenes / 'raw/raw').iterdir())
    assert sorted(p.name for p in out.iterdir()) == [p.name for p in sources]
    for source in sources:
        before, attributes = contents(source)
        after, noted = contents(out / source.name)
        assert json.loads(noted.pop('chart_errors')) == {
            'tenths': 1,
            'displacement': 1500.0,
            'seed': 2,
        }
        assert noted == attributes
        assert list(after) == list(before)
        for name, (values, *rest) in before.items():
            changed, *now = after[name]
            assert str(now) == str(rest)
            equal = changed.tobytes() == values.tobytes()
            if values.dtype == object:
                equal = list(changed) == list(values)
            assert equal == (name not in CHART), name


def test_copies_are_scenes_with_other_labels(scenes, wrong):
    for path in wrong[0].iterdir():
        before, after = (
            open_scene(folder / path.name)
            for folder in (scenes / 'raw/raw', wrong[0])
        )
        np.testing.assert_array_equal(before.HH, after.HH)
        inside = before.polygon_id.values > 0
        np.testing.assert_array_equal(inside, after.polygon_id.values > 0)
        assert set(np.unique(after.polygon_id)) <= set(
            np.unique(before.polygon_id)
        )
        assert (before.SIC.values != after.SIC.values).any()


def test_the_same_command_goes_on(scenes, wrong, run_tool):
    def times():
        return {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    out, _ = wrong
    first, second = sorted(out.iterdir())
    before, values = times(), contents(first)[0]['polygon_icechart'][0]
    first.unlink()
    done = run_tool(TOOL, scenes / 'raw/raw', out, *WRONG)
    assert '1 scenes written, 1 there before' in done.stdout
    assert times()[second.name] == before[second.name]
    again = contents(first)[0]['polygon_icechart'][0]
    np.testing.assert_array_equal(again, values)


def test_a_scene_does_not_depend_on_the_others(scenes, wrong, tmp_path):
    errors = ChartErrors(tenths=1, displacement=1500, seed=2)
    path = sorted(wrong[0].iterdir())[1]
    perturb_scenes([scenes / 'raw/raw' / path.name], tmp_path, errors)
    for name in CHART:
        one, other = (
            contents(folder / path.name)[0][name][0].tolist()
            for folder in (tmp_path, wrong[0])
        )
        assert str(one) == str(other)


def test_each_error_alone(scenes, wrong, tmp_path):
    """Codes alone, borders alone: each as in the copy that has both."""
    path = sorted(wrong[0].iterdir())[0]
    source = scenes / 'raw/raw' / path.name
    both, clean = contents(path)[0], contents(source)[0]
    for options, name in (
        ({'displacement': 0}, 'polygon_codes'),
        ({'tenths': 0, 'displacement': 1500}, 'polygon_icechart'),
    ):
        out = tmp_path / name
        perturb_scenes([source], out, ChartErrors(**options, seed=2))
        found = contents(out / path.name)[0]
        for variable in CHART:
            expected = both if variable == name else clean
            assert str(found[variable][0].tolist()) == str(
                expected[variable][0].tolist()
            )


def test_other_files_are_not_replaced(scenes, wrong, run_tool):
    raw, out = scenes / 'raw/raw', wrong[0]
    done = run_tool(TOOL, raw, out, *WRONG[:-1], 3, check=False)
    assert done.returncode == 1
    assert 'DatasetError' in done.stderr
    assert '"seed": 2' in done.stderr
    with pytest.raises(DatasetError, match='but got another file'):
        perturb_scenes([raw], raw, ChartErrors())


def test_mistakes_end_in_one_message(scenes, run_tool, tmp_path):
    out = tmp_path / 'out'
    raw = scenes / 'raw/raw'
    (tmp_path / 'none').mkdir()
    for args, said in (
        ([scenes / 'ready', out], 'MissingVariableError: '),
        ([raw, scenes / 'ready', out], 'MissingVariableError: '),
        ([tmp_path / 'no.nc', out], 'SceneFileError: '),
        ([tmp_path / 'none', out], 'SceneFileError: '),
        ([raw, raw, out], 'SceneFileError: '),
        ([raw, out, '--displacement', -1], 'ValueError: '),
    ):
        done = run_tool(TOOL, *args, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(said), done.stderr
        assert 'Traceback' not in done.stderr
    assert not out.exists()
