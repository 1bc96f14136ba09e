"""What an ice chart says about a polygon as a whole.

A class map keeps a polygon's dominant ice type and loses the rest; many
polygons have none and lose their label. Here they keep all of it: the part
of the polygon's area that each class covers, without a place inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from .codes import FLOE, IGNORE, SIC, SOD, TASKS, Task, get_task
from .egg import MISSING, TENTHS_OFF, Polygon, read_polygon_codes

#: Code tables to remember; a scene has one.
_REMEMBERED = 1024

Shares = tuple[float, ...] | None


def polygon_shares(
    polygon_codes: Any,
) -> Mapping[int, Mapping[str, Shares]]:
    """Area shares of the classes of each polygon, by id and task.

    Codes become classes as in :func:`polygons_to_charts`: an empty CA
    without a CB or CC means CA = CT; a polygon of type W, or with a total
    below one tenth, is all water; a form without a class (fast ice, brash,
    ...) in any type leaves the whole polygon without floe sizes. Equal
    types are added, all of them. Nothing has to dominate.

    What is unknown is None: all tasks if CT is; SOD and FLOE if a partial
    concentration is, or if they miss CT by more than a tenth, and are
    scaled to CT otherwise; SOD or FLOE if a type with a share has no class
    there.

    Args:
        polygon_codes: The table as the file holds it, header row first. If
            two rows have one id, the last counts. Results are remembered.

    Returns:
        By polygon id: ``SIC``, the total concentration as one number of 0
        to 1; ``SOD`` and ``FLOE``, a share for each class, open water
        first, which add up to 1. Read-only.

    Raises:
        PolygonCodeError: If the table cannot be read.
    """
    return _read(_as_key(polygon_codes))


def share_table(polygon_codes: Any, task: str) -> np.ndarray:
    """:func:`polygon_shares` of one task as a table to look ids up in.

    Args:
        polygon_codes: The table as the file holds it.
        task: Name of the task.

    Returns:
        Float32, shape (largest id + 1, K), K = 1 for SIC and the number of
        classes otherwise; NaN where unknown and where no polygon has the
        id. 0 is no polygon. Read-only.
    """
    return _table(_as_key(polygon_codes), get_task(task).name)


def _as_key(polygon_codes: Any) -> tuple:
    return tuple(np.asarray(polygon_codes).ravel().tolist())


@lru_cache(_REMEMBERED)
def _read(rows: tuple) -> Mapping[int, Mapping[str, Shares]]:
    return MappingProxyType(
        {
            polygon.id: MappingProxyType(_shares_of(polygon))
            for polygon in read_polygon_codes(rows)
        }
    )


@lru_cache(_REMEMBERED * len(TASKS))
def _table(rows: tuple, task: str) -> np.ndarray:
    shares = _read(rows)
    width = 1 if task == SIC.name else TASKS[task].num_classes
    table = np.full((max(shares, default=0) + 1, width), np.nan, np.float32)
    for number, by_task in shares.items():
        if number and by_task[task] is not None:
            table[number] = by_task[task]
    table.flags.writeable = False
    return table


def _shares_of(polygon: Polygon) -> dict[str, Shares]:
    tenths = SIC.code_map.get(polygon.total, IGNORE)
    if polygon.is_water:
        tenths = 0
    if tenths == IGNORE:
        return {'SIC': None, 'SOD': None, 'FLOE': None}
    concentration = tenths / (SIC.num_classes - 1)
    partials = _partials(polygon, tenths) if tenths else (0.0, 0.0, 0.0)
    forms = [FLOE.code_map.get(code) for code in polygon.forms]
    no_floes = partials is None or (tenths and IGNORE in forms)
    return {
        'SIC': (concentration,),
        'SOD': _by_class(SOD, concentration, partials, polygon.stages),
        'FLOE': _by_class(
            FLOE,
            concentration,
            None if no_floes else partials,
            polygon.forms,
        ),
    }


def _partials(polygon: Polygon, total: int) -> tuple[float, ...] | None:
    """Area share of each ice type, which add up to the total."""
    tenths = [
        0 if code == MISSING else SIC.code_map.get(code, IGNORE)
        for code in polygon.partials
    ]
    if polygon.partials[0] == MISSING:
        tenths[0] = IGNORE if any(tenths[1:]) else total
    if IGNORE in tenths or abs(sum(tenths) - total) > TENTHS_OFF:
        return None
    if not sum(tenths):
        return None
    scale = total / sum(tenths) / (SIC.num_classes - 1)
    return tuple(number * scale for number in tenths)


def _by_class(
    task: Task,
    concentration: float,
    partials: tuple[float, ...] | None,
    codes: tuple[int, ...],
) -> Shares:
    """Put water and the shares of ice types into the classes of a task."""
    if partials is None:
        return None
    shares = [0.0] * task.num_classes
    shares[0] = 1 - concentration
    for share, code in zip(partials, codes, strict=True):
        if not share:
            continue
        klass = task.code_map.get(code, IGNORE)
        if klass == IGNORE:
            return None
        shares[klass] += share
    return tuple(shares)
