"""Exported patches make the same samples as the store they are from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from mmseaice.charts import TASKS
from mmseaice.datasets import AI4ArcticDataset, EpochSampler, NpzPatchDataset
from mmseaice.datasets.transforms import (
    CropScene,
    FlipScene,
    NormaliseScene,
    PackScene,
)
from mmseaice.errors import DatasetError, MissingChannelError, ReleaseError
from mmseaice.models.data_preprocessors import SeaIceDataPreprocessor
from mmseaice.registry import DATASETS
from mmseaice.scenes import (
    PatchOptions,
    PatchSampler,
    SceneStore,
    export_patches,
    find_leaks,
    write_split,
)
from mmseaice.testing import build_tiny_store, config_root

CHANNELS = ('HH', 'HV', 't2m')
TASKS_CUT = ('SIC', 'SOD')
NORMALISE = NormaliseScene(
    {'HH': -12, 'HV': -25, 't2m': 265}, {'HH': 6, 'HV': 6, 't2m': 9}
)
STEPS = [FlipScene(0.5, 0.5), NORMALISE, PackScene()]
SIZE = 48
SIDES = ('train', 'val')


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('npz') / 'scenes.zarr'
    build_tiny_store(path, 4, channels=CHANNELS, spacings=(80,))
    return SceneStore(path)


def cut(store, out, **call):
    sampler = PatchSampler(SIZE, count=5)
    options = PatchOptions(sampler, channels=CHANNELS, tasks=TASKS_CUT)
    call = {'val_share': 0.25, 'progress': False} | call
    return export_patches(store, out, options, **call)


@pytest.fixture(scope='module')
def exported(store, tmp_path_factory):
    return cut(store, tmp_path_factory.mktemp('exported') / 'patches')


@pytest.fixture
def spoilt(store, tmp_path):
    """An export of one's own, to damage."""
    return cut(store, tmp_path / 'patches')


def build(report, **arguments):
    arguments = {'channels': CHANNELS, 'tasks': TASKS_CUT} | arguments
    return NpzPatchDataset(str(report.path), **arguments)


def edit(path: Path, change) -> None:
    """Change the rows of a table."""
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    rows = change(rows)
    with path.open('w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize('test_mode', [False, True])
def test_round_trip_to_a_packed_sample(store, exported, test_mode):
    steps = [NORMALISE, PackScene()]
    channels, tasks = ('t2m', 'HH'), ('SOD', 'SIC')
    data = build(
        exported,
        split=None,
        channels=channels,
        tasks=tasks,
        pipeline=steps,
        test_mode=test_mode,
    )
    assert len(data) == len(exported.patches) == 20
    for index, patch in enumerate(exported.patches):
        crop = store[patch.scene_id].read(
            80, channels=channels, tasks=tasks, **patch.window._asdict()
        )
        wanted = {**crop._asdict(), 'channels': channels}
        for step in steps:
            wanted = step({'test_mode': test_mode} | wanted)
        found = data[index]
        assert torch.equal(found['inputs'], wanted['inputs'])
        sample, reference = found['data_samples'], wanted['data_samples']
        for task in tasks:
            assert torch.equal(sample.get_gt(task), reference.get_gt(task))
        assert torch.equal(sample.get_valid(), reference.get_valid())
        assert sample.scene_id == patch.scene_id
        assert sample.window == patch.window
        assert sample.ori_shape == sample.img_shape == (SIZE, SIZE)
        assert (sample.spacing, sample.ori_spacing) == (80, 80)
        assert sample.channels == channels


def test_keys_are_those_of_a_crop(store, exported):
    data = build(exported)
    crops = AI4ArcticDataset(
        str(store.path),
        channels=CHANNELS,
        tasks=TASKS_CUT,
        pipeline=[CropScene(SIZE)],
    )
    found, wanted = data[0], crops[0]
    assert set(wanted) - set(found) == {'stored', 'store'}
    for key in (set(wanted) & set(found)) - {'spacing'}:
        assert type(found[key]) is type(wanted[key]), key
    for key in ('image', 'valid'):
        assert found[key].dtype == wanted[key].dtype
        assert found[key].shape == wanted[key].shape
    assert list(found['charts']) == list(wanted['charts'])
    assert found['charts']['SIC'].dtype == np.uint8


def test_metainfo_and_parity_are_those_of_the_store(store, exported):
    arguments = {'channels': CHANNELS, 'tasks': TASKS_CUT, 'pipeline': STEPS}
    data = build(exported, split=None, **arguments)
    scenes = AI4ArcticDataset(str(store.path), **arguments)
    assert data.metainfo['parity'] == scenes.metainfo['parity']
    assert data.metainfo == scenes.metainfo
    assert data.metainfo['classes']['SOD'] == TASKS['SOD'].classes


def test_splits_of_the_table(exported):
    found = {}
    for split in (*SIDES, None):
        data = build(exported, split=split)
        records = [data.get_data_info(i) for i in range(len(data))]
        found[split] = [record['patch_id'] for record in records]
    for side in SIDES:
        wanted = [p.patch_id for p in exported.patches if p.split == side]
        assert found[side] == wanted
    assert set(found['train']) | set(found['val']) == set(found[None])


def test_lists_of_patches_and_of_scenes(store, exported, tmp_path):
    scene_ids = list(store.scene_ids[:2])
    write_split(tmp_path / 'fold0_val.txt', scene_ids)
    data = build(exported, split=str(tmp_path / 'fold0_val.txt'))
    assert len(data) == 10
    assert data.describe_scenes().keys() == set(scene_ids)
    data = build(exported, split=str(exported.lists['val']))
    assert len(data) == len(build(exported, split='val'))
    one = exported.patches[7].patch_id
    assert build(exported, split=[one]).get_data_info(0)['patch_id'] == one
    with pytest.raises(DatasetError, match='1 others, such as odd'):
        build(exported, split=[one, 'odd'])
    with pytest.raises(DatasetError, match='none in split'):
        build(exported, split=[])


def test_the_leak_report_sees_a_split_by_patch(store, exported, tmp_path):
    sides = [build(exported, split=s).describe_scenes() for s in SIDES]
    assert not find_leaks(*sides)
    report = cut(store, tmp_path / 'patches', split_by='patch')
    sides = [build(report, split=s).describe_scenes() for s in SIDES]
    assert find_leaks(*sides, days=1).affected('scene')


def load(report, workers):
    data = build(report, pipeline=STEPS)
    sampler = EpochSampler(data, seed=3)
    loader = DataLoader(
        data,
        4,
        sampler=sampler,
        num_workers=workers,
        collate_fn=pseudo_collate,
    )
    return torch.stack([x for batch in loader for x in batch['inputs']])


def test_workers_do_not_change_what_is_drawn(exported):
    images = load(exported, 0)
    assert images.isfinite().all()
    assert torch.equal(load(exported, 1), images)


@pytest.mark.parametrize(
    ('part', 'tasks'),
    [('ai4arctic_pretraining', ()), ('ai4arctic_charts', ('SIC', 'SOD'))],
)
def test_pipelines_of_the_recipes_serve(exported, part, tasks):
    path = config_root() / f'_base_/datasets/{part}.py'
    pipeline = Config.fromfile(path).train_pipeline
    assert pipeline[0].type == 'CropScene'
    with DefaultScope.overwrite_default_scope('mmseaice'):
        data = DATASETS.build(
            {
                'type': 'NpzPatchDataset',
                'data_root': str(exported.path),
                'tasks': tasks,
                'pipeline': pipeline[1:],
            }
        )
    batch = pseudo_collate([data[i] for i in range(3)])
    batch = SeaIceDataPreprocessor(size_divisor=16)(batch, True)
    assert batch['inputs'].shape == (3, 2, SIZE, SIZE)
    assert batch['inputs'].isfinite().all()
    for sample in batch['data_samples']:
        assert sample.tasks == tasks


@pytest.mark.parametrize(
    ('asked', 'error', 'said'),
    [
        ({'channels': 'tcwv'}, MissingChannelError, "'tcwv' among the chan"),
        ({'tasks': 'FLOE'}, DatasetError, "'FLOE' among the tasks"),
        ({'tasks': 'ICE'}, ValueError, 'task must be one of'),
        ({'channels': ()}, ValueError, 'channels must not be empty'),
        ({'split': 'no.txt'}, DatasetError, r'no\.txt'),
    ],
)
def test_what_was_not_exported_stops_at_construction(
    exported, asked, error, said
):
    with pytest.raises(error, match=said):
        build(exported, **asked)


def test_single_values_need_no_list(exported):
    data = build(exported, channels='HV', tasks='SIC')
    assert (data.channels, data.tasks) == (('HV',), ('SIC',))
    assert data[0]['image'].shape == (1, SIZE, SIZE)


@pytest.mark.parametrize('name', ['export.json', 'patches.csv'])
def test_a_folder_that_is_no_export_is_named(spoilt, name):
    (spoilt.path / name).unlink()
    with pytest.raises(DatasetError, match=name):
        build(spoilt)


def test_absent_files_are_named_at_construction(spoilt):
    lost = [patch.file for patch in spoilt.patches if patch.split == 'train']
    for file in lost[:2]:
        (spoilt.path / file).unlink()
    with pytest.raises(DatasetError, match='without 2 of them, such as'):
        build(spoilt)
    assert len(build(spoilt, split='val'))


@pytest.mark.parametrize(
    ('members', 'said'),
    [
        ({'sar': np.zeros((2, SIZE, SIZE), np.float32)}, r'\(2, 48, 48\)'),
        ({'sic': np.zeros((9, 9), np.uint8)}, r'\(9, 9\)'),
        ({'sod': None}, "the member 'sod'"),
        (None, 'readable npz'),
    ],
)
def test_bad_files_are_named(spoilt, members, said):
    data = build(spoilt, split=None)
    path = spoilt.path / spoilt.patches[0].file
    if members is None:
        path.write_bytes(path.read_bytes()[:1000])
    else:
        with np.load(path) as file:
            members = {**file, **members}
        np.savez(path, **{k: v for k, v in members.items() if v is not None})
    with pytest.raises(DatasetError, match=said) as error:
        data[0]
    assert str(path) in str(error.value)


def test_a_window_of_another_size_is_named(spoilt):
    edit(spoilt.table, lambda rows: [row | {'width': 49} for row in rows])
    with pytest.raises(DatasetError, match=r'float32 \(3, 48, 49\)'):
        build(spoilt)[0]


def test_a_table_of_another_export_is_named(spoilt):
    edit(spoilt.table, lambda rows: [row | {'scene_id': 'b'} for row in rows])
    with pytest.raises(DatasetError, match='one without b'):
        build(spoilt)


def test_releases_do_not_mix_unless_asked(spoilt):
    path = spoilt.path / 'export.json'
    text = path.read_text()
    path.write_text(text.replace('Dec-2022', 'Oct-2022', 1))
    with pytest.raises(ReleaseError, match=r'Dec-2022.*Oct-2022'):
        build(spoilt, split=None)
    data = build(spoilt, split=None, allow_mixed_releases=True)
    assert data.metainfo['parity']['release'] == ['Dec-2022', 'Oct-2022']
