"""Checkpoints of real runs: plain, whole, and exact to resume from."""

import os
from pathlib import Path

import pytest
import torch


def states_equal(a, b):
    assert a.keys() == b.keys()
    return all(torch.equal(a[key], b[key]) for key in a)


def test_checkpoint_of_a_run_loads_with_weights_only(make_runner, parity):
    runner = make_runner(val=parity)
    runner.train()
    path = os.path.join(runner.work_dir, 'iter_4.pth')
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint['meta']['iter'] == 4
    assert 'train/loss' in checkpoint['message_hub']['log_scalars']
    assert states_equal(checkpoint['state_dict'], runner.model.state_dict())


@pytest.mark.parametrize('wrapper', ['OptimWrapper', 'Bf16OptimWrapper'])
def test_resumed_run_equals_an_undisturbed_one(make_runner, wrapper):
    kind = {'optim_wrapper.type': wrapper}
    whole = make_runner('whole', iters=8, **kind)
    whole.train()
    make_runner('cut', iters=8, **kind).train()
    resumed = make_runner(
        'resumed',
        iters=8,
        resume=True,
        load_from=str(whole.work_dir).replace('whole', 'cut') + '/iter_6.pth',
        **kind,
    )
    resumed.train()
    assert resumed.iter == 8
    assert states_equal(whole.model.state_dict(), resumed.model.state_dict())
    ours, theirs = (
        r.message_hub.get_scalar('train/loss').data[0]
        for r in (whole, resumed)
    )
    assert len(ours) == 8
    assert list(ours) == list(theirs)
    assert (
        whole.optim_wrapper.state_dict()['param_groups']
        == resumed.optim_wrapper.state_dict()['param_groups']
    )


def test_old_checkpoint_goes_after_the_new_one_is_written(make_runner):
    """With one checkpoint to keep, a failing write keeps the old one."""
    runner = make_runner(
        iters=8, **{'default_hooks.checkpoint.max_keep_ckpts': 1}
    )
    kept = []
    save = runner.save_checkpoint

    def failing_save(*args, **kwargs):
        kept.append({n for n in os.listdir(runner.work_dir) if 'iter_' in n})
        if runner.iter + 1 == 6:
            raise OSError('disk full')
        save(*args, **kwargs)

    runner.save_checkpoint = failing_save
    with pytest.raises(OSError, match='disk full'):
        runner.train()
    assert kept == [set(), {'iter_2.pth'}, {'iter_4.pth'}]
    named = Path(runner.work_dir, 'last_checkpoint').read_text()
    assert os.path.basename(named) == 'iter_4.pth'
    assert torch.load(named, weights_only=True)['meta']['iter'] == 4


def test_keeps_as_many_as_asked(make_runner):
    runner = make_runner(iters=8)
    runner.train()
    names = {n for n in os.listdir(runner.work_dir) if n.endswith('.pth')}
    assert names == {'iter_6.pth', 'iter_8.pth'}


def test_resuming_says_nothing_that_means_nothing(
    make_runner, tmp_path, capsys
):
    make_runner('a').train()
    path = tmp_path / 'a/iter_2.pth'
    make_runner('b', resume=True, load_from=str(path)).train()
    assert 'WARNING' not in capsys.readouterr().out
