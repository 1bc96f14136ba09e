"""Unpack archives member by member, straight from their pieces."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ...errors import DownloadError
from ...utils.atomic import atomic_path

_BLOCK = 1 << 20


class Pieces(io.RawIOBase):
    """Files read one after the other, as if they were one.

    Args:
        paths: The pieces in order.
        progress: Told the number of bytes of each read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        progress: Callable[[int], object] | None = None,
    ) -> None:
        self._left = list(paths)
        self._progress = progress
        self._file: io.BufferedReader | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer from the present piece, or from the next one."""
        while self._file is not None or self._left:
            if self._file is None:
                self._file = open(self._left.pop(0), 'rb')  # noqa: SIM115
            count = self._file.readinto(buffer)
            if count:
                if self._progress:
                    self._progress(count)
                return count
            self._file.close()
            self._file = None
        return 0

    def close(self) -> None:
        """Close the piece that is open."""
        if self._file is not None:
            self._file.close()
        super().close()


class Manifest:
    """What has been unpacked into a folder: size and md5 sum by name.

    One line of JSON per file, written when the file is whole, so a killed
    run loses at most the line that it was writing.

    Args:
        folder: The folder; the manifest is ``.manifest.jsonl`` in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / '.manifest.jsonl'
        self.files: dict[str, dict] = {}
        self.complete: set[str] = set()
        if self.path.is_file():
            for line in self.path.read_text().splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if 'name' in entry:
            self.files[entry['name']] = entry
        else:
            self.complete.add(entry['archive'])

    def _write(self, entry: dict) -> None:
        line = json.dumps(entry) + '\n'
        # A torn line of a killed run must not swallow this one.
        torn = self.path.is_file() and self.path.stat().st_size
        if torn:
            with open(self.path, 'rb') as file:
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b'\n' else '\n' + line
        with open(self.path, 'a') as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._take(line.strip())

    def add(self, name: str, size: int, md5: str, archive: str) -> None:
        """Note a whole file of an archive."""
        self._write(
            {'name': name, 'size': size, 'md5': md5, 'archive': archive}
        )

    def finish(self, archive: str) -> None:
        """Note that everything of an archive is there."""
        self._write({'archive': archive})

    def has(self, name: str, size: int) -> bool:
        """Whether a file of this size was unpacked and is still there."""
        entry = self.files.get(name)
        path = self.folder / name
        return (
            entry is not None
            and entry['size'] == size
            and path.is_file()
            and path.stat().st_size == size
        )

    def done(self, archive: str) -> bool:
        """Whether everything of an archive was unpacked and is there."""
        return archive in self.complete and all(
            self.has(name, entry['size'])
            for name, entry in self.files.items()
            if entry['archive'] == archive
        )


def unpack(
    pieces: Sequence[Path],
    manifest: Manifest,
    name: str,
    progress: Callable[[int], object] | None = None,
) -> Iterator[str]:
    """Unpack a tar.gz in pieces; files that are there are passed over.

    Args:
        pieces: The pieces in order.
        manifest: Where to unpack to, and what has been.
        name: Name of the archive in the manifest.
        progress: Told the number of bytes read.

    Yields:
        The name of each file, once it is whole.

    Raises:
        DownloadError: If the archive is broken, or a member would land
            outside the folder or is neither file nor folder.
    """
    try:
        with (
            io.BufferedReader(Pieces(pieces, progress), _BLOCK) as stream,
            tarfile.open(fileobj=stream, mode='r|gz') as archive,
        ):
            for member in archive:
                if member.isdir():
                    continue
                path = _safe_name(pieces[0], member)
                if not manifest.has(path, member.size):
                    md5 = _write_member(
                        archive, member, manifest.folder / path
                    )
                    manifest.add(path, member.size, md5, name)
                yield path
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise DownloadError(
            pieces[0],
            'a whole tar.gz archive',
            f'{type(error).__name__} ({error})',
            'Fetch it again, all pieces of it.',
        ) from error


def _safe_name(archive: Path, member: tarfile.TarInfo) -> str:
    """The path of a member within the folder, or an error."""
    path = PurePosixPath(member.name)
    parts = [part for part in path.parts if part != '.']
    if (
        not member.isfile()
        or path.is_absolute()
        or '..' in parts
        or '\\' in member.name
        or not parts
    ):
        raise DownloadError(
            archive,
            'plain files within the archive',
            f'{member.name!r}, a link or a path that leads outside',
            'Do not use this archive; it is not the published one.',
        )
    return str(PurePosixPath(*parts))


def _write_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path
) -> str:
    """Write one member, whole or not at all; return its md5 sum."""
    digest = hashlib.md5(usedforsecurity=False)
    source = archive.extractfile(member)
    with atomic_path(target) as part, open(part, 'wb') as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            file.write(block)
        if file.tell() != member.size:
            raise EOFError(f'{target.name} ends after {file.tell()} bytes')
    return digest.hexdigest()
