"""Ranks without a GPU."""

import socket
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from mmseaice.engine.ranks import joined_ranks, slurm_environment
from mmseaice.errors import MMSeaIceError

TASK = {
    'SLURM_STEP_NODELIST': 'node[1-2]',
    'SLURM_JOB_ID': '123456',
    'SLURM_PROCID': '3',
    'SLURM_LOCALID': '1',
    'SLURM_NTASKS': '4',
    'MASTER_ADDR': 'node1',
}

ONE_RANK = """
from pathlib import Path

import torch
from mmengine.config import Config
from mmseaice.engine.ranks import joined_ranks
from mmseaice.registry import MODEL_WRAPPERS


def step(cfg):
    layers = [torch.nn.Conv2d(1, 4, 1), torch.nn.SyncBatchNorm(4)]
    model = MODEL_WRAPPERS.build(
        cfg.model_wrapper_cfg,
        default_args={'module': torch.nn.Sequential(*layers)},
    )
    model(torch.randn(2, 1, 3, 3)).sum().backward()
    assert model.module[1].weight.grad is not None
    print(type(model.module[1]).__name__, gloo_threads() > 0)


def gloo_threads():
    threads = Path('/proc/self/task').glob('*/comm')
    return sum('gloo' in path.read_text() for path in threads)


cfg = Config(dict(launcher='pytorch'))
with joined_ranks(cfg):
    step(cfg)
print(gloo_threads())
"""


def test_slurm_says_what_torch_asks_for():
    found = slurm_environment(TASK)
    assert found == {
        'RANK': '3', 'LOCAL_RANK': '1', 'WORLD_SIZE': '4',
        'MASTER_PORT': '23456',
    }  # fmt: skip
    # Two jobs on a node do not meet.
    other = slurm_environment(TASK | {'SLURM_JOB_ID': '123457'})
    assert other['MASTER_PORT'] != found['MASTER_PORT']
    given = slurm_environment(TASK | {'MASTER_PORT': '5'})
    assert 'MASTER_PORT' not in given


@pytest.mark.parametrize(
    ('launcher', 'remedy'), [('slurm', 'srun'), ('pytorch', 'dist_train.sh')]
)
def test_a_launcher_that_was_not_used_is_named(launcher, remedy):
    ranks = joined_ranks(Config(dict(launcher=launcher)), env={})
    with pytest.raises(MMSeaIceError, match=remedy), ranks:
        pass


@pytest.mark.skipif(torch.cuda.is_available(), reason='is for CPU ranks')
def test_on_cpu_ranks_sync_bn_is_bn_and_no_thread_is_left(monkeypatch):
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    for name, value in {
        'RANK': '0', 'WORLD_SIZE': '1', 'LOCAL_RANK': '0',
        'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, '-c', ONE_RANK],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # A thread that outlived Python would abort the process now and then.
    assert done.stdout.split()[-3:] == ['_BatchNormXd', 'True', '0']
