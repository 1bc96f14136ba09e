"""One simulated scene, from a seed to the arrays of its raw file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from ..ties import coarse_size
from .auxiliary import (
    brightness_temperatures,
    cover_fractions,
    draw_weather,
    draw_wind,
)
from .backscatter import scene_backscatter
from .chart import Chart, draw_chart
from .geometry import TiePoints, incidence_angle, tie_points
from .ice import IceTruth, draw_ice
from .identity import SceneIdentity, draw_identity
from .layout import draw_layout
from .regimes import FAST_ICE, NONE, draw_regimes
from .sar import scene_image
from .swaths import Swaths, draw_swaths
from .zones import distance_map

#: Smallest raw size: below, the 21 tie points of an axis overrun it.
SMALLEST = 400

Special = Literal['water', 'masked']


@dataclass
class SimulatedScene:
    """A scene as its raw file holds it, and the truth behind it.

    Args:
        identity: Names and time.
        HH: dB, float32 (lines, samples), NaN for no data.
        HV: The same for HV; a few pixels more are missing.
        polygon_id: Float32 (lines, samples), NaN on land and outside the
            chart.
        polygon_codes: Egg-code table with its header row.
        distance_zone: Float32 (lines, samples), complete.
        ties: Geolocation grid.
        brightness: AMSR2 channels by name, float64 kelvin, 2 km grid.
        weather: ERA5 fields by name, float64, 2 km grid.
        swaths: Where the AMSR2 values come from.
        truth: uint8 arrays on the 80 m grid of the ready-to-train file:
            'concentration' (percent), 'stage', 'floe'; 255 on land, and
            floe 254 for fast ice, whose floes have no size.
    """

    identity: SceneIdentity
    HH: np.ndarray
    HV: np.ndarray
    polygon_id: np.ndarray
    polygon_codes: list[str]
    distance_zone: np.ndarray
    ties: TiePoints
    brightness: dict[str, np.ndarray]
    weather: dict[str, np.ndarray]
    swaths: Swaths
    truth: dict[str, np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """Raw lines and samples."""
        return self.HH.shape


def check_size(lines: int, samples: int) -> None:
    """Refuse sizes that the 21 tie points of an axis overrun.

    Raises:
        ValueError: If lines or samples are below :data:`SMALLEST`.
    """
    for name, size in (('lines', lines), ('samples', samples)):
        if size < SMALLEST:
            raise ValueError(
                f'{name} must be at least {SMALLEST} raw pixels of 40 m, but '
                f'got {size}. The 21 tie points of a scene overrun a shorter '
                'axis.'
            )


def scene_identity(
    seed: int,
    index: int,
    lines: int,
    service: str | None = None,
    start: datetime | None = None,
) -> SceneIdentity:
    """Names and time of a scene, without simulating it.

    See :func:`simulate_scene` for the arguments.
    """
    rng = np.random.default_rng([seed, index, 1])
    service = service or ('dmi', 'cis')[index % 2]
    return draw_identity(rng, service, start, lines)


def simulate_scene(
    seed: int,
    index: int = 0,
    *,
    lines: int,
    samples: int,
    service: str | None = None,
    special: Special | None = None,
    start: datetime | None = None,
) -> SimulatedScene:
    """Simulate one scene.

    The same arguments always give the same scene.

    Args:
        seed: Seed of a set of scenes.
        index: Number of the scene in the set.
        lines: Raw lines of 40 m.
        samples: Raw samples of 40 m.
        service: 'dmi' or 'cis'; by default they take turns.
        special: 'water' for a scene without ice and land, 'masked' for one
            whose chart leaves the concentration undetermined.
        start: Time of the first line; drawn by default.

    Raises:
        ValueError: If the size is too small or the service unknown.
    """
    check_size(lines, samples)
    if service not in (None, 'dmi', 'cis'):
        raise ValueError(
            f"service must be 'dmi' or 'cis', but got {service!r}."
        )
    identity = scene_identity(seed, index, lines, service, start)
    streams = iter(np.random.default_rng([seed, index]).spawn(10))
    shape = (-(-lines // 2), -(-samples // 2))
    coarse = (coarse_size(lines), coarse_size(samples))

    rng = next(streams)
    land_share = rng.uniform(0.05, 0.2) if rng.random() < 0.6 else 0.0
    water_share = rng.uniform(0.15, 0.45)
    if special == 'water':
        land_share, water_share = 0.0, 1.0
    layout = draw_layout(rng, shape, land_share, water_share)
    table = draw_regimes(next(streams), layout.cells)
    ice = draw_ice(next(streams), layout, table)
    chart = draw_chart(
        next(streams), layout, ice, (lines, samples), special == 'masked'
    )
    layout.region = layout.charted = np.empty(0)
    wind, coarse_wind = draw_wind(next(streams), shape, coarse)
    fractions = cover_fractions(ice, coarse)
    ties = tie_points(lines, samples, *identity.corner)
    weather = draw_weather(
        next(streams),
        coarse_wind,
        fractions,
        identity.start.month,
        ties.latitude.mean(),
    )
    brightness = brightness_temperatures(next(streams), fractions, weather)
    swaths = draw_swaths(next(streams), identity, coarse)
    power = scene_backscatter(
        next(streams), ice, wind, incidence_angle(2 * shape[1])[::2]
    )
    del wind
    truth = _truth(ice, (lines // 2, samples // 2))
    del ice
    HH, HV = scene_image(
        next(streams), *power, incidence_angle(samples), (lines, samples)
    )
    del power
    land, zones = distance_map(layout, (lines, samples))
    return SimulatedScene(
        identity,
        HH,
        HV,
        _polygon_ids(chart, land),
        chart.codes,
        zones,
        ties,
        brightness,
        weather,
        swaths,
        truth,
    )


def _polygon_ids(chart: Chart, land: np.ndarray) -> np.ndarray:
    """Polygon ids at 40 m, float32, NaN on land and outside the chart."""
    out = np.empty(land.shape, np.float32)
    for start in range(0, len(land), 512):
        stop = min(start + 512, len(land))
        ids = chart.rows(start, stop, land.shape[1])
        missing = land[start:stop] | (ids == 0)
        out[start:stop] = np.where(missing, np.nan, ids)
    return out


def _truth(ice: IceTruth, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    rows, columns = (slice(0, count) for count in shape)
    fields = {
        'concentration': ice.concentration,
        'stage': ice.stage,
        'floe': np.where(ice.floe == NONE, FAST_ICE, ice.floe),
    }
    return {
        name: np.where(ice.land, NONE, field)[rows, columns].astype(np.uint8)
        for name, field in fields.items()
    }
