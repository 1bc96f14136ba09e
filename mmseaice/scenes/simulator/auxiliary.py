"""AMSR2 brightness temperatures and ERA5 fields on the 2 km grid."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..variables import BRIGHTNESS, BRIGHTNESS_STEP, COARSE_CELL
from .fields import interpolate_lattice, smooth_field
from .ice import IceTruth

_BLOCK = COARSE_CELL // 2  # 80 m pixels along one 2 km cell

#: Tie points in kelvin: open water H, V; first-year ice H, V; old ice H, V;
#: then footprint (km), and opacities per kg/m2 of vapour and of liquid. Tie
#: points after Ivanova et al. (2014, doi 10.1109/TGRS.2014.2310136), Arctic,
#: rounded. They were observed from space, through :data:`TYPICAL` weather.
_TIE_POINTS = {
    '6_9': (82.0, 161.0, 232.0, 252.0, 221.0, 246.0, 48, 0.0003, 0.010),
    '7_3': (83.0, 162.0, 232.0, 252.0, 220.0, 245.0, 48, 0.0003, 0.012),
    '10_7': (88.0, 167.0, 234.0, 251.5, 216.5, 240.0, 33, 0.0005, 0.025),
    '18_7': (108.0, 183.5, 237.5, 252.0, 208.0, 226.5, 18, 0.0025, 0.075),
    '23_8': (128.0, 196.0, 237.0, 251.0, 200.0, 217.0, 20, 0.0065, 0.12),
    '36_5': (145.0, 209.5, 235.0, 247.0, 185.0, 197.0, 10, 0.0030, 0.27),
    '89_0': (196.0, 243.0, 222.0, 232.0, 178.0, 187.0, 4, 0.0120, 1.1),
}
#: Weather behind the tie points; only what departs from it changes them.
TYPICAL = {'t2m': 262.0, 'tcwv': 6.0, 'tclw': 0.04, 'wind': 7.0}
#: Share of first-year emission in the emission of new and young ice; the
#: rest is water's (thin ice is half transparent at low frequencies).
_THIN_ICE = {1: 0.6, 2: 0.88, 3: 0.97}


def draw_wind(
    rng: np.random.Generator, shape: tuple[int, int], coarse: tuple[int, int]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Wind across and along the swath in m/s, on both grids.

    Args:
        rng: Source of randomness.
        shape: 80 m grid.
        coarse: 2 km grid.

    Returns:
        Two components on the 80 m grid, and the same two on the 2 km grid.
    """
    speed = np.clip(7.5 * rng.weibull(2.2), 3.0, 14.0)
    direction = rng.uniform(0, 2 * np.pi)
    scale = 0.45 * min(shape)
    fine_fields, coarse_fields = [], []
    for mean in (np.cos(direction), np.sin(direction)):
        nodes = [int(n / scale) + 5 for n in shape]
        lattice = rng.standard_normal(nodes, np.float32) / 0.475
        lattice = np.float32(speed * mean + 0.28 * speed * lattice)
        fine_fields.append(interpolate_lattice(lattice, shape, scale))
        part = interpolate_lattice(lattice, coarse, scale / _BLOCK)
        coarse_fields.append(part.astype(np.float64))
    return fine_fields, coarse_fields


def cover_fractions(truth: IceTruth, coarse: tuple[int, int]) -> np.ndarray:
    """Share of water, the stages 1..5 and land in each 2 km cell.

    Returns:
        Float64 of shape (7, *coarse).
    """
    height, width = (count * _BLOCK for count in coarse)
    cover = truth.concentration[:height, :width].astype(np.float32) / 100
    stage = truth.stage[:height, :width]
    land = truth.land[:height, :width]

    def cells(values: np.ndarray) -> np.ndarray:
        blocks = values.reshape(coarse[0], _BLOCK, coarse[1], _BLOCK)
        return blocks.mean((1, 3), dtype=np.float64)

    ice = [cells(np.where(stage == k, cover, 0)) for k in range(1, 6)]
    ground = cells(land)
    return np.stack([1 - ground - sum(ice), *ice, ground])


def draw_weather(
    rng: np.random.Generator,
    wind: list[np.ndarray],
    fractions: np.ndarray,
    month: int,
    latitude: float,
) -> dict[str, np.ndarray]:
    """ERA5 fields by their names in the files, float64.

    Air over ice follows season and latitude; over water it stays a few
    kelvin below freezing. Its vapour grows with its temperature.

    Args:
        rng: Source of randomness.
        wind: Wind across and along the swath, 2 km grid.
        fractions: See :func:`cover_fractions`.
        month: Month of the year, 1 to 12.
        latitude: Of the middle of the scene, degrees.
    """
    shape = fractions.shape[1:]
    scale = max(0.4 * min(shape), 3.0)

    def smooth() -> np.ndarray:
        return smooth_field(rng, shape, scale).astype(np.float64)

    season = 270 - 12 * np.cos(2 * np.pi * (month - 1.5) / 12)
    season += rng.normal(0, 6) - 0.4 * (latitude - 68)
    frozen = ndimage.gaussian_filter(fractions[1:].sum(0), scale / 4)
    over_ice = np.minimum(season + 1.5 * smooth(), 274)
    over_water = 271.6 - 4 + rng.normal(0, 2) + smooth()
    t2m = frozen * over_ice + (1 - frozen) * over_water
    skin = ndimage.gaussian_filter(fractions[1:].sum(0), scale / 8)
    skt = (1 - skin) * (271.6 + 0.2 * smooth()) + skin * (t2m - 1.2)
    tcwv = 6 * np.exp(0.06 * (t2m - 264) + 0.15 * smooth())
    tclw = np.maximum(0.03 + 0.04 * smooth(), 0)
    values = (*wind, t2m, np.minimum(skt, 273.0), tcwv, tclw)
    names = ('u10m_rotated', 'v10m_rotated', 't2m', 'skt', 'tcwv', 'tclw')
    return dict(zip(names, values, strict=True))


def brightness_temperatures(
    rng: np.random.Generator,
    fractions: np.ndarray,
    weather: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """The 14 AMSR2 channels, by their names in the files.

    The tie points mix in proportion to what covers the footprint. Wind
    brightens water and warmth brightens ice; air that is moister than
    usual draws the mixture towards its own temperature, drier air draws
    it away.

    Args:
        rng: Source of randomness.
        fractions: See :func:`cover_fractions`.
        weather: See :func:`draw_weather`.

    Returns:
        Float64 kelvin in steps of 1/128 K, h < v in every cell.
    """
    shape = fractions.shape[1:]
    warmth = 0.5 * (weather['t2m'] - TYPICAL['t2m'])
    speed = np.hypot(weather['u10m_rotated'], weather['v10m_rotated'])
    excess = speed - TYPICAL['wind']
    vapour, liquid = (weather[n] - TYPICAL[n] for n in ('tcwv', 'tclw'))
    channels = {}
    for frequency, ties in _TIE_POINTS.items():
        sigma = ties[6] / 2.355 / 2
        seen = ndimage.gaussian_filter(fractions, (0, sigma, sigma))
        opacity = ties[7] * vapour + ties[8] * liquid
        clear = np.exp(-opacity / np.cos(np.deg2rad(55)))
        pair = []
        for k in range(2):
            water, ice, old = ties[k], ties[2 + k], ties[4 + k]
            surface = seen[0] * (water + (0.8 - 0.6 * k) * excess)
            for stage in range(1, 5):
                share = _THIN_ICE.get(stage, 1.0)
                kind = share * ice + (1 - share) * water
                surface += seen[stage] * (kind + 0.5 * warmth)
            surface += seen[5] * (old + 0.5 * warmth)
            surface += seen[6] * (238.0 + 8.0 * k + warmth)
            air = weather['t2m'] - 8
            total = air + clear * (surface - air)
            noise = 0.25 * rng.standard_normal(shape)
            noise += 0.4 * smooth_field(rng, shape, 4)
            steps = np.rint((total + noise) / BRIGHTNESS_STEP)
            pair.append(steps)
        pair[0] = np.minimum(pair[0], pair[1] - 1)
        for k, polarisation in enumerate('hv'):
            name = f'btemp_{frequency}{polarisation}'
            channels[name] = pair[k] * BRIGHTNESS_STEP
    return {name: channels[name] for name in BRIGHTNESS}
