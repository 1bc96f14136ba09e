"""Charts that agree on where the water is open."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from .codes import IGNORE

#: Concentration (tenths) of ice where only the SIC chart saw water.
LEAST_ICE = 1

#: Type of ice where a whole chart holds none: new ice, cake ice.
FIRST_TYPE = 1


def make_consistent(
    SIC: np.ndarray, SOD: np.ndarray, FLOE: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project hard charts on those that are water in all tasks or in none.

    Class 0 is open water in all three charts, and the published ones have
    it in all three or in none. A pixel becomes water where more than half
    of its charts say so, and ice elsewhere, also at a tie of two:

    - on water every chart becomes 0,
    - on ice a concentration that rounds to 0 becomes one tenth,
    - on ice a stage or floe size of water becomes that of the nearest
      pixel whose own chart says ice and keeps it; in a chart without any
      it becomes class 1.

    A chart that has no value at a pixel neither votes nor gets one. Pixels
    that agree already stay as they are, to the digit, so that a second
    projection changes nothing.

    Args:
        SIC: Concentration in tenths (H, W): real numbers with NaN, or
            classes with 255, where there is none.
        SOD: Classes (H, W), uint8, 255 where there is none.
        FLOE: Likewise.

    Returns:
        New charts of the same types.

    Raises:
        ValueError: If the shapes differ.
    """
    charts = [np.array(chart) for chart in (SIC, SOD, FLOE)]
    shapes = [chart.shape for chart in charts]
    if len(set(shapes)) > 1:
        raise ValueError(
            f'SIC, SOD and FLOE must have one shape, but got {shapes}.'
        )
    known = [np.isfinite(chart) & (chart != IGNORE) for chart in charts]
    water = [
        there & (np.rint(chart) == 0)
        for chart, there in zip(charts, known, strict=True)
    ]
    votes = sum(says.astype(np.int8) for says in water)
    charted = sum(there.astype(np.int8) for there in known)
    wet = 2 * votes > charted
    for chart, there, says in zip(charts, known, water, strict=True):
        chart[wet & there & ~says] = 0
    sic, *types = charts
    sic[water[0] & ~wet] = LEAST_ICE
    for chart, there, says in zip(types, known[1:], water[1:], strict=True):
        _fill_from_nearest(chart, says & ~wet, there & ~says & ~wet)
    return tuple(charts)


def _fill_from_nearest(
    chart: np.ndarray, holes: np.ndarray, donors: np.ndarray
) -> None:
    """Set the holes of a chart to the class of their nearest donor."""
    if not holes.any():
        return
    # The donor nearest to a pixel outside always lies on their border.
    border = np.argwhere(donors & ~binary_erosion(donors, border_value=1))
    if len(border) == 0:
        chart[holes] = FIRST_TYPE
        return
    _, nearest = cKDTree(border).query(np.argwhere(holes))
    chart[holes] = chart[tuple(border[nearest].T)]
