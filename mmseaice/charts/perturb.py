"""Egg codes with errors of a known size, to see what errors do to a model.

A test of sensitivity and no model of analysts: these err most at five or six
tenths, little near ten, and see too much where there is little (Cheng et al.
2020, The Cryosphere 14, 1289). Here every total moves alike, and a full cover
can only lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from .codes import IGNORE, SIC
from .egg import MISSING, TENTHS_OFF, Polygon, read_polygon_codes

_TOTAL = 'CT'
_PARTIALS = ('CA', 'CB', 'CC')
_FULL = SIC.num_classes - 1


def perturb_codes(
    polygon_codes: Any, tenths: int, rng: np.random.Generator
) -> list[str]:
    """Move the concentrations of every egg by up to some tenths.

    The total is drawn from all that it may become, each equally likely, and
    then the partial concentrations from all that add up to it. None moves by
    more than ``tenths``, every ice type keeps a tenth at least, and ten
    tenths are the most. So an ice polygon stays one, with as many types, and
    a full cover can only lose.

    Polygons of water stay as they are, and so do those with a concentration
    that is undetermined, stands in no table, or misses the total by more
    than a tenth. Stages and forms are never changed.

    Args:
        polygon_codes: The table as the file holds it, header row first.
        tenths: Largest change; 0 changes nothing.
        rng: Source of randomness.

    Returns:
        The new table, with the rows and columns of the old one.

    Raises:
        PolygonCodeError: If the table cannot be read.
        ValueError: If ``tenths`` is negative.
    """
    if tenths < 0:
        raise ValueError(f'tenths must be 0 or more, but got {tenths}.')
    polygons = read_polygon_codes(polygon_codes)
    rows = [
        row.decode('ascii') if isinstance(row, bytes) else str(row)
        for row in np.asarray(polygon_codes).ravel()
    ]
    columns = [name.strip() for name in rows[0].split(';')]
    table = [rows[0]]
    for row, polygon in zip(rows[1:], polygons, strict=True):
        fields = dict(zip(columns, row.split(';'), strict=True))
        fields |= _new_fields(polygon, tenths, rng)
        table.append(';'.join(fields.values()))
    return table


def _new_fields(
    polygon: Polygon, tenths: int, rng: np.random.Generator
) -> dict[str, str]:
    """The fields of an egg that change, by column."""
    before = _read_egg(polygon)
    after = before and _draw(*before.values(), tenths=tenths, rng=rng)
    if not after:
        return {}
    return {
        column: _code(new)
        for (column, old), new in zip(before.items(), after, strict=True)
        if new != old and column
    }


def _read_egg(polygon: Polygon) -> dict[str, int]:
    """Tenths of the total and of each ice type with a share, by column.

    The only type of an egg without partial concentrations goes by ''. Empty
    for water, and for eggs that cannot be moved.
    """
    total = SIC.code_map.get(polygon.total, IGNORE)
    if polygon.is_water or total in (0, IGNORE):
        return {}
    partials = dict(zip(_PARTIALS, polygon.partials, strict=True))
    if set(partials.values()) == {MISSING}:
        return {_TOTAL: total, '': total}
    tenths = {
        column: SIC.code_map.get(code, IGNORE)
        for column, code in partials.items()
        if code != MISSING
    }
    shares = {column: share for column, share in tenths.items() if share}
    whole = (
        _PARTIALS[0] in tenths
        and IGNORE not in tenths.values()
        and abs(sum(shares.values()) - total) <= TENTHS_OFF
    )
    return {_TOTAL: total} | shares if whole and shares else {}


def _draw(
    total: int, *shares: int, tenths: int, rng: np.random.Generator
) -> Sequence[int]:
    """A new total and new shares, or nothing if there are none."""
    choices: dict[int, list[tuple[int, ...]]] = {}
    spans = [
        range(max(1, share - tenths), min(_FULL, share + tenths) + 1)
        for share in shares
    ]
    for new in product(*spans):
        if sum(new) <= _FULL and abs(sum(new) - total) <= tenths:
            choices.setdefault(sum(new), []).append(new)
    if not choices:
        return ()
    total = int(rng.choice(sorted(choices)))
    return total, *choices[total][rng.integers(len(choices[total]))]


def _code(tenths: int) -> str:
    """The code that charts write for a concentration."""
    return f'{SIC.output_codes[tenths]}'
