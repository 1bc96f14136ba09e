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


def test_it_is_played_again_in_the_precision_of_the_run(make_runner):
    half = {'optim_wrapper.type': 'Bf16OptimWrapper'}
    runner = make_runner('run', iters=8, **POISON, **half)
    with pytest.raises(NonFiniteLossError):
        runner.train()
    path = Path(runner.work_dir) / 'anomaly_iter_5_rank_0.pth'
    again = make_runner('again', iters=8, **half)
    assert 'line.2' in replay_anomaly(again, path)
    assert again.model.dtypes == {torch.bfloat16}


def test_a_step_of_an_epoch_is_taken_again(make_runner):
    def by_epochs(cfg):
        cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4)
        cfg.train_dataloader.sampler.type = 'mmengine.DefaultSampler'
        cfg.default_hooks.checkpoint.by_epoch = True

    poison = {'default_hooks.poison': dict(type='PoisonHook', step=11)}
    runner = make_runner('run', edit=by_epochs, **poison)
    with pytest.raises(NonFiniteLossError):
        runner.train()
    assert runner.epoch == 1
    path = Path(runner.work_dir) / 'anomaly_iter_11_rank_0.pth'
    said = replay_anomaly(make_runner('again', edit=by_epochs), path)
    assert said == 'It begins in the output of line.2 (Linear).'


def test_a_part_of_a_batch_is_looked_at_by_itself(make_runner):
    parts = {'optim_wrapper.accumulative_counts': 4}
    runner = make_runner('run', iters=8, **POISON, **parts)
    with pytest.raises(NonFiniteLossError, match='step 6: '):
        runner.train()
