"""The files of the polar patch collection: pixels and their table."""

from __future__ import annotations

import csv
import os
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import DatasetError

PATCHES = 'patches_hh_hv.npz'
TABLE = 'meta.csv'

#: Columns of the table that we read.
COLUMNS = (
    'id',
    'scene',
    'label_raw',
    'label_repaired',
    'clean',
    'split',
)

_REMEDY = (
    'Copy the whole collection there, or name the folder that holds '
    'polar_patch/ in MMSEAICE_SHARED_DATA.'
)


def read_patches(root: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Read all patches, once per process and file.

    A data-loader worker shares the arrays of the process it was forked
    from. They are read-only.

    Args:
        root: Folder of the collection.

    Returns:
        Grey values, uint8 (n, 2, 64, 64) with channels HH, HV, where 0 in
        both is no data; and the id of each patch, (n,).

    Raises:
        DatasetError: If the file is missing, damaged or of another form.
    """
    path = Path(root).absolute() / PATCHES
    if not path.is_file():
        raise DatasetError(
            path,
            'the patches of the collection',
            'no such file',
            f'Point data_root at the folder that holds {PATCHES}.',
        )
    return _read_patches(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_patches(path: Path, changed: int) -> tuple[np.ndarray, np.ndarray]:
    """Read ``path``; ``changed`` makes a new file a new cache entry."""
    try:
        with np.load(path, allow_pickle=False) as file:
            members = {name: file[name] for name in ('x', 'id')}
    except KeyError as error:
        raise DatasetError(
            path, "members 'x' and 'id'", str(error), _REMEDY
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(
            path, 'a readable npz file without pickles', str(error), _REMEDY
        ) from error
    pixels, ids = members['x'], members['id']
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (2, 64, 64):
        raise DatasetError(
            path,
            "'x' to be uint8 (n, 2, 64, 64)",
            f'{pixels.dtype} {pixels.shape}',
            _REMEDY,
        )
    if ids.shape != (len(pixels),) or ids.dtype.kind not in 'iu':
        raise DatasetError(
            path,
            f"'id' to be {len(pixels)} whole numbers",
            f'{ids.dtype} {ids.shape}',
            _REMEDY,
        )
    for array in (pixels, ids):
        array.flags.writeable = False
    return pixels, ids


def read_table(root: str | os.PathLike) -> list[dict[str, str]]:
    """Read the table of patches, one dictionary per row.

    Raises:
        DatasetError: If it is missing, or lacks a column.
    """
    path = Path(root) / TABLE
    try:
        with path.open(newline='', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            path, 'the table of the collection', str(error), _REMEDY
        ) from error
    lacking = set(COLUMNS) - set(rows[0] if rows else ())
    if lacking:
        raise DatasetError(
            path,
            f'rows with the columns {", ".join(COLUMNS)}',
            f'{len(rows)} rows without {", ".join(sorted(lacking))}',
            _REMEDY,
        )
    return rows


def match_rows(
    rows: list[dict[str, str]], ids: np.ndarray, subject: object
) -> list[int]:
    """Find the patch of each row.

    Args:
        rows: Rows of the table.
        ids: Id of each patch, (n,).
        subject: What an error names.

    Returns:
        Number of the patch, by row.

    Raises:
        DatasetError: If table and patches do not have the same ids.
    """
    places = {str(number): place for place, number in enumerate(ids)}
    wanted = [row['id'] for row in rows]
    same = len(places) == len(ids) and len(set(wanted)) == len(wanted)
    if not same or set(wanted) != places.keys():
        differ = sorted(set(wanted) ^ places.keys())[:3]
        raise DatasetError(
            subject,
            f'the same ids, each once, in {TABLE} and {PATCHES}',
            f'{len(wanted)} rows and {len(ids)} patches'
            + (f' that differ in id {", ".join(differ)}' if differ else ''),
            'Take both files from the same copy of the collection.',
        )
    return [places[number] for number in wanted]
