"""train.py when it is told to stop, or is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from mmseaice.engine import latest_checkpoint
from mmseaice.utils.lock import used_alone

from .conftest import PRETRAINING, ROOT, steps, train, weights


@pytest.fixture
def slurm(environment, tmp_path):
    """The environment of a job, and how it asks for another turn."""
    again = tmp_path / 'again'
    return environment | {
        'SLURM_JOB_ID': '7',
        'SLURM_JOB_END_TIME': '4e9',
        'MMSEAICE_AGAIN': str(again),
    }, again


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
