"""A run that is asked to stop ends between two steps and loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmseaice.engine import PreemptionHook
from mmseaice.errors import TrainingStopped
from mmseaice.registry import HOOKS

SIGNALS = ('SIGTERM', 'SIGUSR1', 'SIGINT')


@HOOKS.register_module(force=True)
class SignalHook(Hook):
    """Sends this process signals in one step or one validation."""

    def __init__(self, names, step, during='train'):
        self.names, self.step, self.during = names, step, during

    def send(self, runner, during):
        if (self.during, self.step) == (during, runner.iter):
            for name in self.names:
                os.kill(os.getpid(), signal.Signals[name])

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.send(runner, 'train')

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self.send(runner, 'val')


@pytest.fixture
def run(make_runner, parity):
    """Train eight steps, a validation at each second; return the runner."""

    def _run(name, *names, step=4, during='train', **options):
        if names:
            options['default_hooks.disturb'] = dict(
                type='SignalHook', names=names, step=step, during=during
            )
        options.setdefault('val_evaluator.type', 'RisingMetric')
        runner = make_runner(name, iters=8, val=parity, **options)
        try:
            runner.train()
        except TrainingStopped:
            runner.left = True
        return runner

    return _run


def hook_of(runner):
    return next(h for h in runner.hooks if isinstance(h, PreemptionHook))


def files_of(runner):
    return sorted(path.name for path in Path(runner.work_dir).glob('*.pth'))


def content(runner, step=8):
    path = Path(runner.work_dir) / f'iter_{step}.pth'
    return torch.load(path, weights_only=True)


def assert_same(first, second):
    """Weights, optimiser and schedules; times and paths differ."""
    for key in ('state_dict', 'optimizer'):
        torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)
    key = 'param_schedulers'
    assert repr(first[key]) == repr(second[key])


def resume(run, stopped, **options):
    last = Path(stopped.work_dir, 'last_checkpoint').read_text()
    return run('resumed', resume=True, load_from=last, **options)


@pytest.mark.parametrize('name', SIGNALS)
def test_the_step_is_finished_and_saved(run, name):
    stopped = run('stopped', name)
    hook = hook_of(stopped)
    assert (hook.stopped, hook.reason, hook.progressed) == (True, name, True)
    assert files_of(stopped)[-1] == 'iter_5.pth'


def test_what_is_resumed_equals_the_undisturbed(run):
    stopped = run('stopped', 'SIGTERM')
    assert_same(content(run('whole')), content(resume(run, stopped)))


def test_nobody_listens_afterwards(run):
    before = [signal.getsignal(signal.Signals[name]) for name in SIGNALS]
    run('stopped', 'SIGTERM')
    after = [signal.getsignal(signal.Signals[name]) for name in SIGNALS]
    assert before == after


def test_a_second_ctrl_c_ends_it_at_once(run):
    with pytest.raises(KeyboardInterrupt):
        run('stopped', 'SIGINT', 'SIGINT')


def test_the_last_step_needs_no_stop(run):
    runner = run('late', 'SIGTERM', step=7, **{'train_cfg.val_interval': 100})
    # Its validation is left, as there is a checkpoint from before it.
    assert runner.left
    assert files_of(runner)[-1] == 'iter_8.pth'
    seen = {'val_evaluator.type': 'RisingMetric'}
    again = resume(run, runner, **seen, **{'train_cfg.val_interval': 100})
    assert again.message_hub.get_scalar('val/a').current() == 1
    assert not hook_of(again).stopped


def test_a_validation_is_left_and_made_up_for(run):
    memory = {
        'default_hooks.early_stopping': dict(
            type='EarlyStoppingHook', monitor='a', rule='less', patience=9
        ),
    }
    whole = run('whole', **memory)
    left = run('left', 'SIGUSR1', step=4, during='val', **memory)
    assert left.left
    assert files_of(left)[-1] == 'iter_4.pth'
    again = resume(run, left, **memory)
    assert_same(content(whole), content(again))
    # Two of four validations came before, one of them only half.
    assert len(again.message_hub.get_scalar('val/a').data[0]) == 4
    counts = [
        runner.message_hub.get_info('early_stopping')['wait_count']
        for runner in (whole, again)
    ]
    assert counts == [3, 3]


def test_a_validation_that_no_checkpoint_precedes_is_finished(run):
    options = {'default_hooks.checkpoint.interval': 3}
    stopped = run('stopped', 'SIGTERM', step=4, during='val', **options)
    assert hook_of(stopped).stopped
    assert files_of(stopped)[-1] == 'iter_5.pth'
    assert_same(
        content(run('whole', **options)),
        content(resume(run, stopped, **options)),
    )


def test_half_an_accumulated_gradient_is_not_left(run):
    options = {'optim_wrapper.accumulative_counts': 4}
    stopped = run('stopped', 'SIGTERM', step=1, **options)
    assert files_of(stopped)[-1] == 'iter_4.pth'


def test_a_time_limit_stops_it(run, monkeypatch):
    limit = {'default_hooks.preemption.time_limit': 0.0}
    stopped = run('limit', **limit)
    assert hook_of(stopped).reason == 'time limit'
    assert files_of(stopped) == ['iter_1.pth']
    # Of a Slurm job, a margin before its end.
    monkeypatch.setenv('SLURM_JOB_END_TIME', '4e9')
    assert not hook_of(run('long')).stopped
    monkeypatch.setenv('SLURM_JOB_END_TIME', '1e9')
    assert hook_of(run('over')).stopped


def test_a_test_run_leaves_the_training_alone(make_runner, parity):
    runner = make_runner('test', test=parity)
    runner.test()
    assert isinstance(runner._train_loop, (dict, type(None)))


def test_workers_do_not_hear_and_still_end(run):
    workers = {
        'train_dataloader.num_workers': 2,
        'train_dataloader.persistent_workers': True,
    }
    name = 'SIGTERM'

    class Group(SignalHook):
        def send(self, runner, during):
            if runner.iter == self.step and during == 'train':
                loop = runner.train_loop
                for worker in loop.dataloader_iterator._iterator._workers:
                    os.kill(worker.pid, signal.Signals[name])
                super().send(runner, during)

    HOOKS.register_module(name='SignalHook', force=True, module=Group)
    try:
        stopped = run('stopped', name, **workers)
    finally:
        HOOKS.register_module(name='SignalHook', force=True, module=SignalHook)
    assert files_of(stopped)[-1] == 'iter_5.pth'
    assert_same(
        content(run('whole', **workers)),
        content(resume(run, stopped, **workers)),
    )
