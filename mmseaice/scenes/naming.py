"""What the names of scenes and charts say.

A raw file is called ``<Sentinel-1 product>_icechart_<service>_<chart>.nc``,
a ready-to-train file ``<start>_<service>_prep.nc``. The start time alone
does not name a scene: both ice services charted some of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

#: Ice services: Danish Meteorological Institute, Canadian Ice Service.
ICE_SERVICES = ('dmi', 'cis')

_PRODUCT = re.compile(
    r'(?P<product>(?P<platform>S1[A-D])_EW_GRD[FHM]_1S(?:DH|DV|SH|SV)'
    r'_(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})'
    r'_(?P<orbit>\d{6})_(?P<take>[0-9A-F]{6})_(?P<crc>[0-9A-F]{4}))'
    r'(?:_icechart_(?P<service>dmi|cis)_(?P<chart>\w+?))?'
    r'(?:_testdata)?(?:\.(?:nc|SAFE|zip))?$'
)


@dataclass(frozen=True)
class ProductId:
    """The parts of a raw scene's name.

    Args:
        product_id: Name of the Sentinel-1 product.
        platform: 'S1A' or a sister.
        start: First line, as '20180607T184326'.
        stop: Last line, likewise.
        absolute_orbit: Number of the orbit since launch.
        datatake: Data take, six hexadecimal digits.
        crc: Four more that make the name unique.
        ice_service: 'dmi' or 'cis', '' in a bare product name.
        chart: Name of the ice chart at its service, or ''.
    """

    product_id: str
    platform: str
    start: str
    stop: str
    absolute_orbit: int
    datatake: str
    crc: str
    ice_service: str = ''
    chart: str = ''

    @property
    def scene_id(self) -> str:
        """Short id such as '20180607T184326_dmi'."""
        return f'{self.start}_{self.ice_service}'.rstrip('_')

    @property
    def chart_id(self) -> str:
        """Service and chart, as in the ``icechart_id`` of raw files."""
        return f'{self.ice_service}_{self.chart}' if self.chart else ''

    @property
    def region_id(self) -> str:
        """Chart region: 'SouthEast_RIC' (DMI) or 'SGRDIEA' (CIS)."""
        first, _, rest = self.chart.partition('_')
        return rest if self.ice_service == 'dmi' else first

    @property
    def acquisition_time(self) -> str:
        """Start time in ISO 8601, UTC."""
        return iso_time(self.start)

    @property
    def attrs(self) -> dict[str, Any]:
        """What the name says, under the attribute names of a scene."""
        names = ('scene_id', 'product_id', 'ice_service', 'acquisition_time')
        names += ('absolute_orbit', 'chart_id')
        return {name: getattr(self, name) for name in names}


def iso_time(compact: str) -> str:
    """Turn '20180607T184326' into '2018-06-07T18:43:26'."""
    day, clock = compact[:8], compact[9:]
    return (
        f'{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}'
    )


def parse_product_id(name: str | Path) -> ProductId:
    """Take the name of a raw scene or a Sentinel-1 product apart.

    Args:
        name: File name or path, with or without suffix.

    Raises:
        ValueError: If the name does not follow the pattern or holds an
            impossible time.
    """
    match = _PRODUCT.match(Path(str(name).strip()).name)
    if match is None:
        raise ValueError(
            'name must be a Sentinel-1 EW product name, alone or followed by '
            f'_icechart_<service>_<chart>, but got {str(name)!r}.'
        )
    for time in (match['start'], match['stop']):
        try:
            datetime.strptime(time, '%Y%m%dT%H%M%S')
        except ValueError:
            raise ValueError(
                f'name must hold times that exist, but got {time} in '
                f'{str(name)!r}.'
            ) from None
    return ProductId(
        product_id=match['product'],
        platform=match['platform'],
        start=match['start'],
        stop=match['stop'],
        absolute_orbit=int(match['orbit']),
        datatake=match['take'],
        crc=match['crc'],
        ice_service=match['service'] or '',
        chart=match['chart'] or '',
    )


def scene_id_from_original(name: str | Path) -> str:
    """Short id of a raw file name: '20180607T184326_dmi'.

    Raises:
        ValueError: If the name does not follow the pattern or names no
            ice service.
    """
    product = parse_product_id(name)
    if not product.ice_service:
        raise ValueError(
            f'name must name an ice service, but got {str(name)!r}.'
        )
    return product.scene_id


def parse_swaths(value: Any) -> tuple[str, ...]:
    """Names of AMSR2 swath files in an ``AMSR2_swaths`` attribute.

    One swath is plain text; several are the text of a list as Python 2
    printed it, ``[u'a.h5', u'b.h5']``.
    """
    text = ' '.join(np.ravel(value).astype(str))
    return tuple(re.findall(r'[\w.-]+\.h5\b', text))


def parse_delays(value: Any) -> tuple[int, ...]:
    """Seconds in an ``AMSR2_S1_delays`` attribute: a number, array or text."""
    text = ' '.join(np.ravel(value).astype(str))
    words = re.findall(r'-?\d+\.?\d*(?:[eE][+-]?\d+)?', text)
    return tuple(int(float(word)) for word in words)
