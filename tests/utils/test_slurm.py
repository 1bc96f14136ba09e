"""What a program says to the job it runs in."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mmseaice.utils.slurm import job_id, shared_path

PROGRAM = """
import pathlib, sys, time
from mmseaice.utils.slurm import end_when_time_is_up
folder = pathlib.Path(sys.argv[1])
end_when_time_is_up(folder)
if sys.argv[2] == 'works':
    time.sleep(0.05)
    (folder / 'part').mkdir()
    (folder / 'part/result').touch()
print('up', flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ('does', 'listens', 'code'),
    [('works', True, 0), ('works', False, 75), ('nothing', True, 1)],
)
def test_another_turn_is_asked_for_after_some_progress(
    does, listens, code, tmp_path
):
    folder, again = tmp_path / 'out', tmp_path / 'again'
    folder.mkdir()
    (folder / 'of_a_turn_before').touch()
    time.sleep(0.05)
    env = {k: v for k, v in os.environ.items() if k != 'MMSEAICE_AGAIN'}
    program = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, folder, does],
        env=env | ({'MMSEAICE_AGAIN': str(again)} if listens else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == 'up\n'
    program.send_signal(signal.SIGUSR1)
    _, said = program.communicate(timeout=20)
    assert program.returncode == code
    assert again.exists() == (code == 0)
    assert ('too short' in said) == (does == 'nothing')


def test_a_task_of_an_array_is_named_by_both_numbers(monkeypatch):
    monkeypatch.setenv('SLURM_JOB_ID', '9')
    assert job_id() == '9'
    monkeypatch.setenv('SLURM_ARRAY_JOB_ID', '7')
    monkeypatch.setenv('SLURM_ARRAY_TASK_ID', '3')
    assert job_id() == '7_3'


def test_data_of_a_job_are_named_by_where_they_came_from(monkeypatch):
    text = "store='/local/7/data/a.zarr'"
    assert shared_path(text) == text
    monkeypatch.setenv('MMSEAICE_DATA', '/local/7/data')
    monkeypatch.setenv('MMSEAICE_STAGED', '/shared')
    assert shared_path(text) == "store='/shared/a.zarr'"
