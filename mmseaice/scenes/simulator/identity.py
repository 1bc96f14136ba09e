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
        'SGRDIMID': (66.0, -62.0),
        'SGRDIHA': (75.5, -100.0),
    },
}

#: Orbit number = day since 1970 * 175 / 12 + offset; data take = a + b *
#: orbit. Fitted to the names of the published scenes.
_ORBIT_OFFSET = {'S1A': -235721.53, 'S1B': -246705.02}
_DATATAKE = {'S1A': (-34596.7, 8.63412), 'S1B': (-5762.3, 8.02900)}
_EPOCH = datetime(1970, 1, 1)


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


def draw_start(rng: np.random.Generator) -> datetime:
    """A second in the freezing months (October to May) of 2018 to 2021.

    Backscatter is that of cold, dry snow; in summer, wet snow would hide
    the contrasts between ice types.
    """
    while True:
        day = datetime(2018, 1, 1) + timedelta(
            seconds=int(rng.integers(0, 4 * 365 * 86400))
        )
        if day.month <= 5 or day.month >= 10:
            return day


def draw_identity(
    rng: np.random.Generator, service: str, start: datetime, lines: int
) -> SceneIdentity:
    """Give a scene its names.

    Args:
        rng: Source of randomness.
        service: 'dmi' or 'cis'.
        start: Time of the first line.
        lines: Raw lines; they set the duration.
    """
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
    region = str(rng.choice(list(REGIONS[service])))
    latitude, longitude = REGIONS[service][region]
    if service == 'dmi':
        issued = start + timedelta(minutes=2, seconds=30)
        issued -= timedelta(minutes=issued.minute % 5)
        chart = f'{issued:%Y%m%d%H%M}_{region}_RIC'
        region = f'{region}_RIC'
    else:
        issued = start + timedelta(minutes=int(rng.integers(-8, 16)))
        chart = f'{region}_{issued:%Y%m%dT%H%M}Z_pl_a'
    corner = (
        latitude + rng.uniform(-1, 1),
        longitude + rng.uniform(-3, 3),
    )
    return SceneIdentity(service, start, product, chart, region, corner)
