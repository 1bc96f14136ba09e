"""Egg codes that summarise the ice in a polygon (SIGRID-3)."""

from __future__ import annotations

import numpy as np

from ...charts import POLYGON_COLUMNS
from .regimes import CAKE, NEW, NONE, YOUNG

HEADER = ';'.join(POLYGON_COLUMNS)
MISSING = '-9'

#: Stage of development class -> SIGRID-3 codes that analysts use for it.
STAGE_CODES = (
    (),
    ('81', '82'),
    ('83', '84', '85'),
    ('87', '88', '89'),
    ('91', '93', '86'),
    ('95', '96', '97'),
)
#: Floe class -> SIGRID-3 code; fast ice is a form of its own.
_FLOE_CODES = {1: '02', 2: '03', 3: '04', 4: '05', 5: '06', NONE: '08'}


def hidden_code() -> list[str]:
    """Fields of a polygon whose concentration is undetermined."""
    return ['99', MISSING, '99', *[MISSING] * 9, 2 * MISSING, 'I']


def _tenths(area: np.ndarray, total: int) -> np.ndarray:
    """Split ``total`` tenths in proportion to area (largest remainder)."""
    exact = total * area / area.sum()
    whole = np.floor(exact).astype(int)
    order = np.argsort(whole - exact, kind='stable')
    whole[order[: total - whole.sum()]] += 1
    return whole


def egg_code(
    area: np.ndarray, style: list[str], brash: bool = False
) -> list[str]:
    """The 14 fields of a code row that follow the polygon's id.

    Ice that covers less than one tenth makes no egg: the polygon is open
    water (01), or ice-free (00) below 0.2 %.

    Args:
        area: Area by stage and floe class, see ``chart.draw_chart``, (6, 7).
        style: Code to write for each stage class.
        brash: Write the form of cakes of new and young ice as 01: shuga,
            small ice cakes, brash ice.
    """
    concentration = area[1:].sum() / area.sum()
    if concentration < 0.1:
        code = '00' if concentration < 0.002 else '01'
        return [code, *[MISSING] * 11, 2 * MISSING, 'W']
    total = round(10 * concentration)
    stages = area.sum(1)
    stages[0] = 0
    order = np.argsort(-stages, kind='stable')
    kept = np.sort([s for s in order[:3] if stages[s] > 0])[::-1]
    tenths = _tenths(stages[kept], total)
    kept, tenths = kept[tenths > 0], tenths[tenths > 0]

    def form(stage: int) -> str:
        floe = int(np.argmax(area[stage]))
        if brash and floe == CAKE and stage in (NEW, YOUNG):
            return '01'
        return _FLOE_CODES[NONE if floe == 6 else floe]

    types = []
    for stage, share in zip(kept, tenths, strict=True):
        partial = MISSING if len(kept) == 1 else f'{10 * share}'
        types += [partial, style[stage], form(stage)]
    types += [MISSING] * (9 - len(types))
    if concentration >= 0.985:
        CT = '92'
    else:
        CT = '91' if total == 10 else f'{10 * total}'
    fourth = order[3]
    CD = style[fourth] if stages[fourth] > 0.02 * stages.sum() else MISSING
    main = form(kept[np.argmax(tenths)])
    return [CT, *types, MISSING, CD, main + MISSING, 'I']
