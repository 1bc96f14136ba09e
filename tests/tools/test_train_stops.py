"""train.py when it is told to stop, is killed, or has two ranks."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mmseaice.engine import latest_checkpoint
from mmseaice.testing import config_root
from mmseaice.utils.lock import used_alone

ROOT = Path(__file__).resolve().parents[2]
PRETRAINING = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
FINETUNING = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)


@pytest.fixture(scope='module')
def environment(demo_data):
    return os.environ | {
        'MMSEAICE_DATA': str(demo_data),
        'PYTHON': sys.executable,
        'PYTHONPATH': str(ROOT / 'tests/slurm'),
        'OMP_NUM_THREADS': '1',
    }


@pytest.fixture
def slurm(environment, tmp_path):
    """The environment of a job, and how it asks for another turn."""
    again = tmp_path / 'again'
    return environment | {
        'SLURM_JOB_ID': '7',
        'SLURM_JOB_END_TIME': '4e9',
        'MMSEAICE_AGAIN': str(again),
    }, again


def train(config, work_dir, env, *options, resume=True):
    command = [sys.executable, ROOT / 'tools/train.py', config]
    command += ['--work-dir', work_dir, *['--resume'] * resume]
    return subprocess.run(
        [*command, '--cfg-options', *options],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )


def weights(folder, step=4):
    path = Path(folder) / f'iter_{step}.pth'
    return torch.load(path, weights_only=True)['state_dict']


def test_a_job_whose_time_is_up_asks_for_another_turn_if_it_resumes(
    slurm, short, tmp_path
):
    env, again = slurm
    options = (*short, 'default_hooks.preemption.time_limit=0')
    done = train(PRETRAINING, tmp_path / 'a', env, *options, resume=False)
    assert done.returncode == 75, done.stderr
    assert 'with --resume goes on' in done.stdout
    assert not again.exists()
    # A rank that fails would take the others with it.
    done = train(PRETRAINING, tmp_path / 'a', env, *options)
    assert done.returncode == 0, done.stderr
    assert 'Stopped at step 2' in done.stdout
    again.unlink()
    # Nobody listens here.
    env = {k: v for k, v in env.items() if k != 'MMSEAICE_AGAIN'}
    done = train(PRETRAINING, tmp_path / 'a', env, *options)
    assert done.returncode == 75, done.stderr
    # What is left is the last step, which needs no turn of its own.
    done = train(PRETRAINING, tmp_path / 'a', env, *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'a/iter_4.pth').is_file()


def test_a_second_run_in_a_folder_is_refused(environment, short, tmp_path):
    with used_alone(tmp_path / 'a'):
        done = train(PRETRAINING, tmp_path / 'a', environment, *short)
    assert done.returncode == 1
    assert f'in use by process {os.getpid()}' in done.stderr
    assert 'Traceback' not in done.stderr


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


def test_who_ends_it_for_good_gets_no_second_turn(slurm, short, tmp_path):
    env, again = slurm
    work_dir = tmp_path / 'a'
    options = (*short, 'train_cfg.max_iters=100000')
    process = subprocess.Popen(
        [sys.executable, ROOT / 'tools/train.py', PRETRAINING, '--resume',
         '--work-dir', work_dir, '--cfg-options', *options],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(process, work_dir, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert not again.exists()
    assert latest_checkpoint(work_dir) is not None


def wait_for(process, work_dir, step):
    """Wait until a checkpoint of a later step is there."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() in (None, 0)
        if process.poll() == 0 or steps(work_dir) > step:
            return
        time.sleep(0.02)
    raise TimeoutError


def steps(work_dir):
    """Steps of the checkpoint to go on from."""
    path = latest_checkpoint(work_dir)
    return 0 if path is None else int(path.stem.rpartition('_')[2])


def kill_often(env, work_dir, kills, seed):
    """Kill a training of 60 steps at random instants, then finish it.

    Each step writes a checkpoint, which takes as long as the step.
    """
    draw = random.Random(seed)
    options = (
        'train_cfg.max_iters=60',
        'default_hooks.checkpoint.interval=1',
        'default_hooks.logger.interval=1',
        'train_dataloader.batch_size=2',
        'train_dataloader.num_workers=2',
    )
    last = 0
    for _ in range(kills):
        if last >= 60:
            break
        process = subprocess.Popen(
            [sys.executable, ROOT / 'tools/train.py', PRETRAINING,
             '--resume', '--work-dir', work_dir, '--cfg-options', *options],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        wait_for(process, work_dir, last)
        time.sleep(draw.uniform(0, 0.4))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before, last = last, steps(work_dir)
        assert last > before
        weights(work_dir, last)
    return train(PRETRAINING, work_dir, env, *options)


@pytest.mark.parametrize(
    'kills', [5, pytest.param(50, marks=pytest.mark.soak)]
)
def test_nothing_is_lost_when_it_is_killed(environment, kills, tmp_path):
    whole = kill_often(environment, tmp_path / 'whole', 0, 0)
    assert whole.returncode == 0, whole.stderr
    runs = max(kills // 10, 1)
    for run in range(runs):
        folder = tmp_path / f'killed_{run}'
        done = kill_often(environment, folder, kills // runs, run)
        assert done.returncode == 0, done.stderr
        first = weights(tmp_path / 'whole', 60)
        second = weights(folder, 60)
        assert all(torch.equal(first[key], second[key]) for key in first)
        # No half-written file is left behind.
        assert {p.suffix for p in folder.glob('*') if p.is_file()} <= {
            '.pth', '.py', '.json', '',
        }  # fmt: skip


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
