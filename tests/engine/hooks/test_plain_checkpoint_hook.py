"""Checkpoints of real runs: plain, whole, and exact to resume from."""

import os
from pathlib import Path

import pytest
import torch

from mmseaice.errors import CheckpointError


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


@pytest.mark.parametrize('keys', [['toy/a'], ['toy/a', 'toy/b']])
def test_old_best_goes_after_the_new_one_is_written(make_runner, parity, keys):
    runner = make_runner(
        iters=8,
        val=parity,
        **{
            'val_evaluator': dict(type='RisingMetric', prefix='toy'),
            'default_hooks.checkpoint.save_best': keys,
            'default_hooks.checkpoint.rule': 'greater',
        },
    )
    folder, seen = Path(runner.work_dir), []
    save = runner.save_checkpoint

    def failing_save(out_dir, filename, *args, **kwargs):
        if filename.startswith('best'):
            seen.append({path.name for path in folder.glob('best*')})
            if runner.iter == 6:
                raise OSError('disk full')
        save(out_dir, filename, *args, **kwargs)

    runner.save_checkpoint = failing_save
    with pytest.raises(OSError, match='disk full'):
        runner.train()
    names = [f'best_{key.replace("/", "_")}_iter_{{}}.pth' for key in keys]
    assert seen[0] == set()
    assert seen[len(keys)] == {name.format(2) for name in names}
    left = {path.name for path in folder.glob('best*')}
    assert left == {name.format(4) for name in names}
    # What can be resumed from knows the best one that exists.
    last = torch.load(folder / 'iter_4.pth', weights_only=True)
    info = last['message_hub']['runtime_info']
    known = {v for k, v in info.items() if k.startswith('best_ckpt')}
    assert {Path(path).name for path in known} == left


def test_a_worse_score_leaves_the_best_alone(make_runner, parity):
    runner = make_runner(
        iters=6,
        val=parity,
        **{
            'val_evaluator': dict(type='RisingMetric', prefix='toy'),
            'default_hooks.checkpoint.save_best': 'toy/a',
            'default_hooks.checkpoint.rule': 'less',
        },
    )
    runner.train()
    left = {path.name for path in Path(runner.work_dir).glob('best*')}
    assert left == {'best_toy_a_iter_2.pth'}


def test_what_a_killed_run_half_wrote_is_removed(make_runner):
    runner = make_runner(iters=2)
    part = Path(runner.work_dir, '.iter_9.pth.1.part')
    part.touch()
    os.utime(part, (0, 0))
    runner.train()
    assert not part.exists()


@pytest.mark.parametrize('how', ['test', 'resume'])
def test_weights_of_another_model_are_refused(
    make_runner, tmp_path, parity, how
):
    make_runner('a').train()
    other = {'load_from': str(tmp_path / 'a/iter_2.pth'), 'model.width': 4}
    if how == 'test':
        run = make_runner('b', test=parity, **other).test
    else:
        run = make_runner('b', resume=True, **other).train
    with pytest.raises(CheckpointError, match='8 x 1 instead of 4 x 1'):
        run()


def test_training_may_begin_with_a_part_of_the_weights(make_runner, tmp_path):
    make_runner('a').train()
    content = torch.load(tmp_path / 'a/iter_2.pth', weights_only=True)
    del content['state_dict']['line.0.bias']
    torch.save(content, tmp_path / 'part.pth')
    runner = make_runner('b', load_from=str(tmp_path / 'part.pth'))
    runner.train()
    assert runner.iter == 4


def test_resuming_needs_no_encoder_file(make_runner, tmp_path):
    make_runner('encoder').train()
    encoder = tmp_path / 'encoder/iter_2.pth'
    option = {'model.encoder': str(encoder)}
    make_runner('a', **option).train()
    encoder.unlink()
    path = str(tmp_path / 'a/iter_2.pth')
    runner = make_runner('b', resume=True, load_from=path, **option)
    runner.train()
    assert runner.iter == 4
    assert runner.cfg.model.encoder == str(encoder)
