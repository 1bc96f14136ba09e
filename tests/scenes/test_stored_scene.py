"""What a store holds beside image and charts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import zarr

from mmseaice.errors import StoreError
from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.resample import resample_scene
from mmseaice.scenes.store import SceneStore
from mmseaice.testing import (
    build_recipes,
    build_tiny_store,
    make_scene,
    open_recipe,
    write_recipe,
)

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
    channels = ('HH', 'HV', 'incidence_angle', 't2m')
    build_recipes(
        sources, folder / 'store', spacings=(80, 120), channels=channels
    )
    return folder / 'store'


def stored(store_path, name):
    scene_id = make_scene(**RECIPES[name]).attrs['scene_id']
    return SceneStore(store_path)[scene_id]


@pytest.mark.parametrize('spacings', [(40, 80, 200), (40,), (160, 240)])
def test_polygons_are_those_of_the_resampled_scene(tmp_path, spacings):
    recipe = RECIPES['raw']
    source = write_recipe(tmp_path / 'a.json', **recipe)
    build_recipes([source], tmp_path / 'store', spacings=spacings)
    scene = make_scene(**recipe)
    store = SceneStore(tmp_path / 'store')
    stored = store[scene.attrs['scene_id']]
    assert stored.polygon_codes == scene['polygon_codes'].values.tolist()
    for spacing in spacings:
        level = resample_scene(scene, spacing)
        crop = stored.read(spacing, channels=[], tasks=[], polygons=True)
        np.testing.assert_array_equal(crop.polygons, level['polygon_id'])


def test_a_ready_scene_says_that_it_has_no_polygons(store_path):
    scene_id = make_scene(**RECIPES['ready']).attrs['scene_id']
    scene = SceneStore(store_path)[scene_id]
    assert not scene.has_polygons
    with pytest.raises(StoreError, match='ready-to-train files hold none'):
        _ = scene.polygon_codes
    with pytest.raises(StoreError, match='Build a store from the raw scenes'):
        scene.read(80, polygons=True)


def test_zarr_reads_the_arrays_itself(store_path):
    scene = stored(store_path, 'raw')
    for name in ('image_80', 'charts_120', 'polygons', 'coarse', 'overview'):
        array = zarr.open_array(scene.path / name, mode='r')
        ours = scene._array(name).read_all()
        np.testing.assert_array_equal(array[:], ours)
        assert array.dtype == ours.dtype


def test_outliers_survive_where_the_image_is_derived(tmp_path):
    """Files hold sigma0 down to -463 dB, whole cells of it."""

    def open_outliers(path, **_):
        scene = open_recipe(path)
        scene.HH[80:100] = -463
        scene.HV[85, 90] = -380
        return scene

    source = write_recipe(tmp_path / 'a.json', **RECIPES['ready'])
    build_recipes(
        [source],
        tmp_path / 'store',
        spacings=(80, 120),
        opener=open_outliers,
    )
    level = resample_scene(open_outliers(source), 120)
    store = SceneStore(tmp_path / 'store')
    crop = store[store.scene_ids[0]].read(120)
    for name, plane in zip(('HH', 'HV'), crop.image, strict=True):
        np.testing.assert_allclose(plane, level[name], atol=0.0251)
    assert np.nanmin(crop.image) < -460


def test_time_and_place_need_not_be_stored(store_path):
    recipe = make_scene(**RECIPES['ready'])
    scene = SceneStore(store_path)[recipe.attrs['scene_id']]
    names = ['latitude', 'HH', 'longitude', 'month', 'season_sin']
    window = {'y': -3, 'x': 40, 'height': 20, 'width': 30}
    crop = scene.read(120, channels=names, **window)
    lines = (np.arange(0, 17) + 0.5) * 1.5
    samples = (np.arange(40, 70) + 0.5) * 1.5
    place = Geolocation.from_scene(recipe).at(lines[:, None], samples)
    np.testing.assert_allclose(crop.image[0, 3:], place[0], rtol=1e-6)
    np.testing.assert_allclose(crop.image[2, 3:], place[1], rtol=1e-6)
    assert np.isnan(crop.image[[0, 2, 3], :3]).all()
    assert (crop.image[3, 3:] == 6).all()
    # Early June is two months before a quarter of the year after January.
    angle = 2 * np.pi * (31 + 28 + 31 + 30 + 31 + 6 + 18 / 24) / 365.2425
    np.testing.assert_allclose(crop.image[4, 3:], np.sin(angle), rtol=1e-5)
    np.testing.assert_array_equal(
        crop.valid, scene.read(120, channels=['HH'], **window).valid
    )


def test_overview_counts_blocks(store_path):
    recipe = make_scene(**RECIPES['raw'])
    level = resample_scene(recipe, 80)
    overview = SceneStore(store_path)[recipe.attrs['scene_id']].overview
    valid = np.isfinite(level.HH.values)
    assert overview.valid.shape == tuple(-(-n // 48) for n in valid.shape)
    block = valid[48:96, 96:144]
    assert overview.valid[1, 2] == pytest.approx(block.mean())
    assert overview.valid.sum() * 48**2 == pytest.approx(valid.sum())
    for task in TASKS:
        chart = level[task].values[48:96, 96:144]
        present = sum(1 << int(c) for c in np.unique(chart) if c != 255)
        assert overview.classes[task][1, 2] == present
    ids = level['polygon_id'].values
    assert overview.polygons[1, 2] == ids[48 + 24, 96 + 24]


CHUNK = ('codecs', 0, 'configuration', 'chunk_shape')
ODD = [
    *[('', ('attributes', 'shapes'), v) for v in (None, {}, {'80': [1, -1]})],
    ('', ('attributes', 'shapes', '80'), [10**20, 10]),
    *[('image_80', ('attributes',), v) for v in (None, {}, [])],
    *[
        ('image_80', ('attributes', 'quanta'), v)
        for v in (2, [0.05], 'x', [0.05, None], [float('nan'), 1])
    ],
    *[('image_80', (*CHUNK, 1), v) for v in (0, -1, 10**20, 2.5, 'x')],
    ('image_80', ('shape', 1), 50),
    *[
        ('tie_points', ('attributes', 'y_metres'), v)
        for v in (None, 'x', [1, 2], [0, 0, 0, 0, 0], [5, 4, 3, 2, 1])
    ],
]


@pytest.mark.parametrize(('array', 'place', 'value'), ODD)
def test_odd_metadata_are_named(tmp_path, array, place, value):
    path = tmp_path / 'store.zarr'
    build_tiny_store(
        path, 1, 60, 60, spacings=(80,), channels=('HH', 'HV'), tasks=()
    )
    (name,) = SceneStore(path).scene_ids
    file = path / name / array / 'zarr.json'
    whole = json.loads(file.read_text())
    part = whole
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    file.write_text(json.dumps(whole))
    with pytest.raises(StoreError, match=r'store\.zarr'):
        read_all(SceneStore(path)[name])


def read_all(scene):
    scene.read(80)
    return scene.place
