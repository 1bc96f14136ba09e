"""One patch in one npz file, without pickles.

Members are ``sar``, float32 (C, H, W) in physical units with NaN where
there is no value, and one per chart in lower case, uint8 (H, W), 255 where
there is no label: ``sic`` in percent, as it is a quantity; others, such as
``sod``, hold class numbers.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...charts.codes import IGNORE, get_task
from ...errors import DatasetError
from ...utils.atomic import atomic_path

SAR = 'sar'

_REMEDY = (
    'Remove the file and export the patches again with the same command: it '
    'adds what is missing.'
)


def percent_step(task: str) -> int:
    """Percent from one class to the next, 1 if files hold the classes."""
    row = get_task(task)
    return 100 // (row.num_classes - 1) if row.kind == 'regression' else 1


def write_patch(
    path: str | os.PathLike,
    image: np.ndarray,
    charts: Mapping[str, np.ndarray],
) -> None:
    """Write a patch whole or not at all; the same patch, the same bytes.

    Args:
        path: File to write.
        image: Channels in physical units, shape (C, H, W), NaN invalid.
        charts: Classes by task, uint8, shape (H, W), 255 no label.
    """
    members = {SAR: np.asarray(image, np.float32)}
    for task, chart in charts.items():
        step = np.uint8(percent_step(task))
        known = chart != IGNORE
        members[task.lower()] = np.where(known, chart * step, np.uint8(IGNORE))
    with atomic_path(path) as part, open(part, 'wb') as file:
        np.savez(file, **members)


def read_patch(
    path: str | os.PathLike,
    shape: tuple[int, int, int],
    tasks: Sequence[str] = (),
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read a patch.

    Args:
        path: Its file.
        shape: Channels, lines and samples that it should have.
        tasks: Charts to read.

    Returns:
        Channels as :func:`write_patch` takes them, and classes by task;
        percent are rounded to the nearest class.

    Raises:
        DatasetError: If the file is missing, damaged, lacks a member, or
            one has another shape or type, or holds impossible values.
    """
    names = [SAR, *(task.lower() for task in tasks)]
    try:
        with np.load(path, allow_pickle=False) as file:
            present = file.files
            members = {name: file[name] for name in names if name in present}
    except (
        *(OSError, ValueError, EOFError, TypeError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise DatasetError(
            path,
            'a readable npz file without pickles',
            f'{type(error).__name__} ({error})',
            _REMEDY,
        ) from error
    for name in names:
        if name not in members:
            raise DatasetError(
                path,
                f'the member {name!r}',
                f'only {", ".join(present) or "none"}',
                'Leave the task out, or export the patches with it.',
            )
    _check(path, SAR, members[SAR], np.float32, shape)
    charts = {}
    for task in tasks:
        values = members[task.lower()]
        _check(path, task.lower(), values, np.uint8, shape[1:])
        charts[task] = _classes(path, task, values)
    return members[SAR], charts


def _check(
    path: str | os.PathLike,
    name: str,
    values: np.ndarray,
    dtype: type,
    shape: tuple[int, ...],
) -> None:
    """Check type and shape of a member."""
    if values.dtype != dtype or values.shape != shape:
        raise DatasetError(
            path,
            f'{name!r} to be {np.dtype(dtype)} {shape}',
            f'{values.dtype} {values.shape}',
            _REMEDY,
        )


def _classes(
    path: str | os.PathLike, task: str, values: np.ndarray
) -> np.ndarray:
    """Class numbers of what a file holds of a task, uint8 (H, W)."""
    step = percent_step(task)
    classes = np.rint(values / step).astype(np.uint8)
    highest = (get_task(task).num_classes - 1) * step
    known = values != IGNORE
    if (values[known] > highest).any():
        raise DatasetError(
            path,
            f'{task.lower()!r} within 0 and {highest}, or {IGNORE}',
            f'{values[known].max()}',
            _REMEDY,
        )
    return np.where(known, classes, np.uint8(IGNORE))


def missing_files(root: str | os.PathLike, files: Iterable[str]) -> list[str]:
    """Files that are not there, found by listing folders: one look for each.

    Args:
        root: Folder that the paths are relative to.
        files: Paths of files.
    """
    listed: dict[Path, set[str]] = {}
    missing = []
    for file in files:
        path = Path(root, file)
        if path.parent not in listed:
            exists = path.parent.is_dir()
            names = os.listdir(path.parent) if exists else ()
            listed[path.parent] = set(names)
        if path.name not in listed[path.parent]:
            missing.append(file)
    return missing
