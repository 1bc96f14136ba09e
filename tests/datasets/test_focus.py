"""Windows around rare classes and polygons; polygons on their way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

from mmseaice.datasets import AI4ArcticDataset
from mmseaice.datasets.transforms import (
    CropScene,
    FlipScene,
    NormaliseScene,
    PackScene,
)
from mmseaice.errors import StoreError
from mmseaice.models.data_preprocessors import SeaIceDataPreprocessor
from mmseaice.scenes.build import build_store
from mmseaice.testing import build_tiny_store

NORMALISE = NormaliseScene(
    {'HH': -10, 'HV': -20, 'latitude': 75}, {'HH': 5, 'HV': 5, 'latitude': 5}
)
SIZE = 480


def open_rare(source, variables, optional=()):
    """A raw scene at 80 m: class 5 and polygon 9 in one small corner."""
    full = ('y', 'x')
    sod = np.zeros((SIZE, SIZE), np.uint8)
    sod[:, : SIZE // 2] = 4
    ids = np.full((SIZE, SIZE), 3, np.uint16)
    sod[400:440, 400:440], ids[390:450, 390:450] = 5, 9
    sar = np.full((SIZE, SIZE), -15, np.float32)
    return xr.Dataset(
        {
            'HH': (full, sar),
            'HV': (full, sar - 10),
            'SOD': (full, sod),
            'polygon_id': (full, ids),
            'polygon_codes': ('polygon_row', np.array(['id;CT', '3;90'])),
        },
        attrs={
            'scene_id': source.stem,
            'pixel_spacing': 80.0,
            'release': 'Dec-2022',
            'kind': 'raw',
            'resampling': 'ready',
            'mask': 'chart',
            'label_rule': 'autoice 0.65/0.65',
        },
    )


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp('focus')
    (folder / 'rare.nc').touch()
    build_store(
        [folder / 'rare.nc'],
        folder / 'store',
        opener=open_rare,
        spacings=(80, 160),
        tasks=('SOD',),
        progress=False,
    )
    return str(folder / 'store')


def draws(store, count=60, spacing=80, **arguments):
    data = AI4ArcticDataset(
        store,
        tasks=['SOD'],
        spacings=[spacing],
        polygons=True,
        pipeline=[CropScene(48, **arguments)],
    )
    np.random.seed(0)
    return [data[0] for _ in range(count)]


@pytest.mark.parametrize('spacing', [80, 160])
def test_each_class_is_equally_likely(store, spacing):
    found = draws(store, focus='SOD', spacing=spacing)
    share = {
        kind: np.mean([(out['charts']['SOD'] == kind).any() for out in found])
        for kind in (0, 4, 5)
    }
    assert share[5] > 0.25  # a third expected, and some by chance
    assert min(share.values()) > 0.25
    by_chance = np.mean(
        [(out['charts']['SOD'] == 5).any() for out in draws(store)]
    )
    assert by_chance < 0.1


def test_each_polygon_is_equally_likely(store):
    found = draws(store, focus='polygon')
    share = np.mean([(out['polygon_ids'] == 9).any() for out in found])
    assert 0.35 < share < 0.75
    half = draws(store, focus='polygon', focus_share=0.5)
    share = np.mean([(out['polygon_ids'] == 9).any() for out in half])
    assert 0.1 < share < 0.45


def test_a_window_with_a_focus_stays_on_the_scene(store):
    for out in draws(store, focus='polygon'):
        y, x, height, width = out['window']
        assert 0 <= y <= SIZE - height
        assert 0 <= x <= SIZE - width
        assert out['valid'].all()


def test_a_class_beside_missing_sar_is_not_turned_down(tmp_path):
    """Windows are drawn again, but around the same class."""

    def open_half(source, variables, optional=()):
        scene = open_rare(source, variables, optional)
        # Around the rare class hardly anything is valid.
        scene.HH[300:, 300:] = scene.HV[300:, 300:] = np.nan
        scene.HH[410:430, 410:430] = scene.HV[410:430, 410:430] = -20
        return scene

    (tmp_path / 'half.nc').touch()
    build_store(
        [tmp_path / 'half.nc'],
        tmp_path / 'store',
        opener=open_half,
        tasks=('SOD',),
        progress=False,
    )
    found = draws(str(tmp_path / 'store'), focus='SOD', min_valid=0.3)
    share = np.mean([(out['charts']['SOD'] == 5).any() for out in found])
    assert share > 0.2  # a third expected


def test_a_focus_must_be_known():
    with pytest.raises(ValueError, match='task must be one of'):
        CropScene(48, focus='TYPE')
    with pytest.raises(ValueError, match='focus_share'):
        CropScene(48, focus='SOD', focus_share=1.1)


def test_polygons_reach_the_batch_with_their_pixels(store):
    data = AI4ArcticDataset(
        store,
        tasks=['SOD'],
        polygons=True,
        pipeline=[
            CropScene(48, focus='SOD'),
            FlipScene(0.5, 0.5, 0.5),
            NORMALISE,
            PackScene(),
        ],
    )
    np.random.seed(1)
    samples = [data[0] for _ in range(24)]
    batch = SeaIceDataPreprocessor(size_divisor=32)(
        {
            'inputs': [s['inputs'] for s in samples],
            'data_samples': [s['data_samples'] for s in samples],
        },
        training=True,
    )
    for sample in batch['data_samples']:
        ids, sod = sample.get_polygons(), sample.get_gt('SOD')
        assert ids.shape == sod.shape == (1, 64, 64)
        assert sod.dtype == torch.int64
        assert (ids[sod == 5] == 9).all()
        assert (ids[~sample.get_valid()] == 0).all()
        assert sample.polygon_codes == ['id;CT', '3;90']
    assert any((s.get_gt('SOD') == 5).any() for s in batch['data_samples'])


def test_a_ready_store_has_no_polygons(tmp_path):
    build_tiny_store(tmp_path / 'ready', count=1)
    with pytest.raises(StoreError, match='ready-to-train files hold none'):
        AI4ArcticDataset(str(tmp_path / 'ready'), polygons=True)


def test_place_is_a_channel_like_any_other(tmp_path):
    build_tiny_store(tmp_path / 'ready', count=1)
    data = AI4ArcticDataset(
        str(tmp_path / 'ready'),
        channels=['HH', 'latitude'],
        pipeline=[CropScene(32), NORMALISE, PackScene()],
    )
    assert data.metainfo['parity']['units'] == ['dB', 'degree']
    image = data[0]['inputs']
    known = data[0]['data_samples'].get_valid()[0]
    # The scene lies at 75 N.
    assert image[1][known].abs().max() < 0.1
