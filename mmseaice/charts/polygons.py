"""From the polygons of an ice chart to class maps.

An ice analyst draws polygons and writes one egg code per polygon: the total
concentration, and up to three ice types A, B, C with a partial
concentration, a stage of development and a form (floe size) each. A class
map can hold one stage and one form per pixel, so a type must dominate its
polygon before it is written; where none does, the label is
:data:`~mmseaice.charts.IGNORE`.

The conversion is that of the AutoICE challenge (Stokholm et al. 2024, The
Cryosphere 18, 3471). It is a lookup per polygon, then per pixel.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import PolygonCodeError
from .codes import FLOE, IGNORE, SIC, SOD, Task
from .egg import MISSING, UNDETERMINED, Polygon, read_polygon_codes

#: Pixels that are looked up at a time, to bound the memory.
_CHUNK = 2**21

#: Added to a code without a class, so that it equals no class number.
_NO_CLASS = 1000

#: The charts that polygons are turned into.
_CHARTS = ('SIC', 'SOD', 'FLOE')

Shares = list[int]


def _add_as_autoice(classes: Sequence[int], shares: Shares) -> Shares:
    """Assign, in the order AB, AC, BC, the second's share to the first.

    With A = B = C, A is left with its own and C's share: B's is overwritten.
    Published labels were made like this.
    """
    extra = [0, 0, 0]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        if classes[first] == classes[second] != MISSING:
            extra[first] = shares[second]
    return [share + more for share, more in zip(shares, extra, strict=True)]


def _accumulate(classes: Sequence[int], shares: Shares) -> Shares:
    """Give every type the sum of all shares of its class."""
    present = [max(share, 0) for share in shares]
    sums = {klass: 0 for klass in classes}
    for klass, share in zip(classes, present, strict=True):
        sums[klass] += share
    return [
        share if klass == MISSING else sums[klass]
        for klass, share in zip(classes, present, strict=True)
    ]


#: How equal partial concentrations are added, by name.
RULES: dict[str, Callable[[Sequence[int], Shares], Shares]] = {
    'autoice': _add_as_autoice,
    'accumulate': _accumulate,
}


def _class_of(task: Task, code: int) -> int:
    if code == MISSING:
        return MISSING
    return task.code_map.get(code, code + _NO_CLASS)


def _tenths(code: int) -> int:
    """Concentration in tenths; codes without one stand for themselves."""
    tenths = SIC.code_map.get(code, code)
    return code if tenths == IGNORE else tenths


def _dominant(
    task: Task,
    classes: Sequence[int],
    shares: Shares,
    total: int,
    threshold: float,
) -> int:
    """Class of the first largest share if it reaches the threshold."""
    largest = max(shares)
    winner = classes[shares.index(largest)]
    # The published labels compare percentages, rounding errors included.
    if (
        largest / total * 100 >= threshold * 100
        and 0 <= winner < task.num_classes
    ):
        return winner
    return IGNORE


def polygon_classes(
    polygon: Polygon,
    rules: str = 'autoice',
    sod_threshold: float = 0.65,
    floe_threshold: float = 0.65,
) -> dict[str, int]:
    """Classes of one polygon, see :func:`polygons_to_charts`."""
    tenths = SIC.code_map.get(polygon.total, IGNORE)
    if polygon.is_water or tenths == 0:
        return dict.fromkeys(_CHARTS, 0)

    total = _tenths(polygon.total)
    shares = [_tenths(code) for code in polygon.partials]
    if total > 0 and shares[0] == MISSING:
        shares[0] = total
    stages = [_class_of(SOD, code) for code in polygon.stages]
    forms = [_class_of(FLOE, code) for code in polygon.forms]

    add = RULES[rules]
    stage = _dominant(SOD, stages, add(stages, shares), total, sod_threshold)
    form = _dominant(FLOE, forms, add(forms, shares), total, floe_threshold)
    # Meant for fast ice, and applied to every form without a class.
    if IGNORE in forms:
        form = IGNORE
    return {'SIC': tenths, 'SOD': stage, 'FLOE': form}


def _warn_of_unknown_codes(polygons: Iterable[Polygon], prefix: str) -> None:
    """Name codes that stand in no table, once per table."""
    found, strange_types = [], []
    for polygon in polygons:
        if polygon.is_water:
            continue
        if polygon.kind != 'I':
            strange_types.append(f'{polygon.kind!r} of polygon {polygon.id}')
        fields = (
            (SIC, 'CT', (polygon.total,)),
            (SIC, 'CA, CB, CC', polygon.partials),
            (SOD, 'SA, SB, SC', polygon.stages),
            (FLOE, 'FA, FB, FC', polygon.forms),
        )
        for task, columns, codes in fields:
            known = {*task.code_map, MISSING, UNDETERMINED}
            found += [
                f'{code} in {columns} of polygon {polygon.id}'
                for code in sorted(set(codes) - known)
            ]
    if found:
        shown = '; '.join(found[:5]) + ('; ...' if len(found) > 5 else '')
        warnings.warn(
            f'{prefix}{len(found)} ice-chart codes have no class and give the '
            f'label {IGNORE}: {shown}. Add them to '
            'mmseaice/charts/codes.py if they should count.',
            stacklevel=3,
        )
    if strange_types:
        warnings.warn(
            f'{prefix}POLY_TYPE is neither I (ice) nor W (water), and counts '
            f'as ice: {"; ".join(strange_types[:5])}.',
            stacklevel=3,
        )


def check_choices(rules: str, **thresholds: float) -> None:
    """Check the name of the rules, and thresholds by name.

    Raises:
        ValueError: If one is out of range.
    """
    if rules not in RULES:
        raise ValueError(
            f'rules must be one of {", ".join(RULES)}, but got {rules!r}.'
        )
    for name, value in thresholds.items():
        if not 0 < value <= 1:
            raise ValueError(
                f'{name} must be above 0 and at most 1, but got {value}.'
            )


def polygons_to_charts(
    polygon_ids: Any,
    polygon_codes: Any,
    rules: str = 'autoice',
    sod_threshold: float = 0.65,
    floe_threshold: float = 0.65,
    source: str = '',
) -> dict[str, np.ndarray]:
    """Convert a map of polygon ids into class maps.

    Per polygon, with concentrations in tenths: an empty CA beside a positive
    CT means CA = CT; shares of types with equal classes are added; the type
    with the largest share gives the class if that share is at least
    ``threshold`` of CT, and nothing does otherwise. A polygon of type W, or
    with a total below one tenth, is water in all three charts. A form
    without a class (fast ice, brash, ...) in any type empties the FLOE
    label of the whole polygon.

    Codes that stand in no table give :data:`~mmseaice.charts.IGNORE`, with a
    warning that names them (the challenge's own converter would write the
    code itself as a class). If two rows have one id, the last counts.

    Args:
        polygon_ids: Polygon id per pixel, shape (H, W) or any other. NaN
            is no polygon, and so are 0 and 65535 unless the table has a
            polygon of that id.
        polygon_codes: The table as the file holds it: strings, the header
            row first.
        rules: ``'autoice'`` adds equal partial concentrations as the
            challenge did, where a third equal type overwrites the second;
            ``'accumulate'`` adds all of them.
        sod_threshold: Share of CT from which a stage is dominant.
        floe_threshold: Share of CT from which a form is dominant.
        source: What errors and warnings name, such as the file.

    Returns:
        ``SIC``, ``SOD`` and ``FLOE``, each uint8 of the shape of
        ``polygon_ids``, 255 where there is no label.

    Raises:
        PolygonCodeError: If the table cannot be read or an id is no whole
            number.
        ValueError: If ``rules`` or a threshold is out of range.
    """
    check_choices(
        rules, sod_threshold=sod_threshold, floe_threshold=floe_threshold
    )
    prefix = f'{source}: ' if source else ''
    try:
        rows = read_polygon_codes(polygon_codes)
    except PolygonCodeError as error:
        raise PolygonCodeError(
            f'{prefix}{error.subject}',
            error.expected,
            error.got,
            error.remedy,
        ) from None
    polygons = {row.id: row for row in rows}
    _warn_of_unknown_codes(polygons.values(), prefix)

    # One table entry per id; the ids of a file are small whole numbers.
    size = max(polygons, default=0) + 1
    tables = {task: np.full(size, IGNORE, np.uint8) for task in _CHARTS}
    for polygon in polygons.values():
        classes = polygon_classes(
            polygon, rules, sod_threshold, floe_threshold
        )
        for task, table in tables.items():
            table[polygon.id] = classes[task]
    return _look_up(polygon_ids, polygons, tables, prefix)


def _look_up(
    polygon_ids: Any,
    polygons: dict[int, Polygon],
    tables: dict[str, np.ndarray],
    prefix: str,
) -> dict[str, np.ndarray]:
    """Apply the tables to all pixels, a chunk at a time."""
    if isinstance(polygon_ids, np.ma.MaskedArray):
        polygon_ids = polygon_ids.filled(0)
    ids = np.asarray(polygon_ids)
    flat = ids.reshape(-1)
    charts = {task: np.full(flat.shape, IGNORE, np.uint8) for task in tables}
    size = len(next(iter(tables.values())))
    known = np.zeros(size, bool)
    known[list(polygons)] = True

    strange: set[float] = set()
    for start in range(0, flat.size, _CHUNK):
        block = flat[start : start + _CHUNK]
        inside = (block >= 0) & (block < size)
        number = np.where(inside, block, 0).astype(np.intp)
        labelled = inside & known[number] & (number == block)
        for task, table in tables.items():
            out = charts[task][start : start + _CHUNK]
            np.copyto(out, table[number], where=labelled)
        rest = ~labelled & (block != 0) & (block != 65535)
        if block.dtype.kind == 'f':
            rest &= ~np.isnan(block)
        strange.update(np.unique(block[rest]).tolist())
    _judge_strange(strange, prefix)
    return {task: chart.reshape(ids.shape) for task, chart in charts.items()}


def _judge_strange(ids: set[float], prefix: str) -> None:
    """Refuse ids that are no ids; name those the table lacks."""
    broken = [number for number in ids if not float(number).is_integer()]
    if broken:
        raise PolygonCodeError(
            f'{prefix}polygon ids',
            'whole numbers or NaN',
            f'{min(broken)}',
            'Do not interpolate a map of polygon ids.',
        )
    if ids:
        names = ', '.join(f'{number:g}' for number in sorted(ids)[:5])
        more = ', ...' if len(ids) > 5 else ''
        warnings.warn(
            f'{prefix}polygons {names}{more} have no row in the code table; '
            f'their pixels get the label {IGNORE}.',
            stacklevel=4,
        )
