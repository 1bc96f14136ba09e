"""Tools that describe a store: its statistics, and its scenes."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from mmseaice.scenes import SceneStore, write_split
from mmseaice.testing import build_tiny_store

STATISTICS = 'data/compute_statistics.py'
METADATA = 'data/scene_metadata.py'
CHANNELS = ('HH', 'HV', 'incidence_angle', 't2m')


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('data_tools') / 'a.zarr'
    build_tiny_store(path, 3, channels=CHANNELS)
    return SceneStore(path)


@pytest.fixture
def tell(load_tool, capsys):
    """Run a tool in this process and return the lines it printed."""

    def _tell(tool, *args):
        load_tool(tool)['main'](list(map(str, args)))
        return capsys.readouterr().out.splitlines()

    return _tell


def literals(lines):
    """The config lines at the end of what compute_statistics printed."""
    scope = {}
    exec('\n'.join(lines[-2:]), scope)
    return scope['mean'], scope['std']


def pooled(store, name, scene_ids=None, spacing=80):
    """All values of a channel, NaN included, (n,)."""
    scenes = [store[scene_id] for scene_id in scene_ids or store]
    parts = [
        scene.read_coarse(name)
        if name == 't2m'
        else scene.read(spacing, channels=[name], tasks=[]).image
        for scene in scenes
    ]
    return np.concatenate([part.ravel() for part in parts]).astype(float)


def test_statistics_are_config_lines_and_equal_numpy(store, tell):
    lines = tell(STATISTICS, store.path)
    mean, std = literals(lines)
    assert list(mean) == list(std) == list(CHANNELS)
    for name in CHANNELS:
        values = pooled(store, name)
        assert mean[name] == pytest.approx(np.nanmean(values), abs=1e-6)
        assert std[name] == pytest.approx(np.nanstd(values), abs=1e-6)


def test_statistics_table_has_units_counts_and_percentiles(store, tell):
    head, *rows = tell(STATISTICS, store.path)[:5]
    assert head.split() == [
        *('channel', 'unit', 'pixels', 'p1', 'p5', 'p50', 'p95', 'p99')
    ]
    units = [row.split()[1] for row in rows]
    assert units == ['dB', 'dB', 'degree', 'K']
    values = pooled(store, 'HV')
    name, _, count, *percentiles = rows[1].split()
    assert (name, int(count.replace(',', ''))) == (
        *('HV', np.isfinite(values).sum()),
    )
    expected = np.nanpercentile(values, (1, 5, 50, 95, 99))
    found = [float(value) for value in percentiles]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_statistics_of_some_scenes_channels_and_spacing(store, tell, tmp_path):
    chosen = store.scene_ids[1:]
    write_split(tmp_path / 'some.txt', chosen)
    lines = tell(
        *(STATISTICS, store.path, '--split', tmp_path / 'some.txt'),
        *('--channels', 'HH', '--spacing', 160),
    )
    mean, std = literals(lines)
    values = pooled(store, 'HH', chosen, 160)
    assert mean == {'HH': pytest.approx(np.nanmean(values), abs=1e-6)}
    assert std == {'HH': pytest.approx(np.nanstd(values), abs=1e-6)}


def test_statistics_serve_as_a_normalisation(store, tell):
    from mmseaice.datasets import AI4ArcticDataset
    from mmseaice.datasets.transforms import LoadScene, NormaliseScene

    mean, std = literals(tell(STATISTICS, store.path))
    dataset = AI4ArcticDataset(
        str(store.path),
        channels=['HH', 'HV'],
        pipeline=[LoadScene(), NormaliseScene(mean, std, clip=None)],
    )
    samples = [dataset[index] for index in range(len(dataset))]
    values = np.concatenate([s['image'][:, s['valid']] for s in samples], 1)
    np.testing.assert_allclose(values.mean(1), 0, atol=0.01)
    np.testing.assert_allclose(values.std(1), 1, atol=0.01)


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['no.zarr'], r'StoreError: no\.zarr'),
        (['{store}', '--split', 'no.txt'], r'no\.txt'),
        (['{store}', '--spacing', '90'], 'expected spacing 90 m'),
    ],
)
def test_statistics_name_the_mistake(store, load_tool, args, said):
    args = [arg.replace('{store}', str(store.path)) for arg in args]
    with pytest.raises(SystemExit, match=said):
        load_tool(STATISTICS)['main'](args)


@pytest.fixture(scope='module')
def tabulated(store, load_tool, tmp_path_factory):
    """Table, footprints and map of the store, with a list of two scenes."""
    out = tmp_path_factory.mktemp('tabulated') / 'deep/out'
    write_split(out.parent / 'train.txt', store.scene_ids[:2])
    load_tool(METADATA)['main'](
        [str(store.path), str(out), '--splits', str(out.parent / 'train.txt')]
    )
    return out


def test_metadata_table(store, tabulated):
    with open(tabulated / 'scenes.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['scene_id'] for row in rows] == list(store.scene_ids)
    known = {'acquisition_time', 'ice_service', 'absolute_orbit', 'season'}
    known |= {'release', 'latitude', 'valid_share', 'SOD old ice'}
    assert known <= rows[0].keys()
    for row, scene_id in zip(rows, store, strict=True):
        attrs = store[scene_id].attrs
        assert int(row['absolute_orbit']) == attrs['absolute_orbit']
        assert (int(row['lines']), int(row['samples'])) == (128, 144)
        valid = store[scene_id].read(80, tasks=[]).valid.mean()
        assert float(row['valid_share']) == pytest.approx(valid, abs=0.05)
        for task in store.tasks:
            shares = [v for k, v in row.items() if k.startswith(f'{task} ')]
            assert sum(map(float, shares)) == pytest.approx(1, abs=1e-3)


def test_metadata_footprints_lie_where_the_scenes_are(store, tabulated):
    content = json.loads((tabulated / 'scenes.geojson').read_text())
    assert content['type'] == 'FeatureCollection'
    assert [f['id'] for f in content['features']] == list(store.scene_ids)
    for feature in content['features']:
        assert feature['type'] == 'Feature'
        assert feature['geometry']['type'] == 'Polygon'
        (ring,) = feature['geometry']['coordinates']
        assert len(ring) == 5
        assert ring[0] == ring[-1]
        longitude, latitude = np.array(ring).T
        # 128 lines and 144 samples of 80 m from 75 N, 20 W, see make_scene.
        assert (latitude.min(), latitude.max()) == pytest.approx(
            (75, 75 + 128 * 80 / 111e3), abs=2e-3
        )
        assert (longitude.min(), longitude.max()) == pytest.approx(
            (-20, -20 + 144 * 80 / 28e3), abs=5e-3
        )
        area = longitude[:-1] @ latitude[1:] - longitude[1:] @ latitude[:-1]
        assert area > 0


def test_metadata_map_tells_lists_apart(store, tabulated, tmp_path, tell):
    listed = imread(tabulated / 'scenes.png')
    lines = tell(METADATA, store.path, tmp_path)
    assert lines == [
        str(tmp_path / f'scenes.{suffix}')
        for suffix in ('csv', 'geojson', 'png')
    ]
    plain = imread(tmp_path / 'scenes.png')
    assert min(plain.shape[:2]) > 500

    def orange(picture):
        """Pixels of the second list's colour: warm ones."""
        return (picture[..., 0] - picture[..., 2] > 0.15).sum()

    assert orange(listed) > 0
    assert orange(plain) == 0


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['no.zarr', '{out}'], r'StoreError: no\.zarr'),
        (['{folder}', '{out}'], 'StoreError: '),
        (['{store}', '{out}', '--splits', 'no.txt'], r'no\.txt'),
    ],
)
def test_metadata_names_the_mistake(store, load_tool, tmp_path, args, said):
    out, folder = tmp_path / 'out', tmp_path / 'folder'
    folder.mkdir()
    places = {'store': store.path, 'out': out, 'folder': folder}
    args = [arg.format(**places) for arg in args]
    with pytest.raises(SystemExit, match=said):
        load_tool(METADATA)['main'](args)


@pytest.mark.parametrize('tool', [STATISTICS, METADATA])
def test_help_answers_before_anything_heavy_is_imported(root, tool):
    script = f"""
import runpy, sys
sys.argv = ['tool', '--help']
try:
    runpy.run_path('tools/{tool}', run_name='__main__')
except SystemExit as end:
    assert not end.code
assert not {{'zarr', 'xarray', 'matplotlib', 'torch'}} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, '-c', script],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'store of scenes' in done.stdout
