"""The table of egg codes that raw AI4Arctic scenes carry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PolygonCodeError

#: Columns of the table, in file order; its first row is this header.
POLYGON_COLUMNS = (
    *('poly_id', 'CT'),
    *('CA', 'SA', 'FA'),
    *('CB', 'SB', 'FB'),
    *('CC', 'SC', 'FC'),
    *('CN', 'CD', 'CF', 'POLY_TYPE'),
)

#: Code of a field that the analyst left empty.
MISSING = -9

#: Code of a field that the analyst could not determine.
UNDETERMINED = 99

#: Partial concentrations may miss their total by so many tenths: 9+ counts
#: as ten, and each number is rounded.
TENTHS_OFF = 1

_REMEDY = 'Pass the table as the file holds it, header row included.'


@dataclass(frozen=True)
class Polygon:
    """The egg code of one polygon, as SIGRID-3 codes.

    Args:
        id: Number of the polygon in the id map.
        total: CT, total concentration.
        partials: CA, CB, CC, concentration of each ice type.
        stages: SA, SB, SC, stage of development of each ice type.
        forms: FA, FB, FC, form (floe size) of each ice type.
        trace_stages: CN and CD, stages of ice below one tenth.
        main_forms: CF, the predominant and secondary form.
        kind: 'I' ice or 'W' water.
    """

    id: int
    total: int
    partials: tuple[int, int, int]
    stages: tuple[int, int, int]
    forms: tuple[int, int, int]
    trace_stages: tuple[int, int]
    main_forms: tuple[int, ...]
    kind: str

    @property
    def is_water(self) -> bool:
        """Whether the polygon is drawn as water, whatever its codes."""
        return self.kind == 'W'


def _number(text: str, column: str, row: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PolygonCodeError(
            f'polygon codes, row {row!r}',
            f'a whole number as {column}',
            repr(text),
            _REMEDY,
        ) from None


def _split_forms(text: str, row: str) -> tuple[int, ...]:
    """Take '08-9' or '0806' apart: two codes without a separator."""
    if not re.fullmatch(r'(-9|\d{1,2}){1,2}', text):
        raise PolygonCodeError(
            f'polygon codes, row {row!r}',
            'one or two codes as CF',
            repr(text),
        )
    return tuple(int(code) for code in re.findall(r'-9|\d{1,2}', text))


def _read_row(row: str, header: list[str]) -> Polygon:
    fields = [field.strip() for field in row.split(';')]
    if len(fields) != len(header):
        raise PolygonCodeError(
            f'polygon codes, row {row!r}',
            f'{len(header)} fields separated by ;',
            f'{len(fields)}',
            _REMEDY,
        )
    cell = dict(zip(header, fields, strict=True))

    def numbers(*columns: str) -> tuple[int, ...]:
        return tuple(_number(cell[name], name, row) for name in columns)

    (number,) = numbers('poly_id')
    if not 0 <= number <= 65535:
        raise PolygonCodeError(
            f'polygon codes, row {row!r}', 'an id of 0..65535', str(number)
        )
    return Polygon(
        id=number,
        total=numbers('CT')[0],
        partials=numbers('CA', 'CB', 'CC'),
        stages=numbers('SA', 'SB', 'SC'),
        forms=numbers('FA', 'FB', 'FC'),
        trace_stages=numbers('CN', 'CD'),
        main_forms=_split_forms(cell['CF'], row),
        kind=cell['POLY_TYPE'].upper(),
    )


def _as_text(row: Any) -> str:
    text = row.decode('ascii', 'replace') if isinstance(row, bytes) else row
    return str(text).strip('\x00 \n\r\t')


def read_polygon_codes(polygon_codes: Any) -> tuple[Polygon, ...]:
    """Read the code table of a raw scene.

    Args:
        polygon_codes: Strings or bytes in any sequence or array, the header
            row first.

    Returns:
        One :class:`Polygon` per row, in file order.

    Raises:
        PolygonCodeError: If the header is missing or a row is malformed.
    """
    if isinstance(polygon_codes, Iterable) and not isinstance(
        polygon_codes, str | bytes
    ):
        rows = [_as_text(row) for row in np.asarray(polygon_codes).ravel()]
    else:
        rows = [_as_text(polygon_codes)]
    header = [name.strip() for name in rows[0].split(';')] if rows else []
    if sorted(header) != sorted(POLYGON_COLUMNS):
        raise PolygonCodeError(
            'polygon codes',
            f'the header {";".join(POLYGON_COLUMNS)} as first row',
            repr(rows[0]) if rows else 'an empty table',
            _REMEDY,
        )
    return tuple(_read_row(row, header) for row in rows[1:])
