"""The table of patches: one row for each, as CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import DatasetError
from ...utils.csv_file import write_csv
from .sampler import Window

#: Name of the table in the folder of an export.
TABLE = 'patches.csv'

_REMEDY = 'Export the patches again with tools/data/export_patches.py.'


@dataclass(frozen=True)
class Patch:
    """One patch and what it holds.

    Args:
        patch_id: Id that no other patch of the table has.
        file: Its file, relative to the folder of the export.
        scene_id: Scene that it was cut from.
        spacing: Pixel spacing in metres.
        y: First line in the scene, in pixels of this spacing.
        x: First sample, likewise.
        height: Lines.
        width: Samples.
        latitude: Latitude of its centre in degrees, None if not known.
        longitude: Longitude of its centre in degrees, likewise.
        valid: Share of its pixels that have SAR.
        labelled: Share of those that have a label.
        labels: What the charts say of it, see :func:`.summarise_charts`;
            columns of these names follow the share of labels.
        split: 'train', 'val', or '' as long as nobody has split.
        seed: Seed that placed it.
    """

    patch_id: str
    file: str
    scene_id: str
    spacing: float
    y: int
    x: int
    height: int
    width: int
    latitude: float | None
    longitude: float | None
    valid: float
    labelled: float
    labels: Mapping[str, float | None] = field(default_factory=dict)
    split: str = ''
    seed: int = 0

    @property
    def window(self) -> Window:
        """Its place in the scene."""
        return Window(self.y, self.x, self.height, self.width)


def _number(text: str) -> float | None:
    """A number, or None of an empty cell; whole ones stay whole."""
    if not text:
        return None
    return int(text) if text.isdecimal() else float(text)


#: How the text of a column becomes its value, in the order of the columns.
_HEAD: dict[str, Callable[[str], Any]] = {
    'patch_id': str,
    'file': str,
    'scene_id': str,
    'spacing': float,
    'y': int,
    'x': int,
    'height': int,
    'width': int,
    'latitude': _number,
    'longitude': _number,
    'valid': float,
    'labelled': float,
}
_TAIL: dict[str, Callable[[str], Any]] = {'split': str, 'seed': int}

#: Columns of every table, without those of the labels.
COLUMNS = (*_HEAD, *_TAIL)


def write_patch_table(
    path: str | os.PathLike, patches: Sequence[Patch]
) -> None:
    """Write a table whole or not at all; None becomes an empty cell.

    Args:
        path: File to write.
        patches: Patches in the order to keep. Where they have different
            labels, cells stay empty.
    """
    labels = dict.fromkeys(name for patch in patches for name in patch.labels)
    rows = [
        {name: getattr(patch, name) for name in COLUMNS} | dict(patch.labels)
        for patch in patches
    ]
    write_csv(path, rows, [*_HEAD, *labels, *_TAIL])


def read_patch_table(path: str | os.PathLike) -> list[Patch]:
    """Read a table of patches.

    Columns beyond those of :class:`Patch` are taken for labels.

    Args:
        path: Its file.

    Returns:
        Patches in the order of the rows; none if there is but a header.

    Raises:
        DatasetError: If the table is missing or damaged, lacks a column,
            holds something that is no number, or a patch or file twice.
    """
    path = Path(path)
    try:
        with path.open(newline='', encoding='utf-8') as file:
            reader = csv.DictReader(file, restkey='surplus', restval=None)
            rows = list(reader)
            columns = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            path, 'a table of patches', str(error), _REMEDY
        ) from error
    lacking = [name for name in COLUMNS if name not in columns]
    if lacking:
        raise DatasetError(
            path,
            f'the columns {", ".join(COLUMNS)}',
            f'a table without {", ".join(lacking)}',
            _REMEDY,
        )
    labels = [name for name in columns if name not in COLUMNS]
    patches = [
        _patch(path, line, row, labels) for line, row in enumerate(rows, 2)
    ]
    for name in ('patch_id', 'file'):
        _check_unique(path, name, [getattr(patch, name) for patch in patches])
    return patches


def _patch(
    path: Path, line: int, row: dict[str, str], labels: Sequence[str]
) -> Patch:
    """The patch of one row; the header is line 1."""
    name = ''
    try:
        if 'surplus' in row or None in row.values():
            raise ValueError('another number of cells than the header')
        values = {}
        for name, convert in (_HEAD | _TAIL).items():
            values[name] = convert(row[name])
        found = {}
        for name in labels:
            found[name] = _number(row[name])
    except ValueError as error:
        raise DatasetError(
            f'{path}, line {line}',
            f'a value of {name}' if name else 'a row of the table',
            str(error),
            _REMEDY,
        ) from error
    return Patch(**values, labels=found)


def _check_unique(path: Path, column: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    twice = [v for v in values if v in seen or seen.add(v)]
    if twice:
        raise DatasetError(
            path,
            f'each {column} once',
            f'{", ".join(twice[:3])} more than once',
            _REMEDY,
        )
