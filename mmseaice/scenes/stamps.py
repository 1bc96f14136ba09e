"""Tell whether files have changed, without reading them."""

from __future__ import annotations

import os
from pathlib import Path


def stamps_of(path: str | os.PathLike) -> list[tuple[str, int, int]]:
    """Path, size and time of change (ns) of the files behind a path, sorted.

    With a file go those that make it up: all below a folder, the product
    around a manifest, the parts of a shapefile.

    Args:
        path: A file or folder.

    Raises:
        FileNotFoundError: If it is not there.
    """
    stamps = []
    for file in _files_behind(Path(path)):
        about = os.stat(file)
        stamps.append((os.fspath(file), about.st_size, about.st_mtime_ns))
    return stamps


def _files_behind(path: Path) -> list[Path]:
    if path.name == 'manifest.safe':
        path = path.parent
    if path.is_dir():
        return sorted(file for file in path.rglob('*') if file.is_file())
    if path.suffix.lower() != '.shp':
        return [path]
    parts = path.parent.iterdir()
    return sorted(
        file for file in parts if file.name.startswith(f'{path.stem}.')
    )
