"""One run at a time in a folder."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import MMSeaIceError
from .slurm import job_id

#: The file that is locked; it says who did.
NAME = '.in_use'

#: Seconds that a job waits for its own former self.
_PATIENCE = 300


@contextmanager
def used_alone(folder: str | Path) -> Iterator[None]:
    """Keep other processes out of a folder, on this machine and others.

    The system gives the folder back when the process ends, however it does.
    File systems that know no locks let everybody in.

    Args:
        folder: Made if it is not there.

    Raises:
        MMSeaIceError: If another process uses it; it is named.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    job = f' of job {job_id()}' if job_id() else ''
    until = time.monotonic() + _PATIENCE
    with (folder / NAME).open('a+') as file:
        while holder := _lock(file):
            # An earlier turn of this job, on a node that is gone: the file
            # server will notice.
            if not (job and holder.endswith(job)) or time.monotonic() > until:
                raise MMSeaIceError(
                    folder,
                    'a folder that no other run is in',
                    f'one in use by {holder}',
                    'Wait until that has ended, or take another --work-dir.',
                )
            time.sleep(1)
        file.truncate(0)
        file.write(f'process {os.getpid()} on {socket.gethostname()}{job}')
        file.flush()
        yield


def _lock(file: TextIO) -> str | None:
    """Lock a file, or tell who has."""
    try:
        # Unlike flock's, this lock is not handed down to workers, which may
        # outlive a run that is killed.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.seek(0)
        return file.read().strip() or 'another process'
    except OSError:
        # A file system that knows no locks.
        pass
    return None
