"""A folder has one run at a time."""

import subprocess
import sys
import threading

import pytest

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.lock import used_alone

HOLD = """
import os, sys, time
from mmseaice.utils.lock import used_alone
with used_alone(sys.argv[1]):
    child = os.fork()
    if child:
        print(child, flush=True)
    time.sleep(60)
"""


def test_it_is_kept_while_the_process_lives_and_no_longer(tmp_path):
    folder = tmp_path / 'run'
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, folder],
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(holder.stdout.readline())
    with (
        pytest.raises(MMSeaIceError, match=f'in use by process {holder.pid}'),
        used_alone(folder),
    ):
        pass
    holder.kill()
    holder.wait()
    # A worker that outlives it does not keep the folder.
    with used_alone(folder):
        subprocess.run(['kill', '-9', str(child)], check=True)


def test_a_file_system_without_locks_lets_everybody_in(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError(38, 'Function not implemented')

    monkeypatch.setattr('fcntl.lockf', refuse)
    with used_alone(tmp_path), used_alone(tmp_path):
        pass


def test_a_job_waits_for_its_former_self(tmp_path, monkeypatch):
    """On a node that is gone, whose lock the file server still keeps."""
    monkeypatch.setenv('SLURM_JOB_ID', '55')
    for key in ('SLURM_ARRAY_JOB_ID', 'SLURM_ARRAY_TASK_ID'):
        monkeypatch.delenv(key, raising=False)
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    child = holder.stdout.readline().strip()
    ends = threading.Timer(1.5, holder.kill)
    ends.start()
    with used_alone(tmp_path):
        assert not ends.is_alive()
    subprocess.run(['kill', '-9', child], check=True)
    holder.wait()
