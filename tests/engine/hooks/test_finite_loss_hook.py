"""A loss that is no number ends the run and can be looked into."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmseaice.engine.anomaly import replay_anomaly
from mmseaice.engine.checkpoint import latest_checkpoint
from mmseaice.errors import CheckpointError, NonFiniteLossError
from mmseaice.registry import HOOKS


@HOOKS.register_module(force=True)
class PoisonHook(Hook):
    """Make a weight infinite before a step."""

    def __init__(self, step):
        self.step = step

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step:
            with torch.no_grad():
                runner.model.line[2].weight[0, 0] = torch.inf


POISON = {'default_hooks.poison': dict(type='PoisonHook', step=5)}


def test_it_stops_before_the_weights_are_spoilt(make_runner):
    runner = make_runner('run', iters=8, **POISON)
    with pytest.raises(NonFiniteLossError, match=r'step 6: .*loss') as error:
        runner.train()
    folder = Path(runner.work_dir)
    # No checkpoint of the step, and those before it are sound.
    assert latest_checkpoint(folder).name == 'iter_4.pth'
    path = folder / 'anomaly_iter_5_rank_0.pth'
    assert str(path) in error.value.remedy
    content = torch.load(path, weights_only=True)
    assert not torch.isnan(content['state_dict']['line.0.weight']).any()


def test_the_step_is_taken_again(make_runner):
    runner = make_runner('run', iters=8, **POISON)
    with pytest.raises(NonFiniteLossError):
        runner.train()
    path = Path(runner.work_dir) / 'anomaly_iter_5_rank_0.pth'
    said = replay_anomaly(make_runner('again', iters=8), path)
    assert said == 'It begins in the output of line.2 (Linear).'


def test_a_checkpoint_is_no_anomaly(make_runner):
    runner = make_runner('run', iters=4)
    runner.train()
    path = Path(runner.work_dir) / 'iter_4.pth'
    with pytest.raises(CheckpointError, match='no number has left'):
        replay_anomaly(make_runner('again'), path)
