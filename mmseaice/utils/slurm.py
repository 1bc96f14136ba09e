"""What a job knows of the Slurm cluster that it runs on."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

#: Exit code of a program that stopped in time to go on later (EX_TEMPFAIL).
GOES_ON = 75

#: Seconds that the cluster's commands may take.
_PATIENCE = 60


def job_id() -> str | None:
    """Number of the job, or None outside of one."""
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


def requeue() -> bool:
    """Have this job run again from its start, and be ended now.

    Returns:
        Whether the cluster agreed. It does not outside of a batch job, nor
        if the job was submitted with ``--no-requeue``.
    """
    job = job_id()
    return job is not None and _ask('scontrol', 'requeue', job) is not None
