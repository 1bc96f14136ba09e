"""Batches in parts, and schedules of another length."""

from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmseaice.errors import CheckpointError, MMSeaIceError
from mmseaice.registry import HOOKS
from mmseaice.testing import config_root
from mmseaice.utils.recipes import accumulate_gradients
from mmseaice.utils.schedules import stretch_schedulers


@HOOKS.register_module(force=True)
class RateHook(Hook):
    """Notes the learning rate of every update of the weights."""

    priority = 'LOWEST'

    def before_train(self, runner):
        runner.rates = []
        optimizer = runner.optim_wrapper.optimizer
        optimizer.register_step_pre_hook(
            lambda *_: runner.rates.append(optimizer.param_groups[0]['lr'])
        )


@pytest.fixture
def train(make_runner):
    """Train eight batches of two in so many parts."""

    def _train(parts=1, **options):
        options['custom_hooks'] = [dict(type='RateHook')]
        runner = make_runner(
            f'{parts}_parts',
            iters=8,
            edit=partial(accumulate_gradients, parts=parts),
            **options,
        )
        runner.model.line[1].p = 0.0
        runner.train()
        return runner

    return _train


def test_parts_of_a_batch_make_the_steps_of_the_whole(train):
    constant = {'param_scheduler': None}
    whole, parts = (train(count, **constant) for count in (1, 2))
    assert parts.iter == 2 * whole.iter == 16
    assert len(parts.rates) == len(whole.rates) == 8
    for ours, theirs in zip(
        parts.model.parameters(), whole.model.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_every_step_has_the_rate_of_the_recipe(train):
    cosine = dict(type='CosineAnnealingLR', by_epoch=False, begin=4, end=8)
    warm = dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=4)
    options = {'param_scheduler': [warm, cosine]}
    whole, parts = (train(count, **options).rates for count in (1, 2))
    assert len(set(whole)) == 7
    # Half a step ahead, as the second part is.
    between = zip(whole, [*whole[1:], 0.0], strict=True)
    for rate, ends in zip(parts, between, strict=True):
        assert min(ends) - 1e-9 <= rate <= max(ends) + 1e-9


def test_all_that_is_told_in_steps_is_stretched():
    cfg = Config.fromfile(
        config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
    )
    accumulate_gradients(cfg, 4)
    assert cfg.train_dataloader.batch_size == 8
    assert cfg.optim_wrapper.accumulative_counts == 4
    assert cfg.train_cfg.max_iters == 2000
    assert cfg.default_hooks.checkpoint.interval == 1000
    assert [part.end for part in cfg.param_scheduler] == [200, 2000]
    accumulate_gradients(cfg, 2)
    assert cfg.optim_wrapper.accumulative_counts == 8


def test_a_run_goes_on_in_the_parts_it_was_begun_in(train, make_runner):
    path = Path(train(2).work_dir) / 'iter_16.pth'
    again = make_runner('other', resume=True, load_from=str(path))
    with pytest.raises(CheckpointError, match='--accumulate 2'):
        again.train()


def test_epochs_stay_epochs():
    cfg = Config.fromfile(
        config_root() / 'pretraining/mae_vit-tiny-p8_100e_polar-patch.py'
    )
    size, before = cfg.train_dataloader.batch_size, cfg.param_scheduler
    accumulate_gradients(cfg, 2)
    assert cfg.train_dataloader.batch_size == size // 2
    assert cfg.train_cfg.max_epochs == 100
    assert cfg.param_scheduler == before


def test_a_batch_that_does_not_divide_is_named():
    cfg = Config(dict(train_dataloader=dict(batch_size=8)))
    with pytest.raises(MMSeaIceError, match=r'batch_size.*multiple of 3'):
        accumulate_gradients(cfg, 3)


def test_times_are_stretched_and_factors_are_not():
    one = Config(dict(a=dict(type='CosineRestartLR', periods=[4, 6], eta=4)))
    stretch_schedulers(one.a, 0.5)
    assert one.a.to_dict() == dict(
        type='CosineRestartLR', periods=[2, 3], eta=4
    )
    short = Config(dict(a=[dict(begin=0, end=3)]))
    stretch_schedulers(short.a, 0.01)
    assert (short.a[0].begin, short.a[0].end) == (0, 1)
