"""The data sets on a real store, built from hand-made scenes."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmseaice.datasets import AI4ArcticDataset, BalancedSampler
from mmseaice.datasets.transforms import (
    CropScene,
    FlipScene,
    LoadScene,
    NormaliseScene,
    PackScene,
)
from mmseaice.errors import StoreError
from mmseaice.models.data_preprocessors import SeaIceDataPreprocessor
from mmseaice.scenes.build import build_store

SIZES = {'a': (96, 70), 'b': (40, 128), 'c': (20, 30)}
NORMALISE = NormaliseScene({'HH': -10, 'HV': -20}, {'HH': 5, 'HV': 5})


def open_by_hand(
    source: Path, variables: list[str], optional: tuple = ()
) -> xr.Dataset:
    """A scene whose SIC says how bright HH is; left columns lack SAR."""
    height, width = SIZES[source.stem]
    rng = np.random.default_rng(len(source.stem))
    classes = rng.integers(0, 11, (height // 4 + 1, width // 4 + 1))
    classes = classes.repeat(4, 0).repeat(4, 1)[:height, :width]
    sar = (classes - 15.0).astype(np.float32)
    sar[:, :4] = np.nan
    full = ('y', 'x')
    return xr.Dataset(
        {
            'HH': (full, sar),
            'HV': (full, sar - 10),
            'SIC': (full, classes.astype(np.uint8)),
        },
        attrs={
            'scene_id': source.stem,
            'pixel_spacing': 80.0,
            'release': 'Dec-2022',
            'kind': 'ready',
            'resampling': '',
            'mask': 'chart',
            'label_rule': 'autoice 0.65/0.65',
        },
    )


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp('store')
    files = [folder / f'{name}.nc' for name in SIZES]
    for file in files:
        file.touch()
    build_store(
        files,
        folder / 'scenes.zarr',
        opener=open_by_hand,
        spacings=(80, 160),
        tasks=('SIC',),
        progress=False,
    )
    return str(folder / 'scenes.zarr')


def load(store, workers, skip=0, batches=6):
    data = AI4ArcticDataset(
        store,
        tasks=['SIC'],
        spacings=[80, 160],
        pipeline=[
            CropScene(32),
            FlipScene(0.5, 0.5),
            NORMALISE,
            PackScene(),
        ],
    )
    sampler = BalancedSampler(data, seed=2)
    sampler.skip(skip)
    loader = DataLoader(
        data,
        4,
        sampler=sampler,
        num_workers=workers,
        collate_fn=pseudo_collate,
    )
    preprocess = SeaIceDataPreprocessor(size_divisor=16)
    found = [preprocess(batch, True) for batch in islice(loader, batches)]
    labels = [s.get_gt('SIC') for b in found for s in b['data_samples']]
    return torch.cat([b['inputs'] for b in found]), torch.stack(labels), found


def test_training_batches_line_up_and_hold_no_nan(store):
    images, labels, batches = load(store, workers=0)
    assert images.shape == (24, 2, 32, 32)
    assert images.isfinite().all()
    spacings = [s.spacing for b in batches for s in b['data_samples']]
    assert spacings.count(80) == spacings.count(160) == 12
    fine = torch.tensor([spacing == 80 for spacing in spacings])
    labels, hh = labels[fine, 0], images[fine, 0]
    known = labels != 255
    assert known.float().mean() > 0.3
    decibels = hh[known] * 5 - 10
    np.testing.assert_allclose(decibels + 15, labels[known], atol=0.01)
    assert (hh[~known] == 0).all()


def test_workers_and_resume_change_nothing(store):
    images, labels, _ = load(store, workers=0)
    again, relabels, _ = load(store, workers=2)
    assert torch.equal(again, images)
    assert torch.equal(relabels, labels)
    tail, retail, _ = load(store, workers=2, skip=8, batches=4)
    assert torch.equal(tail, images[8:])
    assert torch.equal(retail, labels[8:])


def test_scoring_at_80_m_from_160_m(store):
    data = AI4ArcticDataset(
        store,
        split=['a'],
        tasks=['SIC'],
        spacings=[160],
        pipeline=[LoadScene(80), NORMALISE, PackScene()],
        test_mode=True,
    )
    packed = data[0]
    assert packed['inputs'].shape == (2, 48, 35)
    truth = open_by_hand(Path('a.nc'), [])['SIC'].values
    labels = packed['data_samples'].get_gt('SIC')[0]
    np.testing.assert_array_equal(labels, truth)
    assert packed['data_samples'].ori_shape == SIZES['a']


def test_no_store_is_said_at_once(tmp_path):
    with pytest.raises(StoreError, match=r'nowhere\.zarr'):
        AI4ArcticDataset(str(tmp_path / 'nowhere.zarr'))


def test_scenes_are_described_for_the_leak_report(store):
    data = AI4ArcticDataset(
        store, split=['a', 'b'], tasks=['SIC'], spacings=[80, 160], pipeline=[]
    )
    scenes = data.describe_scenes()
    assert sorted(scenes) == ['a', 'b']
    assert 'shapes' in scenes['a']
