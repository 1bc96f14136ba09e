"""Names, times and orbits that look like those of real scenes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from .geometry import LINES_PER_SECOND

#: Chart regions of each service: latitude and longitude of a first corner.
REGIONS = {
    'dmi': {
        'CapeFarewell': (57.5, -46.0),
        'SouthWest': (61.0, -54.0),
        'CentralWest': (66.5, -60.0),
        'NorthWest': (71.5, -65.0),
        'Qaanaaq': (74.5, -75.0),
        'North': (76.5, -50.0),
        'NorthEast': (75.0, -18.0),
        'CentralEast': (69.5, -25.0),
        'SouthEast': (62.5, -42.0),
    },
    'cis': {
        'SGRDIEA': (70.0, -78.0),
        'SGRDIFOXE': (64.0, -82.0),
        'SGRDINFLD': (49.0, -56.0),
        'SGRDIWA': (71.0, -128.0),
        'SGRDIMID': (70.5, -100.0),
        'SGRDIHA': (75.5, -100.0),
    },
}

#: Orbit number = day since 1970 * 175 / 12 + offset; data take = a + b *
#: orbit. Fitted to the names of the published scenes.
_ORBIT_OFFSET = {'S1A': -235721.53, 'S1B': -246705.02}
_DATATAKE = {'S1A': (-34596.7, 8.63412), 'S1B': (-5762.3, 8.02900)}
_EPOCH = datetime(1970, 1, 1)
_HOUR = timedelta(hours=1)

#: Local solar time in hours of ascending passes at these latitudes; the
#: ascending node itself is crossed at 18 h.
_LOCAL_TIME = (16.0, 18.0)


@dataclass(frozen=True)
class SceneIdentity:
    """Who a scene is.

    Args:
        service: 'dmi' or 'cis'.
        start: Time of the first line, UTC, whole seconds.
        product_id: Sentinel-1 product name.
        chart: Name of the chart at its service.
        region: Chart region, as it stands in ``metadata.csv``.
        corner: Latitude and longitude the scene starts near, degrees.
    """

    service: str
    start: datetime
    product_id: str
    chart: str
    region: str
    corner: tuple[float, float]

    @property
    def scene_id(self) -> str:
        """Short id such as '20180607T184326_dmi'."""
        return f'{self.start:%Y%m%dT%H%M%S}_{self.service}'

    @property
    def original_id(self) -> str:
        """Name of the raw file."""
        return f'{self.product_id}_icechart_{self.service}_{self.chart}.nc'

    @property
    def icechart_id(self) -> str:
        """Service and chart, as raw files write it."""
        return f'{self.service}_{self.chart}'


def _draw_start(rng: np.random.Generator, longitude: float) -> datetime:
    """An ascending pass in the freezing months of 2018 to 2021, UTC.

    Backscatter is that of cold, dry snow; in summer, wet snow would hide
    the contrasts between ice types. The local day is one of October to May.
    """
    while True:
        day = datetime(2018, 1, 1) + timedelta(days=int(rng.integers(4 * 365)))
        if day.month <= 5 or day.month >= 10:
            break
    hours = rng.uniform(*_LOCAL_TIME) - longitude / 15
    return day + timedelta(seconds=round(3600 * hours))


def _passed_at(start: datetime) -> float:
    """Longitude (degrees) that an ascending pass crosses at a time, UTC."""
    hours = (start - datetime(start.year, start.month, start.day)) / _HOUR
    return (15 * (sum(_LOCAL_TIME) / 2 - hours) + 180) % 360 - 180


def _draw_place(
    rng: np.random.Generator, service: str, start: datetime | None
) -> tuple[str, tuple[float, float]]:
    """A chart region and a corner in it, where the satellite is then.

    A given time fixes the longitude; the region is the nearest one.
    """
    regions = REGIONS[service]
    region = str(rng.choice(list(regions)))
    shift = rng.uniform((-1, -3), (1, 3))
    if start is None:
        latitude, longitude = regions[region] + shift
    else:
        longitude = _passed_at(start)
        region = min(regions, key=lambda r: abs(regions[r][1] - longitude))
        latitude = regions[region][0] + shift[0]
    return region, (float(latitude), float(longitude))


def draw_identity(
    rng: np.random.Generator, service: str, start: datetime | None, lines: int
) -> SceneIdentity:
    """Give a scene its place, time and names.

    Args:
        rng: Source of randomness.
        service: 'dmi' or 'cis'.
        start: Time of the first line, UTC; drawn if None.
        lines: Raw lines; they set the duration.
    """
    region, corner = _draw_place(rng, service, start)
    if start is None:
        start = _draw_start(rng, corner[1])
    platform = str(rng.choice(['S1A', 'S1B']))
    days = (start - _EPOCH) / timedelta(days=1)
    orbit = round(days * 175 / 12 + _ORBIT_OFFSET[platform])
    base, slope = _DATATAKE[platform]
    datatake = round(base + slope * orbit)
    stop = start + timedelta(seconds=round(lines / LINES_PER_SECOND))
    product = (
        f'{platform}_EW_GRDM_1SDH_{start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}'
        f'_{orbit:06d}_{datatake:06X}_{rng.integers(0, 1 << 16):04X}'
    )
    if service == 'dmi':
        issued = start + timedelta(minutes=2, seconds=30)
        issued -= timedelta(minutes=issued.minute % 5)
        chart = f'{issued:%Y%m%d%H%M}_{region}_RIC'
        region = f'{region}_RIC'
    else:
        issued = start + timedelta(minutes=int(rng.integers(-8, 16)))
        chart = f'{region}_{issued:%Y%m%dT%H%M}Z_pl_a'
    return SceneIdentity(service, start, product, chart, region, corner)
