"""One run at a time in a folder."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import MMSeaIceError
from .slurm import job_id

#: The file that is locked; it says who did.
NAME = '.in_use'


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
    with (folder / NAME).open('a+') as file:
        try:
            # Unlike flock's, this lock is not handed down to workers, which
            # may outlive a run that is killed.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            raise MMSeaIceError(
                folder,
                'a folder that no other run is in',
                f'one in use by {file.read().strip() or "another process"}',
                'Wait until that has ended, or take another --work-dir.',
            ) from None
        except OSError:
            yield
            return
        file.truncate(0)
        job = f' of job {job_id()}' if job_id() else ''
        file.write(f'process {os.getpid()} on {socket.gethostname()}{job}')
        file.flush()
        yield
