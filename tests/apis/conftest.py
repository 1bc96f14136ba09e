"""A small model of random weights, with a record of its data."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmseaice.registry import MODELS
from mmseaice.testing import find_configs

MEAN = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
STD = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)


@pytest.fixture(scope='module')
def config():
    name = 'multitask_vit-tiny-p8-upernet_700i_simulated.py'
    path = next(path for path in find_configs() if path.name == name)
    cfg = Config.fromfile(path)
    cfg.model.backbone.arch.num_layers = 1
    cfg.model.backbone.init_cfg = None
    cfg.model.backbone.out_indices = [0]
    cfg.model.neck = None
    cfg.model.data_preprocessor.size_divisor = 1
    head = dict(in_channels=192, channels=8)
    for task, out in (('SOD', 6), ('FLOE', 7)):
        cfg.model.heads[task] = dict(
            type='mmseg.FCNHead',
            num_classes=out,
            num_convs=1,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        )
    cfg.model.heads.SIC = dict(type='RegressionFCNHead', num_convs=1, **head)
    return cfg


def record(**changes):
    return {
        'channels': list(MEAN),
        'spacings': [200.0],
        'units': ['dB', 'dB', 'degree'],
        'mean': list(MEAN.values()),
        'std': list(STD.values()),
        'clip': [-5.0, 5.0],
        'scaling': 'none',
        'fill': 0.0,
        'min_valid': 0.5,
        'mask': 'chart',
        'release': 'Dec-2022',
    } | changes


@pytest.fixture
def checkpoint(config, tmp_path):
    def save(**changes):
        from mmengine.registry import init_default_scope

        init_default_scope('mmseaice')
        torch.manual_seed(0)
        model = MODELS.build(config.model)
        path = tmp_path / 'model.pth'
        content = dict(
            state_dict=model.state_dict(),
            meta=dict(mmseaice=record(**changes)),
        )
        torch.save(content, path)
        return path

    return save
