"""Risk to a ship in ice after POLARIS. Not for navigation.

The Polar Operational Limit Assessment Risk Indexing System of the IMO
(MSC.1/Circ.1519, 6 June 2016, appendix): each type of ice has a risk value
for each ice class of ships, and the risk index outcome (RIO) of a place is
the sum of these values over the types, times their concentration in tenths,
with open water as a type of its own.

Our classes merge types of ice; they get the lowest value of their members,
which is the worst. The risk values are those of table 1.3. Those of decayed
ice (table 1.4) may be used only where people on the spot have confirmed the
decay (1.1.3), and are not part of this module: pass your own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .codes import SOD
from .shares import polygon_shares
from .sigrid import code_table

#: The types of ice of the circular, in the order of its tables.
ICE_TYPES = (
    'ice free',
    'new ice',
    'grey ice',
    'grey white ice',
    'thin first-year ice, 1st stage',
    'thin first-year ice, 2nd stage',
    'medium first-year ice below 1 m',
    'medium first-year ice',
    'thick first-year ice',
    'second-year ice',
    'light multi-year ice',
    'heavy multi-year ice',
)

#: Risk values by ice class of the ship and type of ice; table 1.3.
WINTER: dict[str, tuple[int, ...]] = {
    'PC1': (3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1),
    'PC2': (3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 0),
    'PC3': (3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 0, -1),
    'PC4': (3, 3, 3, 3, 2, 2, 2, 2, 1, 0, -1, -2),
    'PC5': (3, 3, 3, 3, 2, 2, 1, 1, 0, -1, -2, -2),
    'PC6': (3, 2, 2, 2, 2, 1, 1, 0, -1, -2, -3, -3),
    'PC7': (3, 2, 2, 2, 1, 1, 0, -1, -2, -3, -3, -3),
    'IA Super': (3, 2, 2, 2, 2, 1, 0, -1, -2, -3, -4, -4),
    'IA': (3, 2, 2, 2, 1, 0, -1, -2, -3, -4, -5, -5),
    'IB': (3, 2, 2, 1, 0, -1, -2, -3, -4, -5, -6, -6),
    'IC': (3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8),
    'none': (3, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8, -8),
}

#: The types that each class of SOD merges, as positions in ICE_TYPES. First-
#: year ice without a stage (code 86) may be as thick as first-year ice gets.
MEMBERS = ((0,), (1,), (2, 3), (4, 5), (6, 7, 8), (9, 10, 11))

#: Levels of risk by number, after table 1.1.
LEVELS = ('normal', 'elevated', 'special consideration')

#: Level where it is not known, and RIO.
NO_LEVEL = 255
NO_RIO = -32768

_TENTHS = 10


def risk_values(
    ship_class: str,
    season: str = 'winter',
    values: Sequence[int] | None = None,
) -> np.ndarray:
    """Risk value of each class of SOD for one kind of ships.

    Args:
        ship_class: 'PC1' to 'PC7', 'IA Super', 'IA', 'IB', 'IC', or 'none'
            for a ship that is not ice strengthened.
        season: 'winter', or 'decayed' if ``values`` are those of table 1.4.
        values: Risk values of this ship to use instead, one for each of
            :data:`ICE_TYPES`.

    Returns:
        Int, shape (6,), open water first.

    Raises:
        ValueError: If the ice class or the season is unknown, the season is
            'decayed' without values, or values are incomplete.
    """
    if ship_class not in WINTER:
        raise ValueError(
            f'ship_class must be one of {", ".join(WINTER)}, but got '
            f'{ship_class!r}.'
        )
    if season not in ('winter', 'decayed'):
        raise ValueError(
            f"season must be 'winter' or 'decayed', but got {season!r}."
        )
    if season == 'decayed' and values is None:
        raise ValueError(
            "values must be given for season 'decayed', but got None. Pass "
            f'the row of {ship_class} in table 1.4 of MSC.1/Circ.1519, or '
            "take season 'winter', which never says less risk."
        )
    row = np.asarray(WINTER[ship_class] if values is None else values)
    if row.shape != (len(ICE_TYPES),):
        raise ValueError(
            f'values must be {len(ICE_TYPES)} numbers, one for each type of '
            f'ice, but got an array of shape {row.shape}.'
        )
    return np.array([row[list(members)].min() for members in MEMBERS])


def rio_of_tenths(tenths: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Risk index outcome of known amounts of ice.

    Args:
        tenths: Concentration of each class of SOD in tenths, open water
            first, float, shape (..., 6); NaN where unknown.
        values: Those of :func:`risk_values`.

    Returns:
        Float64, shape (...), NaN where an amount is unknown.
    """
    return np.asarray(tenths, float) @ np.asarray(values, float)


def rio_of_codes(
    codes: Mapping[int, Mapping[str, str]], values: np.ndarray
) -> np.ndarray:
    """Risk index outcome of polygons with egg codes.

    Args:
        codes: SIGRID-3 fields by number of the polygon, as
            :func:`~mmseaice.charts.sigrid.region_codes` gives them.
        values: Those of :func:`risk_values`.

    Returns:
        Float64 whole numbers, shape (polygons,), in their order; NaN where
        the code does not tell the types of ice, on land and without data.
    """
    shares = polygon_shares(code_table(codes))
    unknown = (np.nan,) * SOD.num_classes
    rows = [shares.get(i, {}).get(SOD.name) or unknown for i in codes]
    return rio_of_tenths(np.array(rows) * _TENTHS, values).round(6)


def rio_of_pixels(
    concentration: np.ndarray, stages: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Risk index outcome of pixels with one type of ice each.

    The concentration belongs to the pixel's stage, the rest is open water.
    Where the charts contradict each other, ice without a stage or a stage
    without ice, there is no outcome.

    Args:
        concentration: Tenths, float, any shape, NaN where not charted.
        stages: Class numbers of SOD, uint8, same shape, 255 without one.
        values: Those of :func:`risk_values`.

    Returns:
        Int16, same shape, rounded down; :data:`NO_RIO` where unknown.
    """
    concentration = np.asarray(concentration)
    stages = np.asarray(stages)
    values = np.asarray(values)
    known = np.isfinite(concentration) & (stages < SOD.num_classes)
    known &= (stages > 0) == (np.rint(np.nan_to_num(concentration)) > 0)
    loss = (values - values[0])[np.where(known, stages, 0)]
    ice = np.where(known, concentration, 0).astype(float)
    rio = np.floor(_TENTHS * values[0] + ice * loss)
    return np.where(known, rio, NO_RIO).astype(np.int16)


def risk_level(rio: np.ndarray, ship_class: str) -> np.ndarray:
    """Level of risk of an outcome, as position in :data:`LEVELS`.

    Normal from 0 on. Below, down to -10, the risk is elevated for ships of
    the polar classes PC1 to PC7 and subject to special consideration for
    all others; further down it is so for every ship (table 1.1).

    Args:
        rio: Outcomes, any shape; NaN or :data:`NO_RIO` where unknown.
        ship_class: Ice class of the ship.

    Returns:
        Uint8, same shape, :data:`NO_LEVEL` where unknown.
    """
    rio = np.asarray(rio)
    polar = ship_class.startswith('PC')
    level = np.where(rio >= 0, 0, np.where((rio >= -10) & polar, 1, 2))
    unknown = np.isnan(rio) | (rio == NO_RIO)
    return np.where(unknown, NO_LEVEL, level).astype(np.uint8)
