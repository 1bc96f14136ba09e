"""Fetch files so that they are whole, whatever the network does."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import DownloadError
from ...utils.atomic import atomic_path
from .sources import HUB_DATASET, RemoteFile

#: Tries of one file before giving up, and seconds between the first two;
#: the wait doubles each time.
TRIES = 5
WAIT = 2.0

_BLOCK = 1 << 22

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

#: Status of a request for bytes behind the end of a file.
_NOT_SATISFIABLE = 416

logger = logging.getLogger(__name__)


def md5_of(path: Path, progress: Callable[[int], object] | None = None) -> str:
    """The md5 sum of a file, told block by block to ``progress``."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if progress:
                progress(len(block))
    return digest.hexdigest()


def is_verified(path: Path, md5: str) -> bool:
    """Whether a file is as it was when its sum was found right."""
    note = note_of(path)
    return (
        path.is_file()
        and note.is_file()
        and note.read_text() == _state(path, md5)
    )


def verify(path: Path, md5: str) -> bool:
    """Compare a file with its sum, and remember it if it is right."""
    if is_verified(path, md5):
        return True
    if not path.is_file() or md5_of(path) != md5:
        return False
    _remember(path, md5)
    return True


def _remember(path: Path, md5: str) -> None:
    """Note that a file has this sum, so that nobody reads it again for it."""
    try:
        with atomic_path(note_of(path)) as part:
            part.write_text(_state(path, md5))
    except OSError:
        # An archive in somebody else's folder is checked each time.
        pass


def note_of(path: Path) -> Path:
    """Where it is noted that a file was found right."""
    return path.with_name(f'.{path.name}.verified')


def part_of(path: Path) -> Path:
    """Where a file lies while it arrives."""
    return path.with_name(f'.{path.name}.part')


def _state(path: Path, md5: str) -> str:
    """What must not change for a verified file to stay so."""
    status = path.stat()
    return f'{md5} {status.st_size} {status.st_mtime_ns}\n'


def fetch_all(files: Sequence[RemoteFile], folder: Path) -> list[Path]:
    """Fetch files side by side, go on where an earlier call was cut off.

    Args:
        files: What to fetch.
        folder: Where to.

    Returns:
        Their paths, every one with the right sum.

    Raises:
        DownloadError: If one cannot be had. The others are finished first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=4) as pool:
        running = [pool.submit(fetch, file, folder) for file in files]
    return [future.result() for future in running]


def fetch(file: RemoteFile, folder: Path) -> Path:
    """Fetch one file, and again if its sum is wrong.

    Raises:
        DownloadError: If it does not come, or with another sum, after
            several tries.
    """
    path = folder / file.name
    problem = ''
    for number in range(TRIES):
        if verify(path, file.md5):
            return path
        if path.is_file():
            problem = f'a file of {path.stat().st_size} bytes and another sum'
            path.unlink()
        if number:
            logger.warning('%s: %s. Trying again.', file.name, problem)
            time.sleep(WAIT * 2 ** (number - 1))
        try:
            _get(file, folder)
        except Exception as error:
            # Libraries raise many kinds; a full disk is beyond trying again.
            if getattr(error, 'errno', None) in _NO_ROOM:
                raise
            problem = f'{type(error).__name__} ({error})'.split('\n')[0]
    if verify(path, file.md5):
        return path
    raise DownloadError(
        file.url or f'{HUB_DATASET}/{file.name}',
        f'a file with the md5 sum {file.md5}',
        problem or 'one with another sum',
        'What has arrived is kept: run the same command again later.',
    )


def _get(file: RemoteFile, folder: Path) -> None:
    """Bring one file to ``folder``, resuming what is half there."""
    # Takes a second, which --help need not wait for.
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get

    # Not hf_hub_download: since 1.x it drops what a broken download has
    # brought, and its temporary has another name in each process.
    url = file.url or hf_hub_url(HUB_DATASET, file.name, repo_type='dataset')
    path = folder / file.name
    part = part_of(path)
    # A server refuses to go on after the last byte.
    if not _is_whole(part, file):
        with open(part, 'ab') as target:
            if file.size is not None and target.tell() > file.size:
                target.truncate(0)
            try:
                http_get(
                    url,
                    target,
                    resume_size=target.tell(),
                    expected_size=file.size,
                    displayed_filename=file.name,
                )
            except Exception as error:
                if getattr(error, 'response', None) is not None:
                    status = getattr(error.response, 'status_code', 0)
                    if status == _NOT_SATISFIABLE:
                        part.unlink()
                raise
        if md5_of(part) != file.md5:
            # What is wrong from the start cannot be resumed.
            part.unlink()
            raise DownloadError(file.name, f'md5 sum {file.md5}', 'another')
    os.replace(part, path)
    _remember(path, file.md5)


def _is_whole(part: Path, file: RemoteFile) -> bool:
    """Whether all of a file has arrived; its sum is taken only if it may."""
    return (
        part.is_file()
        and file.size in (None, part.stat().st_size)
        and md5_of(part) == file.md5
    )
