"""train.py on two ranks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from .conftest import FINETUNING, PRETRAINING, ROOT, steps, train, weights

RANK = """
import runpy, sys, time
from types import SimpleNamespace
from mmseaice.engine import ranks
ranks.torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
tool = runpy.run_path(sys.argv[1])
within = tool['main'].__globals__
within['train'] = lambda cfg, args: time.sleep(3) or 0
tool['main'](sys.argv[2:])
"""


def test_the_ranks_of_a_run_share_its_folder(environment, tmp_path):
    """On GPUs, too, where they are connected later."""
    ranks = [
        subprocess.Popen(
            [sys.executable, '-c', RANK, ROOT / 'tools/train.py', PRETRAINING,
             '--launcher', 'pytorch', '--work-dir', tmp_path / 'a'],
            env=environment
            | {'RANK': str(rank), 'LOCAL_RANK': str(rank), 'WORLD_SIZE': '2',
               'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': '1'},
            stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    said = [rank.communicate(timeout=120)[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], said


def dist_train(config, ranks, env, *args):
    return subprocess.run(
        ['bash', ROOT / 'tools/dist_train.sh', config, str(ranks), *args],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )


def validations(work_dir):
    """The scores of each validation."""
    path = next(Path(work_dir).glob('*/vis_data/scalars.json'))
    rows = map(json.loads, path.read_text().splitlines())
    return [row for row in rows if 'AutoICE/combined' in row]


def test_two_ranks_are_one_of_twice_the_batch(environment, short, tmp_path):
    """Draws, losses, steps, scores of scenes shared out, early stopping."""
    options = (
        *short,
        'train_cfg.val_interval=2',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
        'model.backbone.init_cfg=None',
        # Each rank draws its own dropout.
        *(f'model.heads.{t}.dropout_ratio=0' for t in ('SIC', 'SOD', 'FLOE')),
        'default_hooks.early_stopping.type=EarlyStoppingHook',
        'default_hooks.early_stopping.min_delta=1e6',
        'default_hooks.early_stopping.patience=1',
        'train_cfg.max_iters=100',
        # Adam makes steps of gradients that are zero but for rounding.
        'optim_wrapper.optimizer._delete_=True',
        'optim_wrapper.optimizer.type=SGD',
        'optim_wrapper.optimizer.lr=0.01',
        'optim_wrapper.optimizer.weight_decay=0.05',
    )
    alone = train(FINETUNING, tmp_path / 'one', environment, *options)
    assert alone.returncode == 0, alone.stderr
    done = dist_train(
        FINETUNING, 2, environment, '--work-dir', tmp_path / 'two',
        '--cfg-options', *options, 'train_dataloader.batch_size=1',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('Checkpoint:') == 1
    # Two validations, of which the second was no better.
    assert steps(tmp_path / 'one') == steps(tmp_path / 'two') == 4
    first, second = (weights(tmp_path / name) for name in ('one', 'two'))
    for key, value in first.items():
        torch.testing.assert_close(second[key], value, rtol=1e-4, atol=1e-7)
    scores = [validations(tmp_path / name) for name in ('one', 'two')]
    assert len(scores[0]) == len(scores[1]) == 2
    for one, two in zip(*scores, strict=True):
        for key in one.keys() - {'time', 'data_time', 'memory'}:
            assert two[key] == pytest.approx(one[key], abs=0.05), key


def test_two_ranks_may_share_the_state_of_the_optimiser(
    environment, short, tmp_path
):
    """Begun without, ended with: weights and state are as without."""
    plain, shared = tmp_path / 'plain', tmp_path / 'shared'
    resume = ('--resume', plain / 'iter_2.pth', '--cfg-options', *short)
    sharding = 'optim_wrapper.optimizer.type=ShardedOptimizer'
    for folder, options in (
        (plain, ('--cfg-options', *short)),
        (shared, (*resume, sharding)),
    ):
        done = dist_train(
            PRETRAINING, 2, environment, '--work-dir', folder, *options
        )
        assert done.returncode == 0, done.stderr
    first, second = (
        torch.load(folder / 'iter_4.pth', weights_only=True)
        for folder in (plain, shared)
    )
    for key in ('state_dict', 'optimizer'):
        torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)


def test_the_rank_that_fails_has_the_last_word(environment, short, tmp_path):
    config = tmp_path / 'failing.py'
    config.write_text(
        f'_base_ = {str(PRETRAINING)!r}\n'
        "custom_imports = dict(imports=['failing_rank'])\n"
        "default_hooks = dict(fail=dict(type='FailingRankHook'))\n"
    )
    began = time.monotonic()
    done = dist_train(
        config, 2, environment, '--work-dir', tmp_path / 'run',
        '--cfg-options', *short,
    )  # fmt: skip
    assert done.returncode != 0
    assert time.monotonic() - began < 60
    said = done.stdout.splitlines()
    assert said[-1] == 'RuntimeError: rank 1 has had enough'
    assert 'The first to fail was rank_1:' in said
