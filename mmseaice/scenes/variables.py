"""The channels of a scene: names, units, grids and published statistics.

AI4Arctic ready-to-train files hold ``(x - mean) / std`` with one mean and
standard deviation per channel and release. The statistics here are those
that the producers published with each release; the rounding is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..errors import MissingChannelError

#: Releases of the AI4Arctic challenge data set, oldest first.
RELEASES = ('Oct-2022', 'Dec-2022')

#: Thresholds (SOD, FLOE) behind the labels of each release.
LABEL_THRESHOLDS = {'Oct-2022': (0.70, 0.50), 'Dec-2022': (0.65, 0.65)}

#: Spacing (m) of the grid that charts are published and scored on.
CHART_SPACING = 80.0

#: One AMSR2 and ERA5 cell covers this many 40 m pixels on each axis.
COARSE_CELL = 50

#: Dimensions of a canonical scene, by grid.
DIMS = {
    'full': ('y', 'x'),
    '2km': ('y_2km', 'x_2km'),
    'tie': ('y_tie', 'x_tie'),
}

#: Steps of the brightness temperatures in kelvin: AMSR2 files count so.
BRIGHTNESS_STEP = 1 / 128


@dataclass(frozen=True)
class Channel:
    """One physical quantity of a scene.

    Args:
        name: Name in mmseaice, in configs and canonical scenes.
        source: Name in ready-to-train files, and in raw files too unless
            ``raw_source`` says otherwise.
        grid: 'full' for the SAR grid, '2km' for the AMSR2 and ERA5 grid,
            'place' for what follows from time and tie points.
        units: Physical unit, '1' for a number without one.
        long_name: What it is, for file attributes and figures.
        mean: Published mean per release, in physical units; none for time
            and place.
        std: Published standard deviation per release, likewise.
        raw_source: Name in raw files where it differs.
    """

    name: str
    source: str
    grid: Literal['full', '2km', 'place']
    units: str
    long_name: str
    mean: dict[str, float] = field(repr=False)
    std: dict[str, float] = field(repr=False)
    raw_source: str = ''


# name: mean and std of Dec-2022, then of Oct-2022
_STATISTICS = {
    'HH': (-14.508255, 5.659746, -14.5034, 5.6242),
    'HV': (-24.701205, 4.746759, -24.7023, 4.7420),
    'incidence_angle': (33.998018, 8.322267, 33.9979, 8.3211),
    'distance_zone': (23.627670, 14.990186, 23.6415, 14.9988),
    'btemp_6_9h': (148.846980, 61.648469, 148.7766, 61.6802),
    'btemp_6_9v': (203.519445, 38.666432, 203.5003, 38.6927),
    'btemp_7_3h': (149.898965, 61.675445, 149.8220, 61.7059),
    'btemp_7_3v': (204.205340, 38.666220, 204.1810, 38.6931),
    'btemp_10_7h': (153.891692, 60.875250, 153.7900, 60.8850),
    'btemp_10_7v': (208.904087, 36.244959, 208.8677, 36.2613),
    'btemp_18_7h': (165.680262, 52.617873, 165.5239, 52.6252),
    'btemp_18_7v': (218.586834, 28.060390, 218.5082, 28.0646),
    'btemp_23_8h': (182.208937, 42.887162, 182.0052, 42.9017),
    'btemp_23_8v': (226.396467, 22.117582, 226.2859, 22.1174),
    'btemp_36_5h': (185.194724, 38.644438, 185.0389, 38.6275),
    'btemp_36_5v': (228.205902, 17.652645, 228.1109, 17.6401),
    'btemp_89_0h': (212.537458, 22.584971, 212.3726, 22.5786),
    'btemp_89_0v': (241.257479, 16.310962, 241.1624, 16.3414),
    'u10m_rotated': (0.674799, 4.749647, 0.6745, 4.7396),
    'v10m_rotated': (0.607557, 5.196105, 0.5816, 5.1537),
    't2m': (268.626549, 9.469171, 268.6342, 9.4916),
    'skt': (268.910152, 10.305256, 268.9125, 10.3623),
    'tcwv': (7.747742, 5.268575, 7.7069, 5.2048),
    'tclw': (0.041246, 0.071128, 0.0409, 0.0708),
}

_FULL = {
    'HH': ('nersc_sar_primary', 'dB', 'Backscatter sigma0, HH'),
    'HV': ('nersc_sar_secondary', 'dB', 'Backscatter sigma0, HV'),
    'incidence_angle': ('sar_incidenceangle', 'degree', 'Incidence angle'),
    'distance_zone': ('distance_map', '1', 'Zone of distance to land'),
}

_WEATHER = {
    'u10m_rotated': ('m/s', 'Wind at 10 m, u, turned to flight direction'),
    'v10m_rotated': ('m/s', 'Wind at 10 m, v, turned to flight direction'),
    't2m': ('K', 'Air temperature at 2 m'),
    'skt': ('K', 'Skin temperature'),
    'tcwv': ('kg/m2', 'Total column water vapour'),
    'tclw': ('kg/m2', 'Total cloud liquid water'),
}


def _brightness_name(name: str) -> str:
    """Turn 'btemp_18_7h' into 'Brightness temperature, 18.7 GHz H'."""
    _, whole, rest = name.split('_')
    return f'Brightness temperature, {whole}.{rest[0]} GHz {rest[1].upper()}'


def _channel(name: str) -> Channel:
    mean, std, old_mean, old_std = _STATISTICS[name]
    if name in _FULL:
        source, units, long_name = _FULL[name]
    elif name in _WEATHER:
        source, (units, long_name) = name, _WEATHER[name]
    else:
        source, units, long_name = name, 'K', _brightness_name(name)
    angle = name == 'incidence_angle'
    return Channel(
        name=name,
        source=source,
        grid='full' if name in _FULL else '2km',
        units=units,
        long_name=long_name,
        mean={'Oct-2022': old_mean, 'Dec-2022': mean},
        std={'Oct-2022': old_std, 'Dec-2022': std},
        raw_source='sar_grid_incidenceangle' if angle else '',
    )


#: All channels by name, in file order.
CHANNELS: dict[str, Channel] = {name: _channel(name) for name in _STATISTICS}

_PLACE = {
    'latitude': ('degree', 'Geodetic latitude'),
    'longitude': ('degree', 'Longitude, -180 to 180'),
    'longitude_sin': ('1', 'Sine of the longitude'),
    'longitude_cos': ('1', 'Cosine of the longitude'),
    'month': ('1', 'Month of the acquisition, 1 to 12'),
    'season_sin': ('1', 'Sine of the day of the year, as an angle'),
    'season_cos': ('1', 'Cosine of the day of the year, as an angle'),
}

#: Channels of time and place. No file and no store holds them: they follow
#: from the tie points and the time of acquisition.
PLACE_CHANNELS: dict[str, Channel] = {
    name: Channel(name, '', 'place', units, long_name, {}, {})
    for name, (units, long_name) in _PLACE.items()
}

#: Names of the 14 AMSR2 channels.
BRIGHTNESS = tuple(name for name in CHANNELS if name.startswith('btemp_'))

#: Names of the four channels on the SAR grid.
FULL_CHANNELS = tuple(_FULL)


def find_channel(name: str) -> Channel:
    """The channel of a name, of a file or of time and place.

    Raises:
        MissingChannelError: If there is none.
    """
    known = CHANNELS | PLACE_CHANNELS
    if name not in known:
        raise MissingChannelError(
            'channels', f'names among {", ".join(known)}', repr(name)
        )
    return known[name]
