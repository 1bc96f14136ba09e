"""Attributes of the variables and files, in the words of the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..variables import BRIGHTNESS
from .identity import SceneIdentity
from .scene import SimulatedScene
from .swaths import Swaths
from .zones import zone_table

SAR_NAMES = {'HH': 'nersc_sar_primary', 'HV': 'nersc_sar_secondary'}

CHART_TITLES = {
    'SIC': 'Sea Ice Concentration [%]',
    'SOD': 'Stage of Development',
    'FLOE': 'Floe Size',
}

_WEATHER = {
    'u10m_rotated': (
        'm/s',
        'ERA5 10m u-component of wind rotated to account for S-1 flight '
        'direction',
    ),
    'v10m_rotated': (
        'm/s',
        'ERA5 10m v-component of wind rotated to account for S-1 flight '
        'direction',
    ),
    't2m': ('K', 'ERA5 2m air temperature'),
    'skt': ('K', 'ERA5 skin temperature'),
    'tcwv': ('kg/m2', 'ERA5 total column water vapour'),
    'tclw': ('kg/m2', 'ERA5 total cloud liquid water'),
}

Attributes = dict[str, Any]


def extremes(values: np.ndarray) -> Attributes:
    """Least and greatest value, NaN aside."""
    return {'min': np.nanmin(values), 'max': np.nanmax(values)}


def chart_attributes(task: str) -> Attributes:
    """Attributes of SIC, SOD or FLOE."""
    return {'polygon': CHART_TITLES[task], 'chart_fill_value': 255}


def flag_attributes(names: Mapping[int, str]) -> Attributes:
    """CF attributes of uint8 values that stand for something."""
    words = [name.replace(' ', '_') for name in names.values()]
    return {
        'flag_values': np.array(list(names), np.uint8),
        'flag_meanings': ' '.join(words),
    }


def sar_attributes(scene: SimulatedScene, polarisation: str) -> Attributes:
    """Attributes of HH or HV in a raw file."""
    return {
        'polarisation': polarisation,
        'upstream_id': scene.identity.product_id,
        'description': 'Sigma0 in dB',
        **extremes(getattr(scene, polarisation)),
    }


def distance_attributes() -> Attributes:
    """Attributes of the distance map."""
    return {
        'long_name': 'Distance to land zones numbered with ids ranging from '
        '0 to 41',
        'zonal_range_description': zone_table(),
    }


def swath_attributes(swaths: Swaths) -> Attributes:
    """The AMSR2 swaths, several of them as Python 2 printed a list."""
    if len(swaths.names) == 1:
        names, delays = swaths.names[0], str(swaths.delays[0])
    else:
        names = '[' + ', '.join(f"u'{name}'" for name in swaths.names) + ']'
        delays = str(np.array(swaths.delays))
    return {'AMSR2_swaths': names, 'AMSR2_S1_delays': delays}


def brightness_attributes(scene: SimulatedScene, name: str) -> Attributes:
    """Attributes of an AMSR2 channel such as 'btemp_18_7h'."""
    _, whole, rest = name.split('_')
    polarisation = {'h': 'horizontal', 'v': 'vertical'}[rest[-1]]
    return {
        **swath_attributes(scene.swaths),
        **extremes(scene.brightness[name]),
        'description': f'Brightness temperature in K at {whole}.{rest[:-1]}'
        f'GHz. Polarization: {polarisation}.',
    }


def weather_attributes(name: str) -> Attributes:
    """Attributes of an ERA5 field."""
    units, long_name = _WEATHER[name]
    return {'units': units, 'long_name': long_name}


def coarse_attributes(scene: SimulatedScene) -> dict[str, Attributes]:
    """Attributes of the AMSR2 and ERA5 variables by name, in file order."""
    attributes = {n: brightness_attributes(scene, n) for n in BRIGHTNESS}
    return attributes | {name: weather_attributes(name) for name in _WEATHER}


def raw_global_attributes() -> Attributes:
    """Global attributes of a raw file."""
    return {
        'title': 'AI4Arctic_CCN sea ice scene, simulated by mmseaice.\n'
        'Input: Sentinel-1 EW HH and HV backscatter, distance to land, '
        'AMSR2 brightness temperatures, ERA5 weather.\n'
        'Label: polygons of an ice chart with their egg codes.',
        'geometric_info': 'Swath geometry of the Sentinel-1 product, 40 m '
        'pixels, line 0 first in time, sample 0 at near range.\n'
        'The sar_grid variables hold a coarse grid of tie points with their '
        'line and sample numbers.\n'
        'AMSR2 and ERA5 lie on a grid of 50 x 50 pixels (2 km).',
        'sar_denoise_by_nersc_documentation': 'The residual of thermal noise '
        'follows the denoising of https://doi.org/10.1109/TGRS.2021.3131036',
    }


def ready_global_attributes(identity: SceneIdentity, name: str) -> Attributes:
    """Global attributes of a ready-to-train file called ``name``."""
    return {
        'scene_id': name,
        'original_id': identity.original_id,
        'ice_service': identity.service,
        'flip': 0,
        'pixel_spacing': 80,
    }
