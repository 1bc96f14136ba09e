"""A toy model and data, so that hooks are tested inside a real runner."""

from __future__ import annotations

import logging

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel, BaseModule
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmseaice.engine import DeterministicDrawHook  # noqa: F401 installs
from mmseaice.registry import DATASETS, METRICS, MODELS

PARITY = {'channels': ['HH'], 'spacings': [80.0], 'release': 'Dec-2022'}


@DATASETS.register_module(force=True)
class ToyDataset(BaseDataset):
    """Sixteen points of a line."""

    def __init__(self, parity=None, scenes=None, **kwargs):
        # Upstream collects garbage when it serialises a data set.
        super().__init__(
            metainfo={'parity': parity}, serialize_data=False, **kwargs
        )
        self.scenes = scenes

    def describe_scenes(self):
        return self.scenes

    def load_data_list(self):
        return [{'x': torch.tensor([i / 16.0])} for i in range(16)]


@MODELS.register_module(force=True)
class ToyModel(BaseModel):
    """A line fitted under dropout, so that every step draws numbers."""

    def __init__(self, encoder=None, width=8):
        super().__init__()
        if encoder is not None:
            # Without weights: only its init_cfg matters here.
            self.backbone = BaseModule(
                dict(type='Pretrained', checkpoint=encoder)
            )
        self.line = torch.nn.Sequential(
            torch.nn.Linear(1, width),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(width, 1),
        )
        self.dtypes = set()

    def forward(self, x, sample_idx=None, mode='tensor'):
        y = self.line(x)
        self.dtypes.add(y.dtype)
        if mode == 'loss':
            return {'loss': (y.float() - 2 * x).square().mean()}
        return list(y)


@METRICS.register_module(force=True)
class ToyMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [float(sample) for sample in data_samples]

    def compute_metrics(self, results):
        return {'sum': sum(results)}


@METRICS.register_module(force=True)
class RisingMetric(BaseMetric):
    """Two scores that grow with every validation."""

    rounds = 0

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        self.rounds += 1
        return {'a': self.rounds, 'b': 10 * self.rounds}


def _loader(training, parity):
    return dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='mmengine.InfiniteSampler', shuffle=True)
        if training
        else dict(type='mmengine.DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
        dataset=dict(type='ToyDataset', parity=parity),
    )


@pytest.fixture
def make_runner(tmp_path, request):
    """Build a runner of the toy with our default runtime."""
    runtime = Config.fromfile(
        request.config.rootpath / 'configs/_base_/default_runtime.py'
    )

    def _make(
        name='run', *, iters=4, val=False, test=None, edit=None, **options
    ):
        cfg = Config(runtime.to_dict())
        cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
        cfg.work_dir = str(tmp_path / name)
        cfg.experiment_name = f'{request.node.name}_{len(made)}'
        cfg.model = dict(type='ToyModel')
        cfg.default_hooks.checkpoint.interval = 2
        if test is None:
            cfg.optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.01))
            cfg.param_scheduler = [
                dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=4)
            ]
            cfg.train_dataloader = _loader(True, PARITY)
            cfg.train_cfg = dict(
                type='IterBasedTrainLoop', max_iters=iters, val_interval=2
            )
        else:
            cfg.test_dataloader = _loader(False, test)
            cfg.test_cfg = dict(type='TestLoop')
            cfg.test_evaluator = dict(type='ToyMetric')
        if val:
            cfg.val_dataloader = _loader(False, val)
            cfg.val_cfg = dict(type='ValLoop')
            cfg.val_evaluator = dict(type='ToyMetric')
        cfg.merge_from_dict(options)
        cfg.log_level = 'WARNING'
        if edit is not None:
            edit(cfg)
        made.append(Runner.from_cfg(cfg))
        return made[-1]

    made = []
    with DefaultScope.overwrite_default_scope('mmseaice'):
        yield _make
    for runner in made:
        for handler in list(runner.logger.handlers):
            if isinstance(handler, logging.FileHandler):
                handler.close()
                runner.logger.removeHandler(handler)


@pytest.fixture
def parity():
    return dict(PARITY)
