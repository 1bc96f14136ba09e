"""A Slurm cluster of this machine, and small data to run jobs on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmseaice.scenes import write_split
from mmseaice.testing import build_demo_stores

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: States that a job does not leave.
ENDED = ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'NODE_FAIL')


class Cluster:
    """Jobs of a test cluster, submitted from a folder of their own.

    Args:
        folder: What start_cluster.sh was given.
        cwd: Where the commands are run.
        data: $MMSEAICE_DATA.
    """

    def __init__(self, folder: Path, cwd: Path, data: Path) -> None:
        self.cwd = cwd
        self.env = os.environ | {
            'SLURM_CONF': str(folder / 'slurm.conf'),
            'MMSEAICE_DATA': str(data),
            'PYTHON': sys.executable,
            'PYTHONPATH': str(HERE),
            'OMP_NUM_THREADS': '1',
            'GPUS': '0',
            'CPUS': '1',
            'MEMORY': '2G',
            'TIME': '10',
        }

    def ask(self, *command: str | Path, **env: str) -> str:
        """What a command prints; it must succeed."""
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.cwd,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def submit(self, script: str, *args: str | Path, **env: str) -> str:
        """The number of the job that a script of ours submits."""
        said = self.ask('bash', ROOT / 'tools' / script, *args, **env)
        return said.split()[-1]

    def jobs(self, job: str) -> list[dict[str, str]]:
        """What the cluster says of a job, or of the tasks of an array."""
        said = self.ask('scontrol', '--oneliner', 'show', 'job', job)
        return [
            dict(word.split('=', 1) for word in line.split() if '=' in word)
            for line in said.splitlines()
        ]

    def wait(self, job: str, seconds: float = 300) -> list[dict[str, str]]:
        """Wait until a job, or all tasks of it, have ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.jobs(job)
            if all(task['JobState'] in ENDED for task in found):
                return found
            time.sleep(1)
        raise TimeoutError(f'{found}\n{self.ask("squeue")}')

    def log(self, name: str) -> str:
        """What a job said."""
        return (self.cwd / f'work_dirs/slurm/{name}.txt').read_text()


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """Stores of random scenes where the demo's configs look for theirs."""
    data = tmp_path_factory.mktemp('data')
    scenes = build_demo_stores(data, train=4, test=1)
    write_split(data / 'demo/splits/train_050.txt', scenes[:1])
    write_split(data / 'demo/splits/train_100.txt', scenes[:3])
    return data


@pytest.fixture(scope='session')
def cluster(tmp_path_factory, data):
    """A cluster that runs while the tests do."""
    if not shutil.which('sbatch') or not Path('/usr/sbin/munged').exists():
        pytest.skip('no Slurm here: apt-get install slurm-wlm munge')
    folder = tmp_path_factory.mktemp('cluster')
    # munge wants nobody else to be able to replace what leads to its socket.
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(0o755)
    subprocess.run(['bash', HERE / 'start_cluster.sh', folder], check=True)
    yield Cluster(folder, tmp_path_factory.mktemp('submitted'), data)
    subprocess.run(['bash', HERE / 'stop_cluster.sh', folder], check=True)
