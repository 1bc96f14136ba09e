"""The kinds of ice cover that a simulated scene is put together from.

Each regime is one egg of an ice chart in the making: concentration, stages
of development with their shares, and form. Numbers after the descriptions
of WMO (2014), Sea-Ice Nomenclature, No. 259; regimes with one stage above
65 % dominate, as in the labels of the AI4Arctic scenes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

NEW, YOUNG, THIN, THICK, OLD = 1, 2, 3, 4, 5
CAKE, SMALL, MEDIUM, BIG, VAST = 1, 2, 3, 4, 5
#: Truth value of a floe class or stage where there is none.
NONE = 255
#: Floe value of fast ice in the truth files, where 255 is land.
FAST_ICE = 254

#: Floe diameters in 80 m pixels for the classes drawn floe by floe. Small
#: floes (20-100 m) fall below the pixel, so they are drawn at 160 m, the
#: finest grain that pixels hold; cakes (< 20 m) show as a grey mixture.
FLOE_PIXELS = {SMALL: 2.0, MEDIUM: 5.0, BIG: 16.0, VAST: 50.0}

WATER_BAND, MARGINAL_BAND, PACK_BAND, FAST_BAND = range(4)


@dataclass(frozen=True)
class Regime:
    """One kind of ice cover.

    Args:
        concentration: Least and greatest concentration, 0 to 1.
        stages: Share of the ice in each stage of development.
        floes: Floe classes to choose from.
        between: What may lie between the floes: 0 for water, or a stage.
    """

    concentration: tuple[float, float]
    stages: Mapping[int, float]
    floes: tuple[int, ...]
    between: tuple[int, ...] = (0,)


MARGINAL = (
    Regime((0.4, 0.85), {YOUNG: 0.78, NEW: 0.22}, (CAKE,)),
    Regime((0.25, 0.65), {OLD: 0.8, THICK: 0.2}, (SMALL, MEDIUM, BIG)),
    Regime((0.2, 0.75), {THICK: 0.85, THIN: 0.15}, (SMALL, MEDIUM, BIG)),
    Regime((0.3, 0.7), {THIN: 0.85, YOUNG: 0.15}, (SMALL, MEDIUM)),
    Regime((0.5, 0.9), {NEW: 0.88, YOUNG: 0.12}, (CAKE,)),
)

PACK = (
    Regime((0.92, 1.0), {THICK: 0.9, THIN: 0.1}, (VAST, BIG), (NEW, YOUNG)),
    Regime((0.9, 1.0), {OLD: 0.85, THICK: 0.15}, (VAST, BIG), (NEW, YOUNG)),
    Regime((0.9, 1.0), {YOUNG: 0.85, THIN: 0.15}, (MEDIUM, BIG), (NEW,)),
    Regime((0.9, 1.0), {THIN: 0.85, YOUNG: 0.15}, (BIG, VAST), (NEW,)),
    Regime((0.92, 1.0), {NEW: 0.86, YOUNG: 0.14}, (BIG, VAST), (0, NEW)),
    Regime((0.7, 0.92), {THICK: 0.82, THIN: 0.18}, (MEDIUM, SMALL)),
    Regime((0.7, 0.92), {OLD: 0.82, THICK: 0.18}, (MEDIUM, BIG)),
    Regime((0.9, 1.0), {OLD: 0.45, THICK: 0.4, THIN: 0.15}, (BIG,), (YOUNG,)),
)

FAST = Regime((1.0, 1.0), {THICK: 0.93, THIN: 0.07}, (NONE,))


@dataclass
class RegimeTable:
    """Regimes drawn for the regions of one scene, by region number.

    Args:
        concentration: Float32 (n,).
        cumulative: Share of the stages up to each of 1..5, float32 (n, 5).
        floe: Floe class, uint8 (n,).
        between: Stage between the floes, 0 for water, uint8 (n,).
    """

    concentration: np.ndarray
    cumulative: np.ndarray
    floe: np.ndarray
    between: np.ndarray


def region_number(
    band: np.ndarray, cell: np.ndarray, cells: int
) -> np.ndarray:
    """Number of the region of a band within a cell."""
    return band * cells + cell


def draw_regimes(rng: np.random.Generator, cells: int) -> RegimeTable:
    """Give each band of each cell a regime.

    The catalogue is dealt out like cards, so that even a small scene holds
    a mix of regimes.

    Args:
        rng: Source of randomness.
        cells: Number of Voronoi cells of the scene.
    """

    def deal(catalogue: tuple[Regime, ...]) -> list[Regime]:
        order = []
        while len(order) < cells:
            order += [catalogue[i] for i in rng.permutation(len(catalogue))]
        return order[:cells]

    water = Regime((0.0, 0.0), {NEW: 1.0}, (CAKE,))
    regimes = [water] * cells + deal(MARGINAL) + deal(PACK) + [FAST] * cells
    shares = np.array(
        [[r.stages.get(stage, 0.0) for stage in range(1, 6)] for r in regimes]
    )
    # Shares vary a little between regions of one regime.
    shares *= rng.uniform(0.8, 1.25, shares.shape)
    shares /= shares.sum(1, keepdims=True)
    return RegimeTable(
        np.float32([rng.uniform(*r.concentration) for r in regimes]),
        np.cumsum(shares, axis=1).astype(np.float32),
        np.uint8([rng.choice(r.floes) for r in regimes]),
        np.uint8([rng.choice(r.between) for r in regimes]),
    )
