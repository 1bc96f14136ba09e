"""Tiny data where the demo's configs look for theirs, and tools to run."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmseaice.engine import latest_checkpoint
from mmseaice.testing import FOUR_STEPS, build_demo_stores, config_root

ROOT = Path(__file__).resolve().parents[2]
PRETRAINING = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
FINETUNING = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)


@pytest.fixture(scope='session')
def demo_data(tmp_path_factory):
    """$MMSEAICE_DATA with stores of random scenes."""
    data = tmp_path_factory.mktemp('data')
    build_demo_stores(data, train=3, test=2)
    return data


@pytest.fixture(scope='session')
def run_tool(demo_data):
    """Run a tool as a user does and return the finished process."""

    def _run(tool, *args, check=True):
        done = subprocess.run(
            [sys.executable, ROOT / 'tools' / tool, *map(str, args)],
            env=os.environ | {'MMSEAICE_DATA': str(demo_data)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        text = done.stdout[-4000:] + done.stderr[-4000:]
        assert not check or done.returncode == 0, text
        return done

    return _run


@pytest.fixture(scope='session')
def pretrained(run_tool, tmp_path_factory):
    """A run of four pre-training steps and what it said."""
    work_dir = tmp_path_factory.mktemp('pretrained')
    done = run_tool(
        'train.py',
        PRETRAINING,
        *('--work-dir', work_dir),
        *('--cfg-options', *FOUR_STEPS),
    )
    return work_dir, done


@pytest.fixture(scope='session')
def finetuned(run_tool, pretrained, tmp_path_factory):
    """A run of four fine-tuning steps on the pre-trained encoder."""
    work_dir = tmp_path_factory.mktemp('finetuned')
    encoder = pretrained[0] / 'iter_4.pth'
    done = run_tool(
        'train.py',
        FINETUNING,
        *('--work-dir', work_dir, '--amp', '--cfg-options', *FOUR_STEPS),
        f'model.backbone.init_cfg.checkpoint={encoder}',
    )
    return work_dir, done


@pytest.fixture(scope='session')
def load_tool():
    """Import a tool for its functions."""
    return lambda name: runpy.run_path(str(ROOT / 'tools' / name))


@pytest.fixture(scope='session')
def short():
    """Config options for a run of four steps."""
    return FOUR_STEPS


@pytest.fixture(scope='session')
def environment(demo_data):
    return os.environ | {
        'MMSEAICE_DATA': str(demo_data),
        'PYTHON': sys.executable,
        'PYTHONPATH': str(ROOT / 'tests/slurm'),
        'OMP_NUM_THREADS': '1',
    }


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


def steps(work_dir):
    """Steps of the checkpoint to go on from."""
    path = latest_checkpoint(work_dir)
    return 0 if path is None else int(path.stem.rpartition('_')[2])
