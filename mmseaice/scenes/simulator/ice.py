"""The ice itself, pixel by pixel: floes, leads, brash and open water."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cells import cellular
from .fields import fractal_field, smooth_field
from .layout import Layout
from .regimes import (
    BIG,
    CAKE,
    FAST_BAND,
    FLOE_PIXELS,
    NONE,
    PACK_BAND,
    VAST,
    RegimeTable,
)

#: Least concentration at which floes touch and the gaps may freeze over.
_CLOSED = 0.88


@dataclass
class IceTruth:
    """What every 80 m pixel really holds, arrays of shape (H, W).

    Args:
        concentration: Part covered by ice in percent, uint8.
        stage: Stage of development class 0..5, uint8, 0 for water.
        floe: Floe class 0..5, uint8, 0 for water, 255 for fast ice, whose
            floes have no size.
        tone: Brightness of the floe among its like, float32, about
            standard normal.
        rim: Deformed rim of a floe, float32, 0 to 1.
        land: True on land, where the fields above are 0.
    """

    concentration: np.ndarray
    stage: np.ndarray
    floe: np.ndarray
    tone: np.ndarray
    rim: np.ndarray
    land: np.ndarray


def draw_ice(
    rng: np.random.Generator, layout: Layout, table: RegimeTable
) -> IceTruth:
    """Fill the regions of a layout with ice.

    Args:
        rng: Source of randomness.
        layout: Large-scale map.
        table: Regimes by region.
    """
    shape = layout.land.shape
    zeros = [np.zeros(shape, np.uint8) for _ in range(3)]
    floats = [np.zeros(shape, np.float32) for _ in range(2)]
    truth = IceTruth(*zeros, *floats, layout.land)
    wanted = table.concentration[layout.region]
    loose = (wanted > 0) & (wanted < _CLOSED)
    variation = smooth_field(rng, shape, 60)
    wanted += np.float32(0.07) * variation * loose
    np.clip(wanted, 0, 1, out=wanted)
    band = layout.region // layout.cells
    ice = (band > 0) & ~layout.land
    floe = table.floe[layout.region]

    _fill_mixture(rng, truth, ice & (floe == CAKE), wanted, layout, table)
    for floe_class, size in FLOE_PIXELS.items():
        where = np.flatnonzero(ice & (floe == floe_class))
        _fill_floes(rng, truth, where, size, floe_class, wanted, layout, table)
    where = np.flatnonzero(ice & (band == FAST_BAND))
    _fill_floes(rng, truth, where, 70.0, NONE, wanted, layout, table)
    _cut_leads(rng, truth, band, layout, table)
    return truth


def _fill_mixture(
    rng: np.random.Generator,
    truth: IceTruth,
    where: np.ndarray,
    wanted: np.ndarray,
    layout: Layout,
    table: RegimeTable,
) -> None:
    """Cakes, pancakes and grease: streaked mixtures below pixel size."""
    shape = where.shape
    streaks = fractal_field(rng, shape, 24, 3, persistence=0.7)
    cover = np.clip(wanted[where] + 0.22 * streaks[where], 0, 1)
    # The stages lie in patches: the rank of a second field chooses them.
    patches = fractal_field(rng, shape, 18, 4, persistence=0.6)[where]
    rank = 0.5 * (1 + np.tanh(0.85 * patches))
    cumulative = table.cumulative[layout.region[where]]
    stage = 1 + (rank[:, None] > cumulative[:, :4]).sum(1, dtype=np.uint8)
    cover[cover < 0.05] = 0
    truth.concentration[where] = np.rint(100 * cover)
    truth.stage[where] = np.where(cover > 0, stage, 0)
    truth.floe[where] = np.where(cover > 0, CAKE, 0)
    truth.tone[where] = 0.6 * patches


def _fill_floes(
    rng: np.random.Generator,
    truth: IceTruth,
    where: np.ndarray,
    size: float,
    floe_class: int,
    wanted: np.ndarray,
    layout: Layout,
    table: RegimeTable,
) -> None:
    """Floes of one class at the flat pixel indices ``where``."""
    if not where.size:
        return
    height, width = truth.stage.shape
    y, x = (index.astype(np.float32) for index in np.divmod(where, width))
    if size > 4:
        # Ragged outlines: a warp of a fraction of the floe's size.
        for axis in (y, x):
            bend = fractal_field(rng, (height, width), size / 2, 3)
            axis += np.float32(0.09 * size) * bend.ravel()[where]
            axis -= axis.min()
    cells = cellular(rng, y, x, size)
    region = layout.region.ravel()[where]
    cover = wanted.ravel()[where]
    chance = rng.random(cells.count, dtype=np.float32)[cells.ids]
    pick = rng.random(cells.count, dtype=np.float32)[cells.ids]
    tone = rng.standard_normal(cells.count, np.float32)[cells.ids]

    closed = cover >= _CLOSED
    if floe_class == NONE:
        body = np.ones(where.size, bool)
    else:
        gap = np.where(closed, min(1.1 / size, 0.07), 0.6 / size + 0.04)
        body = (cells.edge > gap) & (closed | (cells.centre < 0.66))
        chance[closed] = 0
    # Bodies leave gaps, so more of them must be there for the same cover.
    for group in (closed, ~closed):
        share = body[group].mean() if group.any() else 0
        if share:
            chance[group] *= share
    body &= chance < cover
    cumulative = table.cumulative[region]
    stage = np.ones(where.size, np.uint8)
    for k in range(4):
        stage += pick > cumulative[:, k]
    between = np.where(closed, table.between[region], 0)
    stage = np.where(body, stage, between).astype(np.uint8)
    icy = stage > 0
    truth.stage.flat[where] = stage
    truth.concentration.flat[where] = np.where(icy, 100, 0)
    truth.floe.flat[where] = np.where(icy, floe_class, 0)
    truth.tone.flat[where] = np.where(body, tone, 0)
    if floe_class >= BIG and floe_class != NONE:
        truth.rim.flat[where] = body * np.exp(-cells.edge * size / 2)


def _cut_leads(
    rng: np.random.Generator,
    truth: IceTruth,
    band: np.ndarray,
    layout: Layout,
    table: RegimeTable,
) -> None:
    """Long leads through pack of big floes, open or freezing over."""
    shape = band.shape
    floe = table.floe[layout.region]
    room = (band == PACK_BAND) & ((floe == BIG) | (floe == VAST)) & ~truth.land
    for _ in range(2):
        line = fractal_field(rng, shape, 140, 8, persistence=0.28)
        width = np.float32(0.028) * smooth_field(rng, shape, 110)
        lead = room & (np.abs(line) < width)
        frozen = lead & (smooth_field(rng, shape, 130) > -0.2)
        truth.stage[lead] = np.where(frozen[lead], 1, 0)
        truth.concentration[lead] = np.where(frozen[lead], 100, 0)
        truth.floe[lead] = np.where(frozen[lead], floe[lead], 0)
        truth.tone[lead] = 0
        truth.rim[lead] = 0
