import csv
import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmseaice.datasets import EpochSampler, PolarPatchDataset
from mmseaice.datasets.transforms import (
    FlipScene,
    NormaliseScene,
    PackPatch,
    PackScene,
    ScalePatch,
)
from mmseaice.errors import DatasetError

COLUMNS = ['id', 'scene', 'label_raw', 'label_repaired', 'clean', 'split']
ROWS = [
    [11, 0, 'W', 'I', 1, 'train'],
    [12, 0, 'I', 'I', 0, 'train'],
    [14, 2, 'L', 'L', 1, 'train'],
    [15, 1, 'W', 'W', 1, 'val'],
    [19, 3, '', '', '', 'test'],
]
STATISTICS = {'HH': 0.5, 'HV': 0.5}
STEPS = [
    FlipScene(0.5, 0.5, 0.5),
    ScalePatch('log'),
    NormaliseScene(STATISTICS, STATISTICS),
]


def write(root: Path, rows=ROWS, **members) -> str:
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 255, (len(ROWS), 2, 64, 64), np.uint8)
    pixels[:, :, :3] = 0  # no data
    pixels[:, 1, 3] = 0  # dark in HV only
    ids = np.array([row[0] for row in ROWS], np.int32)[::-1]
    arrays = {'x': pixels[::-1], 'id': ids} | members
    np.savez(
        root / 'patches_hh_hv.npz',
        **{k: v for k, v in arrays.items() if v is not None},
    )
    with open(root / 'meta.csv', 'w', newline='') as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return str(root)


@pytest.fixture
def root(tmp_path):
    return write(tmp_path)


def test_split_clean_and_repaired(root):
    data = PolarPatchDataset(root)
    records = [data.get_data_info(i) for i in range(len(data))]
    assert [r['patch_id'] for r in records] == [11, 14]
    assert [r['gt_label'] for r in records] == [1, 2]
    data = PolarPatchDataset(root, labels='raw', clean_only=False)
    assert [data.get_cat_ids(i) for i in range(3)] == [[0], [1], [2]]
    assert len(PolarPatchDataset(root, scenes=[2])) == 1
    assert len(PolarPatchDataset(root, split='val')) == 1


def test_pixels_follow_their_id_and_no_data_is_nan(root):
    with np.load(f'{root}/patches_hh_hv.npz') as file:
        pixels = dict(zip(file['id'].tolist(), file['x'], strict=True))
    data = PolarPatchDataset(root)
    sample = data[1]
    assert sample['image'].dtype == np.float32
    np.testing.assert_array_equal(
        np.nan_to_num(sample['image']), pixels[14].astype(np.float32)
    )
    assert not sample['valid'][:3].any()
    assert sample['valid'][3:].all()
    assert np.isnan(sample['image'][:, :3]).all()
    assert (sample['image'][1, 3] == 0).all()


def test_the_test_scenes_cannot_be_trained_on(root):
    for choice in ({'split': 'test'}, {'split': None, 'scenes': [0, 3]}):
        with pytest.raises(DatasetError, match='split train or val'):
            PolarPatchDataset(root, with_labels=False, **choice)
    with pytest.raises(DatasetError, match='label'):
        PolarPatchDataset(root, split='test', test_mode=True)
    data = PolarPatchDataset(
        root, split='test', test_mode=True, with_labels=False
    )
    assert len(data) == 1
    assert 'gt_label' not in data[0]


def test_no_patch_left_is_an_error(root):
    with pytest.raises(DatasetError, match='none in split'):
        PolarPatchDataset(root, scenes=[1])


@pytest.mark.parametrize(
    ('members', 'said'),
    [
        ({'x': None}, "members 'x' and 'id'"),
        ({'x': np.zeros((5, 2, 64, 64), np.float32)}, 'float32'),
        ({'x': np.zeros((5, 2, 32, 32), np.uint8)}, r'\(5, 2, 32, 32\)'),
        ({'id': np.arange(4)}, '5 whole numbers'),
        ({'id': np.array([11, 12, 14, 15, 20])}, 'differ in id'),
        ({'id': np.array([11, 11, 14, 15, 19])}, 'the same ids'),
        ({'id': np.array([{}] * 5, object)}, 'without pickles'),
    ],
)
def test_bad_patch_files_are_named(tmp_path, members, said):
    with pytest.raises(DatasetError, match=said):
        PolarPatchDataset(write(tmp_path, **members))


def test_bad_tables_are_named(tmp_path):
    root = write(tmp_path, rows=[])
    with pytest.raises(DatasetError, match='rows with the columns'):
        PolarPatchDataset(root)
    (tmp_path / 'meta.csv').unlink()
    with pytest.raises(DatasetError, match='the table'):
        PolarPatchDataset(root)


def test_damaged_and_missing_files_are_named(root):
    path = Path(root, 'patches_hh_hv.npz')
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DatasetError, match='readable npz'):
        PolarPatchDataset(root)
    path.unlink()
    with pytest.raises(DatasetError, match='data_root'):
        PolarPatchDataset(root)


def load(root, workers, epochs=2):
    data = PolarPatchDataset(
        root, clean_only=False, pipeline=[*STEPS, PackScene()]
    )
    sampler = EpochSampler(data, seed=3)
    loader = DataLoader(
        data,
        2,
        sampler=sampler,
        num_workers=workers,
        collate_fn=pseudo_collate,
    )
    images = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        images += [image for batch in loader for image in batch['inputs']]
    return np.stack(images)


def test_workers_do_not_change_what_is_drawn(root):
    alone = load(root, 0)
    np.testing.assert_array_equal(alone, load(root, 2))
    assert np.isfinite(alone).all()
    assert len(np.unique(alone.reshape(6, -1), axis=0)) > 3


def test_classification_and_parity(root):
    data = PolarPatchDataset(root, pipeline=[*STEPS, PackPatch()])
    sample = data[0]['data_samples']
    assert sample.gt_label.item() == 1
    assert sample.spacing == 40
    parity = data.metainfo['parity']
    assert parity['scaling'] == 'log'
    assert parity['mean'] == [0.5, 0.5]
    assert parity['channels'] == ['HH', 'HV']


def test_the_real_collection():
    shared = os.environ.get(
        'MMSEAICE_SHARED_DATA', Path(__file__).parents[3] / 'shared/data'
    )
    root = Path(shared, 'polar_patch')
    if not root.is_dir():
        pytest.skip(f'no polar patches at {root}')
    assert len(PolarPatchDataset(str(root))) == 3773
    assert len(PolarPatchDataset(str(root), split='val')) == 954
    data = PolarPatchDataset(
        str(root), clean_only=False, pipeline=[*STEPS, PackPatch()]
    )
    assert len(data) == 4692
    assert data[0]['inputs'].isfinite().all()
