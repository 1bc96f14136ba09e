"""Whether the results have a place."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .findings import Finding, gigabytes

_TOPIC = 'disk'

#: Files that a run writes beside its checkpoints, about: logs, figures.
_FILES = 200


def check_disk(work_dir: str | os.PathLike, needed: float) -> list[Finding]:
    """Whether a folder can be written, and has room.

    A quota is found out by asking for the space, which is given back at
    once; on file systems that cannot be asked only the free space counts.

    Args:
        work_dir: Folder of the run; it need not be there.
        needed: Bytes of all checkpoints that are there at once.
    """
    folder = Path(os.path.abspath(work_dir))
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return [
            Finding(
                _TOPIC,
                'fault',
                f'{folder} cannot be written: {error.strerror}.',
                'Choose another folder with --work-dir.',
            )
        ]
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    text = f'{gigabytes(free)} free for checkpoints of {gigabytes(needed)}'
    remedy = (
        'Keep fewer with default_hooks.checkpoint.max_keep_ckpts, make room, '
        'or choose another folder with --work-dir.'
    )
    found = []
    if free < needed:
        found.append(Finding(_TOPIC, 'fault', text, remedy))
    elif not _is_granted(folder, needed):
        text += ', but they were refused: a quota is full'
        found.append(Finding(_TOPIC, 'fault', text, remedy))
    else:
        found.append(Finding(_TOPIC, 'ok', text))
    # Some file systems have no fixed number of files, and say 0.
    if room.f_files and room.f_favail < _FILES:
        found.append(
            Finding(
                _TOPIC,
                'fault',
                f'only {room.f_favail} more files fit into {folder}',
                'Remove small files there.',
            )
        )
    return found


def _is_granted(folder: Path, needed: float) -> bool:
    """Whether space of that size can be had, as far as can be asked."""
    if shutil.which('fallocate') is None:
        return True
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        done = subprocess.run(
            ['fallocate', '--length', str(max(int(needed), 1)), file.name],
            capture_output=True,
            text=True,
        )
    return done.returncode == 0 or 'not supported' in done.stderr
