"""What a job knows of the Slurm cluster that it runs on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

#: Exit code of a program that stopped in time to go on later (EX_TEMPFAIL).
GOES_ON = 75

#: Variable with the file by which a program asks for another turn.
AGAIN = 'MMSEAICE_AGAIN'

#: Variable with the folder that $MMSEAICE_DATA is a copy of, in a job.
STAGED = 'MMSEAICE_STAGED'

#: Seconds that the cluster's commands may take.
_PATIENCE = 60


def job_id() -> str | None:
    """Number of the job, or None outside of one.

    The number of one task of an array is also that of the array, so a task
    is named by both.
    """
    if task := os.environ.get('SLURM_ARRAY_TASK_ID'):
        return f'{os.environ["SLURM_ARRAY_JOB_ID"]}_{task}'
    return os.environ.get('SLURM_JOB_ID')


def _ask(*command: str) -> str | None:
    """What a command of Slurm prints, None if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f'{command[0]}: {error}', file=sys.stderr)
        return None
    if done.returncode:
        print(done.stderr.strip(), file=sys.stderr)
        return None
    return done.stdout.strip()


def end_time() -> float | None:
    """When the cluster will end this job, in seconds since 1970.

    Returns:
        The time; None outside of a job, or if it has no limit.
    """
    if known := os.environ.get('SLURM_JOB_END_TIME'):
        return float(known)
    if (job := job_id()) is None:
        return None
    text = _ask('squeue', '--noheader', '--jobs', job, '--format', '%e')
    try:
        return datetime.fromisoformat(text or '').timestamp()
    except ValueError:
        return None


def ask_for_another_turn() -> bool:
    """Ask for this job to be queued again when all of its ranks have ended.

    tools/slurm_run.sh does it, on the node itself: a container has no
    commands of Slurm, and a job that is queued again is killed at once.

    Returns:
        Whether somebody listens. If so, the program should end with 0, as a
        rank that fails takes the others with it.
    """
    path = os.environ.get(AGAIN)
    if path:
        Path(path).touch()
    return bool(path)


def end_when_time_is_up(folder: str | Path) -> None:
    """End this program at the signal that a job's time is up.

    It asks for another turn if it has got somewhere in this one: if a file
    changed in the folder that it writes to.

    Args:
        folder: Where the results are, whether there or not.
    """
    began, owner = time.time(), os.getpid()

    def stop(number: int, frame: object) -> None:
        # Workers inherit this, and are ended by their parent.
        if os.getpid() != owner:
            return
        files = (path for path in Path(folder).rglob('*') if path.is_file())
        if not any(path.stat().st_mtime > began for path in files):
            sys.exit('Nothing was done: a turn (TIME) is too short.')
        sys.exit(0 if ask_for_another_turn() else GOES_ON)

    signal.signal(signal.SIGUSR1, stop)


def shared_path(text: str) -> str:
    """A text in which data on the disk of a job are those they came from."""
    source, copy = (os.environ.get(k) for k in (STAGED, 'MMSEAICE_DATA'))
    return text.replace(copy, source) if source and copy else text
