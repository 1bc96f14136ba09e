"""From a publisher's files to a folder of scenes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ...errors import DownloadError
from ...utils.atomic import atomic_path
from .fetch import fetch_all, md5_of, note_of, part_of, verify
from .sources import HUB_FILES, RemoteFile, article_files, hub_files
from .unpack import Manifest, unpack

#: Unpacked scenes take about as much room as the archives; charts compress
#: further, so this is on the safe side.
UNPACKED = 1.1

#: Bytes of each split's archives, to check the room before the first byte.
ARCHIVE_BYTES = {'metadata': 44_000, 'test': 2.52e9, 'train': 59.6e9}

_ARCHIVES = '.archives'
_PACKED = ('.tar.gz', '.tgz')


def download_ready(
    out: Path,
    splits: Sequence[str],
    archives: Path | None = None,
    keep: bool = False,
) -> int:
    """Bring ready-to-train scenes into ``out/train`` and ``out/test``.

    What an earlier call has done is not done again.

    Args:
        out: Folder of the scenes.
        splits: 'train', 'test' or both.
        archives: Folder of archives that were fetched by hand; None
            fetches them from the hub.
        keep: Whether to keep archives that were fetched.

    Returns:
        Number of files in ``out`` that came from archives.

    Raises:
        DownloadError: If an archive cannot be had, has a wrong sum or is
            broken.
        OSError: If the disk is full.
    """
    manifest = Manifest(out)
    wanted = [
        split for split in ('metadata', *splits) if not manifest.done(split)
    ]
    if archives is None:
        _check_room(out, wanted)
    for split in wanted:
        files = hub_files(split)
        if archives is None:
            paths = fetch_all(files, out / _ARCHIVES)
        else:
            paths = [_by_hand(archives, file) for file in files]
        if split == 'metadata':
            _copy(paths[0], manifest, files[0].md5, split)
        else:
            _unpack(paths, manifest, split)
            _check_root(paths[0], manifest, split)
        manifest.finish(split)
    if archives is None and not keep:
        for split in ('metadata', *splits):
            _remove_archives(out / _ARCHIVES, split)
    return len(manifest.files)


def download_raw(
    out: Path, splits: Sequence[str], archives: Path | None = None
) -> int:
    """Bring raw scenes into ``out/raw``, see :func:`download_ready`.

    Scenes that come as plain files are kept as they are, archives are
    unpacked.
    """
    folder = out / 'raw'
    manifest = Manifest(folder)
    for split in splits:
        if manifest.done(split):
            continue
        files = article_files(split)
        if archives is None:
            _need(folder, sum(_room_for(file, folder) for file in files))
            paths = fetch_all(files, folder)
        else:
            paths = [_by_hand(archives, file) for file in files]
        for path, file in zip(paths, files, strict=True):
            if path.name.endswith(_PACKED):
                _unpack([path], manifest, split)
            else:
                _copy(path, manifest, file.md5, split)
        manifest.finish(split)
    return len(manifest.files)


def _room_for(file: RemoteFile, folder: Path) -> float:
    """Bytes that a raw file still needs, unpacked ones included."""
    size = file.size or 0
    there = sum(
        path.stat().st_size
        for path in (folder / file.name, part_of(folder / file.name))
        if path.is_file()
    )
    packed = UNPACKED * size if file.name.endswith(_PACKED) else 0
    return max(size - there, 0) + packed


def _check_root(archive: Path, manifest: Manifest, split: str) -> None:
    """Raise unless the files of a split lie in a folder of its name."""
    names = [
        name
        for name, entry in manifest.files.items()
        if entry['archive'] == split
    ]
    if not any(name.startswith(f'{split}/') for name in names):
        raise DownloadError(
            archive,
            f'scenes in a folder {split}/',
            f'{", ".join(names[:2]) or "nothing"}',
            'The archive is packed in another way; move its files there.',
        )


def _remove_archives(folder: Path, split: str) -> None:
    """Remove the archives of a split that is unpacked."""
    for file in hub_files(split):
        path = folder / file.name
        for leftover in (path, part_of(path), note_of(path)):
            leftover.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def verify_folder(out: Path) -> list[str]:
    """Compare every unpacked file with its size and sum.

    Returns:
        Names of files that are missing or damaged. Damaged ones are moved
        aside, so that the next download brings them again.

    Raises:
        DownloadError: If nothing was downloaded to this folder.
    """
    from tqdm import tqdm

    manifest = Manifest(out)
    if not manifest.files:
        raise DownloadError(
            out,
            'a folder that this command has filled',
            'one without a manifest',
            'Download to it first.',
        )
    bad = []
    total = sum(entry['size'] for entry in manifest.files.values())
    with tqdm(total=total, unit='B', unit_scale=True, desc='verify') as bar:
        for name, entry in manifest.files.items():
            path = out / name
            if not manifest.has(name, entry['size']):
                bad.append(name)
            elif md5_of(path, bar.update) != entry['md5']:
                path.rename(path.with_name(path.name + '.damaged'))
                bad.append(name)
    return bad


def _copy(path: Path, manifest: Manifest, md5: str, split: str) -> None:
    """Put a plain file beside the manifest, unless it lies there."""
    if path.parent != manifest.folder:
        with atomic_path(manifest.folder / path.name) as part:
            shutil.copyfile(path, part)
    manifest.add(path.name, path.stat().st_size, md5, split)


def _unpack(paths: Sequence[Path], manifest: Manifest, split: str) -> None:
    from tqdm import tqdm

    total = sum(path.stat().st_size for path in paths)
    with tqdm(total=total, unit='B', unit_scale=True, desc='unpack') as bar:
        for name in unpack(paths, manifest, split, bar.update):
            bar.set_postfix_str(name)


def _by_hand(folder: Path, file: RemoteFile) -> Path:
    """A file that somebody else fetched, if it is the published one."""
    path = folder / file.name
    if not verify(path, file.md5):
        raise DownloadError(
            path,
            f'a file with the md5 sum {file.md5}',
            'another one' if path.is_file() else 'nothing of that name',
            'Fetch it again.',
        )
    return path


def _check_room(out: Path, splits: Sequence[str]) -> None:
    """Compare what is to come with the free room, archives included."""
    archives = 0.0
    for split in splits:
        there = sum(
            path.stat().st_size
            for name in HUB_FILES[split]
            for path in (out / _ARCHIVES).rglob(f'*{name}*')
        )
        archives += max(ARCHIVE_BYTES[split] - there, 0)
    unpacked = sum(ARCHIVE_BYTES[split] for split in splits) * UNPACKED
    manifest = Manifest(out)
    done = sum(
        entry['size']
        for name, entry in manifest.files.items()
        if entry['archive'] in splits and manifest.has(name, entry['size'])
    )
    _need(out, archives + max(unpacked - done, 0))


def _need(folder: Path, size: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DownloadError(
            folder,
            f'{size / 1e9:.1f} GB of free room',
            f'{free / 1e9:.1f} GB',
            'Make room, choose another folder or a single --split.',
        )
