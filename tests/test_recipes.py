"""A tiny twin of every recipe trains, saves, reloads and predicts."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmseaice.charts import IGNORE
from mmseaice.engine import load_checkpoint_file
from mmseaice.registry import MODELS
from mmseaice.scenes import SceneStore, write_split
from mmseaice.scenes.variables import CHANNELS
from mmseaice.structures import SeaIceDataSample
from mmseaice.testing import (
    build_recipes,
    config_root,
    find_configs,
    open_recipe,
    shrink_recipe,
    write_recipe,
)
from mmseaice.utils.tuning import apply_tuning

CONFIGS = find_configs('pretraining/*.py') + find_configs('downstream/*.py')
TASKS = ('SIC', 'SOD', 'FLOE')
STEPS = 12

PRETRAINING = 'pretraining/mae_vit-tiny-p8_500i_simulated'
CHARTING = 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated'
REAL = 'downstream/multitask_vit-base-upernet_30ki_ai4arctic'

#: Channels of the SAR, AMSR2, ERA5, place and time.
MANY = ['HH', 'HV', 'incidence_angle', 'btemp_18_7h', 't2m']
MANY += ['latitude', 'longitude_sin', 'month', 'season_cos']
SIC_CLASSES = dict(
    _delete_=True,
    type='mmseg.UPerHead',
    num_classes=11,
    in_channels=[192] * 4,
    in_index=[0, 1, 2, 3],
    channels=32,
    norm_cfg=dict(type='GN', num_groups=4),
    loss_decode=dict(type='OrdinalLoss'),
)

#: What one argument changes: a recipe and options, as a user gives them.
VARIANTS = {
    'pixel target': (PRETRAINING, {'model.target.type': 'PixelTarget'}),
    'gradient target': (PRETRAINING, {'model.target.type': 'GradientTarget'}),
    'despeckled target': (
        PRETRAINING,
        {'model.target.type': 'DespeckledTarget'},
    ),
    'avoid invalid': (
        PRETRAINING,
        {'model.backbone.masking.avoid_invalid': True},
    ),
    **{
        f'{kind} masking': (
            PRETRAINING,
            {'model.backbone.masking.type': f'{kind}Masking'},
        )
        for kind in ('Random', 'Block', 'Region', 'Polarisation')
    },
    'channels': (
        REAL,
        {
            'model.backbone.patch_cfg.in_channels': len(MANY),
            'train_dataloader.dataset.channels': MANY,
            'val_dataloader.dataset.channels': MANY,
        },
    ),
    **{
        f'{kind} loss': (
            CHARTING,
            {
                f'model.heads.{task}.loss_decode.type': f'Valid{kind}Loss'
                for task in ('SOD', 'FLOE')
            },
        )
        for kind in ('Focal', 'Dice')
    },
    'class weights': (
        CHARTING,
        {'model.heads.SOD.loss_decode.class_weight': [1, 1, 2, 2, 1, 3]},
    ),
    'ordinal loss': (CHARTING, {'model.heads.SIC': SIC_CLASSES}),
    'water loss': (
        CHARTING,
        {'model.task_losses': [dict(type='WaterConsistencyLoss')]},
    ),
    'polygon loss': (
        CHARTING,
        {
            'model.task_losses': [dict(type='PolygonLoss')],
            'train_dataloader.dataset.polygons': True,
            'train_dataloader.dataset.store': 'label_noise/train.zarr',
        },
    ),
    'layer decay': (
        CHARTING,
        {
            'optim_wrapper.constructor': 'mmpretrain.'
            'LearningRateDecayOptimWrapperConstructor',
            'optim_wrapper.paramwise_cfg.layer_decay_rate': 0.75,
        },
    ),
    'frozen encoder': (CHARTING, {'tuning': 'probe'}),
    'linear heads': (CHARTING, {'tuning': 'linear'}),
    'last layer': (CHARTING, {'tuning.mode': 'partial', 'tuning.layers': 1}),
    'one task': (
        CHARTING,
        {
            'model.heads.SOD': None,
            'model.heads.FLOE': None,
            'train_dataloader.dataset.tasks': ['SIC'],
            'train_dataloader.dataset.pipeline.0.label_tasks': ['SIC'],
            'val_dataloader.dataset.tasks': ['SIC'],
            'val_evaluator.tasks': ['SIC'],
        },
    ),
}


def open_bright(path, **options):
    """A scene whose charts can be told from its brightness, all channels."""
    scene = open_recipe(path, **options)
    raw = scene.attrs['kind'] == 'raw'
    rng, (height, width) = np.random.default_rng(1), scene['HH'].shape
    side = 80 if raw else 40
    classes = rng.integers(0, 11, (height // side + 1, width // side + 1))
    classes = np.kron(classes, np.ones((side, side), int))[:height, :width]
    missing = np.isnan(scene['HH'].values)
    noise = rng.normal(0, 0.5, (height, width))
    bright = np.where(missing, np.nan, 2 * classes - 25 + noise)
    if raw:
        scene['polygon_id'].values[:] = 1 + classes % 2
    scene['HH'].values[:] = bright
    scene['HV'].values[:] = bright - 8
    charts = dict(SIC=classes, SOD=classes // 2, FLOE=classes * 6 // 10)
    for task, chart in charts.items():
        chart[-side // 4 :] = IGNORE
        scene[task].values[:] = chart
    for name, channel in CHANNELS.items():
        if channel.grid == '2km':
            field = rng.normal(0, 1, scene['t2m'].shape)
            mean, std = channel.mean['Dec-2022'], channel.std['Dec-2022']
            scene[name] = scene['t2m'].dims, mean + std * field
    return scene


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """The folder of all data: stores, split lists and polar patches."""
    root = tmp_path_factory.mktemp('data')
    write_store(
        root / 'ai4arctic',
        spacings=(80, 120, 160, 200, 240, 280, 320, 360, 400, 800),
        channels=tuple(CHANNELS),
        height=320,
        width=336,
    )
    (root / 'demo').symlink_to(root / 'ai4arctic')
    write_store(
        root / 'label_noise',
        spacings=(80, 200),
        channels=('HH', 'HV', 'incidence_angle'),
        kind='raw',
        height=640,
        width=672,
    )
    write_patches(root / 'polar_patch')
    return root


def write_store(folder, spacings, channels, **scene):
    """A store of three scenes, and lists of two and one of them."""
    folder.mkdir()
    sources = [
        write_recipe(folder / f'{seed}.json', seed=seed, **scene)
        for seed in range(3)
    ]
    build_recipes(
        sources,
        folder / 'train.zarr',
        opener=open_bright,
        spacings=spacings,
        channels=channels,
    )
    scenes = SceneStore(folder / 'train.zarr').scene_ids
    (folder / 'splits').mkdir()
    write_split(folder / 'splits/train.txt', scenes[:2])
    write_split(folder / 'splits/val.txt', scenes[2:])


def write_patches(folder):
    """Polar patches whose brightness tells their class."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    kinds = np.arange(18) % 3
    pixels = rng.normal(
        60 + 70 * kinds[:, None, None, None], 9, (18, 2, 64, 64)
    )
    pixels[:, :, :6] = 0
    ids = np.arange(18)
    np.savez(
        folder / 'patches_hh_hv.npz',
        x=pixels.clip(0, 255).astype('u1'),
        id=ids,
    )
    rows = ['id,scene,label_raw,label_repaired,clean,split']
    for number, kind in zip(ids.tolist(), kinds.tolist(), strict=True):
        split, letter = ('train', 'val')[number >= 12], 'WIL'[kind]
        rows.append(f'{number},{split},{letter},{letter},1,{split}')
    (folder / 'meta.csv').write_text('\n'.join(rows) + '\n')


def encoder_of(model):
    """Copies of an encoder's weights."""
    return [p.detach().clone() for p in model.backbone.parameters()]


class Recorder(Hook):
    """Keeps the encoder as it began and the losses of every step."""

    def __init__(self):
        self.losses = []

    def before_train(self, runner):
        self.encoder = encoder_of(runner.model)

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.losses.append({k: v.item() for k, v in outputs.items()})


@pytest.fixture
def train(data, monkeypatch, tmp_path):
    """Train the twin of a recipe: returns its runner and recorder."""
    monkeypatch.setenv('MMSEAICE_DATA', str(data))
    monkeypatch.setenv('MMSEAICE_SHARED_DATA', str(data))
    monkeypatch.chdir(data)
    # A run formats its config six times and asks the compiler for its
    # version, which takes longer than the training.
    monkeypatch.setattr(
        'yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, True)
    )
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    runners = []

    def _train(path, options=None, **sizes):
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(options or {})
        apply_tuning(cfg)
        cfg = shrink_recipe(cfg, steps=STEPS, **sizes)
        if options is not None:
            # Recipes validate; variants need not do so again.
            for part in ('dataloader', 'cfg', 'evaluator'):
                cfg.pop(f'val_{part}', None)
        for loader in ('train_dataloader', 'val_dataloader'):
            if loader in cfg:
                # It collects garbage, in a process that holds a lot.
                cfg[loader].dataset.serialize_data = False
        cfg.work_dir = str(tmp_path)
        cfg.experiment_name = tmp_path.name
        cfg.log_level = 'ERROR'
        runners.append(runner := Runner.from_cfg(cfg))
        recorder = Recorder()
        runner.register_hook(recorder)
        runner.train()
        return runner, recorder

    with DefaultScope.overwrite_default_scope('mmseaice'):
        yield _train
    for runner in runners:
        for handler in list(runner.logger.handlers):
            handler.close()
            runner.logger.removeHandler(handler)


def sizes_of(path):
    """Crops that suit what a recipe's scenes have at their spacing."""
    return dict(size=32) if 'winner' in path.stem else {}


def predict(model, channels):
    """What a model says of one fixed image, by name."""
    torch.manual_seed(0)
    size = getattr(model.backbone, 'img_size', (64, 64))
    image = torch.randn(1, channels, *size)
    model.eval()
    if hasattr(model, 'reconstruct'):
        if not model.target.is_image:
            return {'loss': model.loss(image)['loss']}
        views = model.reconstruct(image)
        return {'reconstruction': views['reconstruction']}
    (sample,) = model(image, mode='predict')
    if not isinstance(sample, SeaIceDataSample):
        return {'score': sample.pred_score}
    return {task: sample.get_pred(task) for task in sample.tasks}


def check_run(runner, recorder):
    """The loss falls, nothing is NaN, the file is the model."""
    losses = recorder.losses
    totals = [step['loss'] for step in losses]
    assert len(totals) >= STEPS
    assert all(map(math.isfinite, (v for s in losses for v in s.values())))
    third = len(totals) // 3
    assert np.mean(totals[-third:]) < np.mean(totals[:third]), totals
    weights = runner.model.state_dict()
    assert all(value.isfinite().all() for value in weights.values())

    (path,) = [
        p for p in Path(runner.work_dir).glob('*.pth') if 'best' not in p.name
    ]
    saved = load_checkpoint_file(str(path))
    assert saved['meta']['mmseaice']['channels']
    fresh = MODELS.build(runner.cfg.model)
    fresh.load_state_dict(saved['state_dict'])
    for key, value in fresh.state_dict().items():
        assert torch.equal(value, weights[key]), key
    channels = len(saved['meta']['mmseaice']['channels'])
    found = predict(runner.model, channels)
    again = predict(fresh, channels)
    assert found.keys() == again.keys()
    for name, value in found.items():
        assert value.isfinite().all(), name
        assert torch.equal(value, again[name]), name
    return found


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_recipe(train, path):
    runner, recorder = train(path, **sizes_of(path))
    found = check_run(runner, recorder)
    if path.stem.startswith('multitask'):
        assert set(found) == set(TASKS)
        if 'save_best' in runner.cfg.default_hooks.checkpoint:
            best = Path(runner.work_dir).glob('best_AutoICE_combined_*.pth')
            assert len(list(best)) == 1


@pytest.mark.parametrize('name', VARIANTS)
def test_variant(train, name):
    recipe, options = VARIANTS[name]
    runner, recorder = train(config_root() / f'{recipe}.py', options)
    found = check_run(runner, recorder)
    added = {
        'water loss': 'loss_water_consistency',
        'polygon loss': 'loss_polygon',
    }
    if name in added:
        assert recorder.losses[0][added[name]] > 0
    if name == 'one task':
        assert set(found) == {'SIC'}
    if name == 'layer decay':
        groups = runner.optim_wrapper.optimizer.param_groups
        rates = {group['lr_scale'] for group in groups}
        assert {0.75**depth for depth in range(5)} <= rates
    same = [
        torch.equal(*pair)
        for pair in zip(
            recorder.encoder, encoder_of(runner.model), strict=True
        )
    ]
    frozen = 'frozen encoder', 'linear heads'
    assert any(same) or name != 'last layer'
    assert all(same) if name in frozen else not all(same)


def test_a_twin_leaves_its_recipe_alone():
    cfg = Config.fromfile(config_root() / f'{REAL}.py')
    before = copy.deepcopy(cfg.to_dict())
    twin = shrink_recipe(cfg, steps=20, size=96)
    assert cfg.to_dict() == before
    assert [s.end for s in twin.param_scheduler] == [1, 20]
    assert twin.train_cfg.max_iters == twin.train_cfg.val_interval == 20
    assert twin.train_dataloader.dataset.pipeline[0].size == 96
    assert twin.model.backbone.img_size == 96
