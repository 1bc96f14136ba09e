"""Any crop of a store is the resampled canonical scene."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.errors import MissingChannelError, StoreError
from mmseaice.scenes.build import build_store
from mmseaice.scenes.coarse import interpolate_coarse
from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.resample import resample_scene
from mmseaice.scenes.store import SceneStore
from mmseaice.scenes.store_format import (
    QUANTA,
    StoreOptions,
    dequantise,
    quantise,
)
from mmseaice.testing.recipes import make_scene, open_recipe, write_recipe

SPACINGS = (80.0, 110.0, 120.0, 200.0)
CHANNELS = ('HH', 'HV', 'incidence_angle', 'distance_zone', 't2m')
TASKS = ('SIC', 'SOD', 'FLOE')
RECIPES = {
    'ready': {'height': 300, 'width': 270, 'seed': 1},
    'raw': {'height': 301, 'width': 333, 'seed': 2, 'kind': 'raw'},
}


@pytest.fixture(scope='module')
def store_path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('store')
    sources = [
        write_recipe(folder / f'{name}.json', **recipe)
        for name, recipe in RECIPES.items()
    ]
    build_store(
        sources,
        folder / 'store',
        spacings=SPACINGS,
        channels=CHANNELS,
        opener=open_recipe,
        progress=False,
    )
    return folder / 'store'


@pytest.fixture(scope='module')
def references():
    """Canonical scenes at every spacing of the store."""
    return {
        (name, spacing): resample_scene(make_scene(**recipe), spacing)
        for name, recipe in RECIPES.items()
        for spacing in SPACINGS
    }


def cut(values, fill, y, x, height, width):
    """A window of an array, padded with ``fill`` pixel by pixel."""
    out = np.full((height, width), fill, values.dtype)
    for i in range(height):
        for j in range(width):
            at = y + i, x + j
            if 0 <= at[0] < len(values) and 0 <= at[1] < values.shape[1]:
                out[i, j] = values[at]
    return out


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(RECIPES)),
    st.sampled_from(SPACINGS),
    st.integers(-60, 320),
    st.integers(-60, 320),
    st.integers(0, 50),
    st.integers(0, 50),
    st.permutations(CHANNELS),
    st.integers(1, 5),
    st.sets(st.sampled_from(TASKS)),
)
def test_any_crop(
    store_path, references, name, spacing, y, x, height, width, order, n, tasks
):
    channels, tasks = order[:n], sorted(tasks)
    level = references[name, spacing]
    scene = SceneStore(store_path)[level.attrs['scene_id']]
    window = {'y': y, 'x': x, 'height': height, 'width': width}
    crop = scene.read(spacing, channels=channels, tasks=tasks, **window)

    inside = cut(np.ones(scene.shape(spacing), bool), False, **window)
    valid = inside.copy()
    assert crop.image.shape == (n, height, width)
    assert crop.image.dtype == np.float32
    for channel, plane in zip(channels, crop.image, strict=True):
        if channel == 't2m':
            expected = interpolate_coarse(
                level.t2m.values, level.y_2km.values, level.x_2km.values,
                **window,
            )  # fmt: skip
            expected[~inside] = np.nan
            np.testing.assert_allclose(plane, expected, rtol=1e-6)
            continue
        expected = cut(level[channel].values, np.nan, **window)
        valid &= ~np.isnan(expected)
        np.testing.assert_array_equal(np.isnan(plane), np.isnan(expected))
        error = np.abs(plane - expected)
        assert np.nanmax(error, initial=0) <= QUANTA[channel] / 2 + 1e-5
    np.testing.assert_array_equal(crop.valid, valid)
    assert sorted(crop.charts) == tasks
    for task in tasks:
        expected = cut(level[task].values, 255, **window)
        np.testing.assert_array_equal(crop.charts[task], expected)
        assert crop.charts[task].dtype == np.uint8
    assert crop.polygons is None
    if name == 'raw':
        crop = scene.read(
            spacing, channels=[], tasks=[], polygons=True, **window
        )
        expected = cut(level['polygon_id'].values, 0, **window)
        np.testing.assert_array_equal(crop.polygons, expected)
        assert crop.polygons.dtype == np.uint16


def test_whole_scene_by_default(store_path, references):
    level = references['ready', 120]
    scene = SceneStore(store_path)[level.attrs['scene_id']]
    crop = scene.read(120)
    assert crop.image.shape == (5, 200, 180) == (5, *scene.shape(120))
    assert list(crop.charts) == ['SIC', 'SOD', 'FLOE']
    valid = np.isfinite(level.HH.values)
    np.testing.assert_array_equal(crop.valid, valid)


def test_names_and_attributes(store_path):
    store = SceneStore(store_path)
    assert store.spacings == SPACINGS
    assert store.channels == CHANNELS
    assert store.tasks == TASKS
    assert len(store) == 2
    assert list(store) == list(store.scene_ids)
    scene = make_scene(**RECIPES['ready'])
    attrs = store[scene.attrs['scene_id']].attrs
    for key, value in scene.attrs.items():
        if key != 'path':
            assert attrs[key] == value
    valid = np.isfinite(scene.HH.values)
    assert attrs['valid_share'] == pytest.approx(valid.mean())
    for task in TASKS:
        chart = scene[task].values
        counts = attrs['class_histogram'][task]
        assert counts == [int((chart == c).sum()) for c in range(len(counts))]
        share = (chart != 255).mean()
        assert attrs['labelled_share'][task] == pytest.approx(share)
    assert attrs['shapes'] == {
        '80': [300, 270],
        '110': [218, 196],
        '120': [200, 180],
        '200': [120, 108],
    }


def test_place_is_kept(store_path):
    scene = make_scene(**RECIPES['raw'])
    stored = SceneStore(store_path)[scene.attrs['scene_id']]
    expected = Geolocation.from_scene(scene).at(50.5, 70.25)
    found = stored.geolocation.at(50.5 * 40, 70.25 * 40)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def raw_ids(store_path):
    store = SceneStore(store_path)
    return [name for name in store if store[name].has_polygons]


def test_few_files(store_path):
    for scene_id in SceneStore(store_path):
        files = [p for p in (store_path / scene_id).rglob('*') if p.is_file()]
        # Each array is two files; two spacings have no image of their own.
        arrays = len(SPACINGS) + 2 + len(['overview', 'coarse', 'tie_points'])
        arrays += scene_id in raw_ids(store_path)
        assert len(files) == 2 * arrays + 1


@settings(max_examples=50)
@given(st.floats(-400, 400, width=32), st.sampled_from([0.01, 0.05]))
def test_quantum(value, quantum):
    back = dequantise(quantise(np.array([value, np.nan]), quantum), quantum)
    limit = 32767 * quantum
    expected = np.clip(value, -limit, limit)
    assert abs(back[0] - expected) <= quantum / 2 + 1e-4
    assert np.isnan(back[1])


def test_unknown_names(store_path):
    store = SceneStore(store_path)
    scene = store[store.scene_ids[0]]
    with pytest.raises(MissingChannelError, match=r'btemp_6_9h.*only HH, HV'):
        scene.read(80, channels=['HH', 'btemp_6_9h'])
    with pytest.raises(StoreError, match=r'160 m.*only 80, 110, 120, 200 m'):
        scene.read(160)
    with pytest.raises(StoreError, match="chart 'TYPE'"):
        scene.read(80, tasks=['TYPE'])
    with pytest.raises(StoreError, match="scene 'nowhere'"):
        store['nowhere']


def test_no_store(tmp_path):
    with pytest.raises(StoreError, match='no such folder'):
        SceneStore(tmp_path / 'nothing')
    with pytest.raises(StoreError, match=r'tools/data/build_store\.py'):
        SceneStore(tmp_path)
    zarr.create_group(tmp_path / 'other', zarr_format=3)
    with pytest.raises(StoreError, match='of format None'):
        SceneStore(tmp_path / 'other')
    (tmp_path / 'other' / 'zarr.json').write_text('{')
    with pytest.raises(StoreError, match='JSONDecodeError'):
        SceneStore(tmp_path / 'other')


def test_damaged_chunk_is_named(store_path, tmp_path):
    folder = tmp_path / 'store'
    folder.mkdir()
    for path in store_path.rglob('*'):
        target = folder / path.relative_to(store_path)
        if path.is_dir():
            target.mkdir()
        else:
            target.write_bytes(path.read_bytes())
    store = SceneStore(folder)
    scene = store[store.scene_ids[0]]
    shard = scene.path / 'image_80' / 'c' / '0' / '0' / '0'
    data = bytearray(shard.read_bytes())
    data[100:4000] = bytes(3900)
    shard.write_bytes(data)
    with pytest.raises(StoreError, match='image_80: expected readable'):
        scene.read(80)
    shard.unlink()
    with pytest.raises(StoreError, match='image_80'):
        SceneStore(folder)[scene.path.name].read(80)


def total(scene):
    return float(np.nansum(scene.read(80, y=10, x=10, height=99).image))


inherited = []


def total_of_inherited(_):
    return total(inherited[0])


def test_pickles_and_forks_after_use(store_path):
    store = SceneStore(store_path)
    scene = store[store.scene_ids[0]]
    expected = total(scene)
    again = pickle.loads(pickle.dumps(store))
    assert total(again[scene.path.name]) == expected
    assert total(pickle.loads(pickle.dumps(scene))) == expected
    inherited.append(scene)
    with multiprocessing.get_context('fork').Pool(2) as pool:
        found = pool.map_async(total_of_inherited, range(4)).get(timeout=60)
    assert found == [expected] * 4


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'spacings': (80, float('nan'))}, 'spacings must be positive'),
        ({'spacings': (80, float('inf'))}, 'spacings must be positive'),
        ({'spacings': (80, 80.00001)}, 'spacings must differ.*80'),
        ({'channels': ('HH', 'HV', 'HH')}, 'channels must differ.*HH'),
        ({'tasks': ('SIC', 'SIC')}, 'tasks must differ.*SIC'),
        ({'min_valid': 0}, 'min_valid must be'),
        ({'min_valid': 1.1}, 'min_valid must be'),
        ({'min_valid': float('nan')}, 'min_valid must be'),
    ],
)
def test_options_that_make_no_store(options, said):
    with pytest.raises(ValueError, match=said):
        StoreOptions(**options)


def test_missing_attributes_are_named(tmp_path):
    path = write_recipe(tmp_path / 'a.json', **RECIPES['ready'])
    out = tmp_path / 'store'
    build_store([path], out, opener=open_recipe, progress=False)
    (scene_id,) = SceneStore(out).scene_ids

    scene = zarr.open_group(out / scene_id)
    del scene.attrs['source']
    with pytest.raises(StoreError, match=f"{scene_id}.*'source'"):
        build_store([path], out, opener=open_recipe, progress=False)

    root = zarr.open_group(out)
    root.attrs['options'] = {'spacing': 80}
    with pytest.raises(StoreError, match='the options of a store'):
        SceneStore(out)
    del root.attrs['options']
    with pytest.raises(StoreError, match="'options'"):
        SceneStore(out)
