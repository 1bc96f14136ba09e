"""From the name of a row to one optimiser step, for ``training.py``.

All rows of a table share a recipe of ours, so nothing but the code differs.
"""

from __future__ import annotations

import copy
import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample
from timm.optim import param_groups_weight_decay
from torch import nn
from training_peers import (
    PlainMAE,
    plain_step,
    share_pyramid,
    stock_mae,
    stock_segmentor,
    terratorch_task,
)

from mmseaice.charts import IGNORE, get_task
from mmseaice.engine import CompileHook
from mmseaice.registry import MODELS
from mmseaice.structures import SampleStack
from mmseaice.testing import config_root

#: Recipe and batch size, by model and phase.
RECIPES = {
    'tiny': {
        'pretraining': ('mae_vit-tiny-p8_100e_polar-patch', 32),
        'finetuning': ('multitask_vit-tiny-p8-upernet_700i_simulated', 16),
    },
    'base': {
        'pretraining': ('mae_vit-base_30ki_ai4arctic', 64),
        'finetuning': ('multitask_vit-base-upernet_30ki_ai4arctic', 16),
    },
    'large': {'pretraining': ('mae_vit-large_30ki_ai4arctic', 32)},
}
FOLDERS = {'pretraining': 'pretraining', 'finetuning': 'downstream'}
LOADERS = {
    'pretraining': '_base_/datasets/ai4arctic_pretraining.py',
    'finetuning': '_base_/datasets/ai4arctic_charts.py',
}
CHANNELS = ('HH', 'HV')
SPACINGS = (80, 160)
#: What plain PyTorch trains is made from one of the other models.
PLAIN = {'timm': PlainMAE, 'terratorch': terratorch_task}
Step = Callable[[], object]


@dataclass
class Recipe:
    """What all rows of a table share.

    Args:
        model: Config of our model, without pre-trained weights.
        optim_wrapper: Config of its optimiser.
        loader: Config of its data loader, with any store.
        batch: Crops in a batch.
        size: Pixels of a crop along each side.
    """

    model: dict
    optim_wrapper: dict
    loader: dict
    batch: int
    size: int


def read_recipe(
    name: str,
    phase: str,
    size: int | None = None,
    batch: int | None = None,
    workers: int = 1,
) -> Recipe:
    """Read a recipe for HH and HV, with some of its numbers replaced."""
    stem, usual = RECIPES[name][phase]
    cfg = Config.fromfile(config_root() / FOLDERS[phase] / f'{stem}.py')
    model, batch = cfg.model.to_dict(), batch or usual
    backbone = model['backbone']
    backbone.pop('init_cfg', None)
    backbone['patch_cfg'] = dict(in_channels=len(CHANNELS))
    size = backbone['img_size'] = size or backbone['img_size']
    if phase == 'pretraining':
        patches = (size // backbone['patch_size']) ** 2
        model['neck']['num_patches'] = patches
    loader = Config.fromfile(config_root() / LOADERS[phase])
    loader = loader.train_dataloader.to_dict()
    loader.update(
        batch_size=batch,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    loader['dataset'].update(
        split=None, channels=list(CHANNELS), spacings=list(SPACINGS)
    )
    loader['dataset']['pipeline'][0]['size'] = size
    wrapper = cfg.optim_wrapper.to_dict()
    return Recipe(model, wrapper, loader, batch, size)


def open_row(
    row: str,
    recipe: Recipe,
    device: str,
    bf16: bool,
    store: Path | None = None,
) -> Step:
    """Build what a row trains; what is returned takes one optimiser step.

    Args:
        row: A way to train and levers, such as 'timm+fused+compile'.
        recipe: What to train.
        device: 'cpu' or 'cuda'.
        bf16: Whether the forward pass is in bfloat16.
        store: Store to load from, for 'data'.
    """
    way, *levers = row.split('+')
    bf16 = bf16 or 'bf16' in levers
    init_default_scope('mmseaice')
    # mmengine logs three lines for each parameter.
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    torch.manual_seed(0)
    steps = []
    for task, cfg in model_configs(way, recipe.model):
        model = MODELS.build(cfg)
        model.init_weights()
        if way in PLAIN:
            model = PLAIN[way](model)
        model = model.to(device).train()
        optimiser = build_optimiser(
            model, recipe.optim_wrapper, way, device, bf16, 'fused' in levers
        )
        if 'compile' in levers:
            compile_model(model)
        batches = (
            load_batches(recipe, store)
            if 'data' in levers
            else itertools.repeat(make_batch(way, task, recipe, device))
        )
        if way == 'timm':
            train = partial(plain_step, of_images(model), optimiser, bf16)
        elif way == 'terratorch':
            give_loss = partial(model.training_step, batch_idx=0)
            train = partial(plain_step, give_loss, optimiser, bf16)
        else:
            train = partial(model.train_step, optim_wrapper=optimiser)
        steps.append((train, batches))

    def step() -> None:
        for train, batches in steps:
            train(next(batches))

    return step


def of_images(model: nn.Module) -> Callable[[dict], torch.Tensor]:
    """A model that gives the loss of images, for batches."""
    return lambda batch: model(batch['inputs'])


def model_configs(way: str, cfg: dict) -> list[tuple[str, dict]]:
    """The models that one step of a way trains, each with its task."""
    tasks = {
        'mmseg-three': ('SIC', 'SOD', 'FLOE'),
        'mmseg-one': ('SOD',),
        'terratorch': ('SOD',),
    }
    if way in tasks:
        return [(task, stock_segmentor(cfg, task)) for task in tasks[way]]
    cfg = copy.deepcopy(cfg)
    if way == 'mmpretrain':
        cfg = stock_mae(cfg)
    elif way == 'shared':
        cfg = share_pyramid(cfg)
    elif way == 'one':
        cfg['heads'] = {'SOD': cfg['heads']['SOD']}
    return [('', cfg)]


def build_optimiser(
    model: nn.Module,
    cfg: dict,
    way: str,
    device: str,
    bf16: bool,
    fused: bool,
) -> OptimWrapper | torch.optim.Optimizer:
    """The optimiser of the recipe, as a way would have it."""
    cfg = copy.deepcopy(cfg)
    settings = cfg['optimizer']
    # Our recipes have it; for others it is a lever.
    if way in PLAIN or way.startswith('mm'):
        settings['fused'] = fused
    if way in PLAIN:
        assert settings.pop('type') == 'AdamW'
        groups = param_groups_weight_decay(model, settings['weight_decay'])
        return torch.optim.AdamW(groups, **settings)
    cfg['type'] = 'Bf16OptimWrapper' if bf16 else 'OptimWrapper'
    if way.startswith('mm'):
        cfg.pop('constructor', None)
        # What mmengine offers refuses CPUs.
        if bf16 and device == 'cuda':
            cfg.update(type='AmpOptimWrapper', dtype='bfloat16')
    return build_optim_wrapper(model, cfg)


def compile_model(model: nn.Module) -> None:
    """Let the first step compile what ``CompileHook`` would, or all."""
    if isinstance(model, BaseModel):
        logger = MMLogger.get_current_instance()
        runner = SimpleNamespace(model=model, logger=logger)
        CompileHook().before_train(runner)
    else:
        model.compile()


def make_batch(way: str, task: str, recipe: Recipe, device: str) -> dict:
    """A batch on the device, as the collation of a way gives it."""
    draw = torch.Generator().manual_seed(0)
    num, size = recipe.batch, recipe.size
    images = torch.randn(num, len(CHANNELS), size, size, generator=draw)
    images = images.to(device)
    if way in ('mmpretrain', 'timm'):
        samples = [DataSample() for _ in images]
        return dict(inputs=images, data_samples=samples)
    charts = {}
    for name in ('SIC', 'SOD', 'FLOE'):
        classes = get_task(name).num_classes
        chart = torch.randint(classes, (num, 1, size, size), generator=draw)
        chart[:, :, : size // 4] = IGNORE
        charts[name] = chart.to(device)
    if way == 'terratorch':
        return dict(image=images, mask=charts[task])
    meta = dict(img_shape=(size, size), ori_shape=(size, size))
    if task:
        samples = [SegDataSample(metainfo=meta) for _ in images]
        for sample, chart in zip(samples, charts[task], strict=True):
            sample.gt_sem_seg = PixelData(data=chart)
        return dict(inputs=list(images), data_samples=samples)
    maps = {'valid': torch.ones_like(images[:, :1], dtype=torch.bool)}
    if way != 'ours':
        maps |= {f'gt_{name}': chart.byte() for name, chart in charts.items()}
    stack = SampleStack.of(maps, [meta] * num)
    return dict(inputs=images, data_samples=stack)


def load_batches(recipe: Recipe, store: Path) -> Iterator[dict]:
    """Batches without end out of the data loader of the recipe."""
    cfg = copy.deepcopy(recipe.loader)
    cfg['dataset']['store'] = str(store)
    return iter(Runner.build_dataloader(cfg, seed=0))
