"""The egg code of a region: SIGRID-3 fields from pixels that were classified.

The way back from a class map to what :mod:`mmseaice.charts.egg` reads. Codes
are those of the table in :mod:`mmseaice.charts.codes`, columns and their
order those of the published scenes; conventions follow SIGRID-3 (JCOMM
TR 23).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from .codes import FLOE, SIC, SOD
from .egg import MISSING, POLYGON_COLUMNS
from .regions import Regions

#: Ice with a share of all ice below this is not even a trace: a few odd
#: pixels say nothing about a region.
TRACE = 0.01

#: Share of all ice from which a form is a secondary form.
_SECONDARY = 0.1

#: SIGRID-3: less than one tenth of ice, and more than nine but not full.
_OPEN_WATER, _NINE_PLUS = 1, 91

_LINES = 512
_EMPTY = f'{MISSING}'
_TYPES = 'ABC'


def count_types(
    regions: Regions,
    concentration: np.ndarray,
    stages: np.ndarray | None = None,
    forms: np.ndarray | None = None,
    progress: bool = False,
) -> np.ndarray:
    """Area of ice by region, stage of development and form.

    A pixel counts as much as it has ice: its concentration.

    Args:
        regions: The regions of the scene.
        concentration: Tenths, float, shape (H, W), NaN where not charted.
        stages: Class numbers of SOD, uint8, same shape; None if unknown.
        forms: Class numbers of FLOE, uint8, same shape; None if unknown.
        progress: Whether to show a progress bar.

    Returns:
        Tenths of pixels, float64, shape (regions, 6, 8): row ``i`` is region
        ``i + 1``, then classes of SOD, then classes of FLOE and at last what
        has none. Pixels without a stage are left out.
    """
    number = len(regions.kinds)
    width = FLOE.num_classes + 1
    shape = number, SOD.num_classes, width
    counts = np.zeros(np.prod(shape))
    if stages is None:
        return counts.reshape(shape)
    charted = np.isin((' ', *regions.kinds), ('I', 'W'))
    lines = regions.shape[0]
    starts = range(0, lines, _LINES)
    for start in tqdm(starts, 'Types', disable=not progress, unit='block'):
        stop = min(start + _LINES, lines)
        label = regions.of_lines(start, stop)
        ice = np.asarray(concentration[start:stop])
        stage = np.asarray(stages[start:stop])
        known = charted[label] & np.isfinite(ice) & (stage < SOD.num_classes)
        key = (label[known].astype(np.int64) - 1) * SOD.num_classes
        key = (key + stage[known]) * width
        if forms is None:
            key += FLOE.num_classes
        else:
            form = np.asarray(forms[start:stop])[known]
            key += np.minimum(form, FLOE.num_classes)
        counts += np.bincount(key, ice[known], len(counts))
    return counts.reshape(shape)


def egg_codes(
    kind: str, concentration: float, counts: np.ndarray
) -> dict[str, str]:
    """The SIGRID-3 fields of one region.

    Ice: CT is the mean concentration in tenths. A, B and C are the three
    most common stages, the thickest first; CA, CB and CC are their shares of
    the ice in tenths, by the method of the largest remainder, so that they
    add up to CT exactly. FA, FB and FC are the most common forms of each.
    Stages of at least :data:`TRACE` of the ice that get no tenth are traces:
    CN is one thicker than A, CD the most common of the others. CF is the
    most common form of all ice, and the second one if a tenth of the ice has
    it. CA, CB, CC and all stages stay empty where there are no stages.

    Water has CT 00 and nothing else, land and no data have nothing at all.

    Args:
        kind: POLY_TYPE, 'I', 'W', 'L' or 'N'.
        concentration: Mean concentration in tenths.
        counts: A row of :func:`count_types`, shape (6, 8).

    Returns:
        Two-digit codes by column, those of ``POLYGON_COLUMNS`` but the
        first; '-9' is an empty field.
    """
    fields = dict.fromkeys(POLYGON_COLUMNS[1:], _EMPTY)
    fields |= {'CF': _EMPTY * 2, 'POLY_TYPE': kind}
    if kind == 'W':
        fields['CT'] = _text(0 if concentration < TRACE else _OPEN_WATER)
    if kind != 'I':
        return fields
    total = min(max(int(concentration + 0.5), 1), SIC.num_classes - 1)
    full = total == SIC.num_classes - 1 and round(concentration, 1) < 10
    fields['CT'] = _text(_NINE_PLUS if full else SIC.output_codes[total])
    ice = counts[1:].sum(1)
    tenths = _largest_remainder(ice, total)
    main = [stage for stage in range(len(ice), 0, -1) if tenths[stage - 1]]
    for letter, stage in zip(_TYPES, main, strict=False):
        share = SIC.output_codes[tenths[stage - 1]]
        if full and tenths[stage - 1] == total:
            share = _NINE_PLUS
        fields[f'C{letter}'] = _text(share)
        fields[f'S{letter}'] = _text(SOD.output_codes[stage])
        fields[f'F{letter}'] = _text(_forms(counts[stage])[0])
    fields |= _traces(ice, main)
    fields['CF'] = ''.join(_text(code) for code in _forms(counts[1:].sum(0)))
    return fields


def region_codes(
    regions: Regions, counts: np.ndarray
) -> dict[int, dict[str, str]]:
    """:func:`egg_codes` of all regions, by number of the region."""
    rows = zip(regions.kinds, regions.concentration, counts, strict=True)
    return {i: egg_codes(*row) for i, row in enumerate(rows, start=1)}


def code_table(codes: Mapping[int, Mapping[str, str]]) -> list[str]:
    """Write the code table of raw scenes.

    Args:
        codes: Fields of :func:`egg_codes` by number of the polygon.

    Returns:
        The header and a row for each polygon of ice or water; land and no
        data have no place in such a table.
    """
    table = [';'.join(POLYGON_COLUMNS)]
    for number, fields in codes.items():
        if fields['POLY_TYPE'] in 'IW':
            cells = (fields[column] for column in POLYGON_COLUMNS[1:])
            table.append(';'.join((str(number), *cells)))
    return table


def _text(code: int) -> str:
    """A code as files hold it: two characters."""
    return f'{code:02d}'


def _largest_remainder(ice: np.ndarray, total: int) -> list[int]:
    """Tenths of the three largest amounts, which add up to the total.

    Of equal amounts or remainders the thicker ice comes first. All zeros if
    there is no ice.
    """
    tenths = [0] * len(ice)
    if not ice.sum() > 0:
        return tenths
    order = sorted(range(len(ice)), key=lambda i: (-ice[i], -i))
    main = order[: len(_TYPES)]
    whole = sum(ice[i] for i in main)
    exact = {i: ice[i] / whole * total for i in main}
    for i in main:
        # A share may miss its whole number by the last bit.
        tenths[i] = int(exact[i] + 1e-9)
    left = sorted(main, key=lambda i: (tenths[i] - exact[i], -i))
    for i in left[: total - sum(tenths)]:
        tenths[i] += 1
    return tenths


def _traces(ice: np.ndarray, main: list[int]) -> dict[str, str]:
    """CN and CD: stages that got no tenth of their own."""
    if not main:
        return {}
    found = [
        stage
        for stage in range(len(ice), 0, -1)
        if stage not in main and ice[stage - 1] >= TRACE * ice.sum()
    ]
    thicker = [stage for stage in found if stage > main[0]][:1]
    others = [stage for stage in found if stage not in thicker]
    others = sorted(others, key=lambda stage: -ice[stage - 1])[:1]
    return {
        column: _text(SOD.output_codes[stages[0]])
        for column, stages in (('CN', thicker), ('CD', others))
        if stages
    }


def _forms(counts: np.ndarray) -> tuple[int, int]:
    """Codes of the most common form and of the second one.

    Args:
        counts: By class of FLOE, the pixels without one last. Open water is
            no form.
    """
    ice = counts[1 : FLOE.num_classes]
    first, second = (np.argsort(-ice, kind='stable')[:2] + 1).tolist()
    if not counts[first] > 0:
        return MISSING, MISSING
    enough = counts[second] > 0
    enough = enough and counts[second] >= _SECONDARY * counts.sum()
    return (
        FLOE.output_codes[first],
        FLOE.output_codes[second] if enough else MISSING,
    )
