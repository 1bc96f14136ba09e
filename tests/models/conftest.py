"""Tiny models that every test of this room builds."""

from __future__ import annotations

import copy
import logging
import subprocess
import sys

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from mmseaice.registry import MODELS
from mmseaice.structures import SeaIceDataSample

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)


@pytest.fixture(autouse=True)
def _mmseaice_scope():
    init_default_scope('mmseaice')
    # mmengine logs three lines for each parameter it initialises.
    MMLogger.get_current_instance().setLevel(logging.WARNING)
    torch.manual_seed(0)


@pytest.fixture
def build():
    """Build from a config and initialise, always from the same seed."""

    def _build(cfg, seed=0, init=True):
        torch.manual_seed(seed)
        model = MODELS.build(copy.deepcopy(cfg))
        if init:
            model.init_weights()
        return model

    return _build


@pytest.fixture
def vit_cfg():
    """Config of an encoder that gives feature maps."""

    def _cfg(channels=2, size=32, patch=8, **kwargs):
        return dict(
            type='mmpretrain.VisionTransformer',
            arch=ARCH,
            img_size=size,
            patch_size=patch,
            patch_cfg=dict(in_channels=channels),
            out_type='featmap',
            **kwargs,
        )

    return _cfg


@pytest.fixture
def mae_cfg():
    """Config of a masked autoencoder."""

    def _cfg(channels=2, size=32, patch=8, backbone='MaskedViT', **head):
        return dict(
            type='SeaIceMAE',
            backbone=dict(
                type=backbone,
                arch=ARCH,
                img_size=size,
                patch_size=patch,
                patch_cfg=dict(in_channels=channels),
                mask_ratio=0.5,
            ),
            neck=dict(
                type='mmpretrain.MAEPretrainDecoder',
                num_patches=(size // patch) ** 2,
                patch_size=patch,
                in_chans=channels,
                embed_dim=32,
                decoder_embed_dim=16,
                decoder_depth=1,
                decoder_num_heads=2,
            ),
            head=dict(
                type='MaskedReconstructionHead',
                patch_size=patch,
                in_channels=channels,
                **head,
            ),
        )

    return _cfg


@pytest.fixture
def make_samples():
    """Samples with labels of all tasks, some missing, and validity."""

    def _make(count=2, size=32, valid=None, seed=1, **meta):
        generator = torch.Generator().manual_seed(seed)
        samples = []
        for _ in range(count):
            sample = SeaIceDataSample(
                metainfo=dict(
                    img_shape=(size, size), ori_shape=(size, size), **meta
                )
            )
            for task, classes in dict(SIC=11, SOD=6, FLOE=7).items():
                chart = torch.randint(
                    classes, (size, size), generator=generator
                )
                chart[: size // 4] = 255
                sample.set_gt(task, chart)
            sample.set_valid(
                torch.ones(size, size, dtype=torch.bool)
                if valid is None
                else valid
            )
            samples.append(sample)
        return samples

    return _make


#: Fresh interpreters: autograd does not work in a fork of a process that
#: had it in threads.
_RANK = """
import runpy
import sys

import torch
import torch.distributed as dist

script, function, rank, folder = sys.argv[1:]
torch.set_num_threads(1)
# What is imported later holds the group in defaults of arguments, and a
# thread of it that outlives Python aborts the process.
run = runpy.run_path(script)[function]
dist.init_process_group(
    'gloo', init_method=f'file://{folder}/meet', rank=int(rank), world_size=2
)
inputs = torch.load(f'{folder}/inputs.pth', weights_only=True)
found = run(int(rank), inputs)
torch.save(found, f'{folder}/rank_{rank}.pth')
dist.destroy_process_group()
"""


@pytest.fixture
def two_ranks(tmp_path):
    """What a function of a test file returns on each of two ranks.

    It takes the rank and the inputs, and may reduce over both.
    """

    def _run(script, function, inputs=None):
        torch.save(inputs, tmp_path / 'inputs.pth')
        command = [sys.executable, '-c', _RANK, script, function]
        ranks = [
            subprocess.Popen([*command, str(rank), str(tmp_path)])
            for rank in range(2)
        ]
        assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
        return [
            torch.load(tmp_path / f'rank_{rank}.pth', weights_only=True)
            for rank in range(2)
        ]

    return _run
