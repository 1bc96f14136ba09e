"""Files that are either whole under their name or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .processes import is_alive


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path that becomes the file ``path`` on success.

    The temporary lies in the same folder, so the final rename is atomic; on
    an error it is removed and whatever was at ``path`` before stays as it
    was. A folder at ``path`` is such an error.

    Args:
        path: Final path of the file. Missing parent folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    try:
        yield part
        with open(part, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def remove_abandoned_parts(folder: str | os.PathLike, since: float) -> None:
    """Remove temporaries of :func:`atomic_path` that nobody will finish.

    Args:
        folder: Folder of the finished files; folders below are left alone.
        since: Time (s since 1970) at which the present run began. Older
            temporaries go, and those whose process has ended.
    """
    for part in Path(folder).glob('.*.part'):
        process = part.suffixes[-2].lstrip('.') if part.suffixes[1:] else ''
        if not (process.isdigit() and part.is_file()):
            continue
        if not is_alive(int(process)) or part.stat().st_mtime < since:
            part.unlink(missing_ok=True)
