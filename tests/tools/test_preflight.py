"""preflight.py: what would fail is found before it does."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel

from mmseaice.apis.preflight import check_disk, count_checkpoints
from mmseaice.apis.preflight.memory import (
    batch_bytes,
    saved_bytes,
    state_bytes,
)
from mmseaice.engine import RecomputeHook
from mmseaice.testing import config_root

FINETUNING = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)
LIGHT = (
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
)


def test_a_sound_config_passes(run_tool, pretrained, tmp_path):
    encoder = pretrained[0] / 'iter_4.pth'
    done = run_tool(
        *('preflight.py', FINETUNING, '--work-dir', tmp_path / 'new'),
        *('--gpu-memory', 16, '--time-limit', '2:00:00'),
        *('--cfg-options', *LIGHT),
        f'model.backbone.init_cfg.checkpoint={encoder}',
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == 'Nothing would fail.'
    verdicts = {line.split(':')[0].split(None, 1)[1] for line in lines[:-1]}
    assert verdicts >= {
        'train data', 'val data', 'test data', 'encoder', 'model', 'disk',
        'memory', 'step', 'time',
    }  # fmt: skip
    # It only looks.
    assert not (tmp_path / 'new').exists()


def test_five_mistakes_are_all_found(run_tool, tmp_path):
    (tmp_path / 'file').touch()
    done = run_tool(
        *('preflight.py', FINETUNING, '--work-dir', tmp_path / 'file/run'),
        *('--gpu-memory', 0.01, '--time-limit', '0:02:00', '--cfg-options'),
        *(*LIGHT, 'val_dataloader.dataset.channels=[HH,HV,btemp_36_5h]'),
        'test_dataloader.dataset.store=no/such/store.zarr',
        f'model.backbone.init_cfg.checkpoint={tmp_path}/none.pth',
        check=False,
    )
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    faults = [
        line.split(':')[0].split(None, 1)[1]
        for line in done.stdout.splitlines()
        if line.startswith('FAULT')
    ]
    assert faults == [
        'val data', 'test data', 'encoder', 'disk', 'memory', 'time',
    ]  # fmt: skip
    for word in ('btemp_36_5h', 'no/such/store', 'none.pth', '--accumulate'):
        assert word in done.stdout


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [('90', 5400), ('2:30', 150), ('3:00:00', 10800), ('1-2', 93600),
     ('1-02:00:30', 93630)],
)  # fmt: skip
def test_limits_are_read_as_slurm_does(load_tool, text, seconds):
    assert load_tool('preflight.py')['slurm_time'](text) == seconds


def test_memory_of_a_layer_is_that_of_its_tensors():
    layer = torch.nn.Linear(10, 20)
    inputs = torch.randn(5, 10, requires_grad=True)
    with saved_bytes(layer) as saved:
        layer(inputs).relu()
    # The input for the weight's gradient, the output for that of the ReLU.
    assert saved == [4 * (5 * 10 + 5 * 20)]
    assert state_bytes(layer) == 16 * 220
    layer.weight.requires_grad_(False)
    assert state_bytes(layer) == 16 * 20 + 4 * 200


def test_a_disk_that_is_too_small(tmp_path):
    (found,) = check_disk(tmp_path / 'not/yet', 1e18)
    assert found.verdict == 'fault'
    assert 'max_keep_ckpts' in found.remedy
    assert check_disk(tmp_path, 1e6)[0].verdict == 'ok'
    assert list(tmp_path.iterdir()) == []


class Deep(BaseModel):
    """Four layers that keep what they compute."""

    def __init__(self):
        super().__init__()
        self.backbone = torch.nn.Module()
        self.backbone.layers = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Tanh())
            for _ in range(4)
        )

    def forward(self, inputs, mode):
        for layer in self.backbone.layers:
            inputs = layer(inputs)
        return dict(loss=inputs.sum())


def test_a_batch_is_judged_by_two_of_its_crops():
    batch = {'inputs': torch.zeros(2, 8)}
    model = Deep()
    whole = batch_bytes(model, batch, 100)
    # Of each crop: what enters and the four outputs.
    assert whole == 100 * 5 * 8 * 4
    # Two bytes for a number, and for each weight once.
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half = batch_bytes(model, batch, 100)
    assert whole / 2 < half < whole
    RecomputeHook().wrap(model)
    assert batch_bytes(model, batch, 100) == pytest.approx(whole * 4 / 5)


@pytest.mark.parametrize(
    ('hook', 'count'),
    [({}, 30000 // 1000 + 1), ({'interval': 1000, 'max_keep_ckpts': 2}, 3),
     ({'max_keep_ckpts': 1, 'save_best': ['a', 'b']}, 4)],
)  # fmt: skip
def test_checkpoints_are_counted(hook, count):
    hook = {'interval': 1000, **hook}
    cfg = Config(
        dict(
            default_hooks=dict(checkpoint=hook),
            train_cfg=dict(max_iters=30000),
        )
    )
    assert count_checkpoints(cfg) == count
