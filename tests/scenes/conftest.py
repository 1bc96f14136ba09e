"""Small AI4Arctic files, written by hand from the tables of the format.

Independent of the simulator on purpose: two descriptions of one format
check each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy as np
import pytest

PRODUCT = 'S1B_EW_GRDM_1SDH_20180607T184326_20180607T184426_011268_014AFD_A4E5'
CHART = 'dmi_201806071845_CentralEast_RIC'
BRIGHTNESS = [
    f'btemp_{f}{p}'
    for f in ('6_9', '7_3', '10_7', '18_7', '23_8', '36_5', '89_0')
    for p in 'hv'
]
WEATHER = ['u10m_rotated', 'v10m_rotated', 't2m', 'skt', 'tcwv', 'tclw']
# Dec-2022: mean, std; Oct-2022: mean, std
STATISTICS = {
    'nersc_sar_primary': (-14.508255, 5.659746, -14.5034, 5.6242),
    'nersc_sar_secondary': (-24.701205, 4.746759, -24.7023, 4.7420),
    'sar_incidenceangle': (33.998018, 8.322267, 33.9979, 8.3211),
    'distance_map': (23.627670, 14.990186, 23.6415, 14.9988),
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
CODES = [
    'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE',
    '29;92;30;95;05;70;93;08;-9;-9;-9;-9;-9;08-9;I',
    '47;80;20;95;06;60;93;06;-9;-9;-9;-9;-9;06-9;I',
    '76;02;-9;98;10;-9;-9;-9;-9;-9;-9;-9;-9;10-9;W',
    '81;99;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;I',
]
FULL = ('sar_lines', 'sar_samples')
COARSE = ('2km_grid_lines', '2km_grid_samples')


class Written(NamedTuple):
    """A file and the physical values that went into it."""

    path: Path
    truth: dict[str, np.ndarray]


def short_name(product: str = PRODUCT, chart: str = CHART) -> str:
    return f'{product[17:32]}_{chart[:3]}'


def ties(size: int, step: int = 0) -> np.ndarray:
    step = step or -(-size // 20)
    return np.append(np.arange(0, size - 1, step)[:20], size - 1)


def positions_on_earth(lines, samples):
    """Latitude and longitude of raw pixels, 40 m apart, at 70 N."""
    y, x = np.meshgrid(lines, samples, indexing='ij')
    latitude = 70 + y * 40 / 111_195
    longitude = -30 + x * 40 / (111_195 * np.cos(np.radians(latitude)))
    return latitude, longitude


def coarse_fields(rng, raw_shape):
    shape = tuple((n - 1) // 50 for n in raw_shape)
    fields = {
        name: np.round(rng.uniform(120, 270, shape) * 128) / 128
        for name in BRIGHTNESS
    }
    return fields | {
        'u10m_rotated': rng.normal(0, 5, shape),
        'v10m_rotated': rng.normal(0, 5, shape),
        't2m': rng.uniform(250, 275, shape),
        'skt': rng.uniform(250, 275, shape),
        'tcwv': rng.uniform(1, 20, shape),
        'tclw': rng.uniform(0, 0.3, shape),
    }


def put(file, name, dims, values, **attrs):
    for dim, size in zip(dims, np.shape(values), strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    values = np.asarray(values)
    kind = str if values.dtype.kind in 'OU' else values.dtype
    variable = file.createVariable(name, kind, dims)
    variable[:] = values.astype(object) if kind is str else values
    variable.setncatts(attrs)


def put_coarse(file, fields, dtype, swaths, delays):
    for name in BRIGHTNESS:
        put(
            file, name, COARSE, fields[name].astype(dtype),
            AMSR2_swaths=swaths, AMSR2_S1_delays=delays,
        )  # fmt: skip
    for name in WEATHER:
        put(file, name, COARSE, fields[name].astype(dtype), units='m/s')


def _write_ready(
    folder,
    *,
    shape=(210, 230),
    raw_shape=None,
    release='Dec-2022',
    charts=True,
    reference=False,
    product=PRODUCT,
    chart=CHART,
    on_lattice=True,
    drop=(),
    sar='valid',
    seed=0,
    swaths='GW1AM2_201806071500_123A_L1SGBTBR_2220220.h5',
    delays='14399',
):
    """Write '<short>_prep.nc'; return its path and physical values."""
    rng = np.random.default_rng(seed)
    raw_shape = raw_shape or tuple(2 * n for n in shape)
    truth = {
        'nersc_sar_primary': rng.normal(-14, 5, shape),
        'nersc_sar_secondary': rng.normal(-25, 4, shape),
        'sar_incidenceangle': np.broadcast_to(
            np.linspace(19, 46, shape[1]), shape
        ),
        'distance_map': rng.integers(0, 42, shape).astype(float),
        **coarse_fields(rng, raw_shape),
    }
    if not on_lattice:
        for name in BRIGHTNESS:
            truth[name] = rng.uniform(120, 270, truth[name].shape)
    maps = {
        'SIC': rng.integers(0, 11, shape),
        'SOD': rng.integers(0, 6, shape),
        'FLOE': rng.integers(0, 7, shape),
    }
    maps = {name: m.astype(np.uint8) for name, m in maps.items()}
    maps['SIC'][:, :40] = 255
    blank = np.zeros(shape, bool)
    blank[:, :30] = True
    if sar == 'empty':
        blank[:] = True
    offset = 0 if release == 'Dec-2022' else 2
    ready = {}
    for name, values in truth.items():
        mean, std = STATISTICS[name][offset : offset + 2]
        ready[name] = ((values - mean) / std).astype(np.float32)
    for name in list(truth)[:3]:
        ready[name][blank] = 0

    short = short_name(product, chart)
    path = Path(folder) / f'{short}_prep.nc'
    lines, samples = (ties(n) for n in raw_shape)
    latitude, longitude = positions_on_earth(lines, samples)
    truth |= dict(
        blank=blank, latitude=latitude, longitude=longitude, lines=lines,
        samples=samples, **maps,
    )  # fmt: skip
    with netCDF4.Dataset(path, 'w') as file:
        if charts:
            for name, values in maps.items():
                put(file, name, FULL, values, chart_fill_value=255)
        swapped = ('sar_sample_2dgrid_points', 'sar_line_2dgrid_points')
        put(file, 'sar_grid2d_latitude', swapped, latitude)
        put(file, 'sar_grid2d_longitude', swapped, longitude)
        for name in list(ready)[:4]:
            if name in drop:
                continue
            put(file, name, FULL, ready[name], upstream_id=product)
        put_coarse(file, ready, np.float32, swaths, delays)
        file.setncatts(
            dict(
                scene_id=path.name,
                original_id=f'{product}_icechart_{chart}.nc',
                ice_service=chart[:3],
                flip=0,
                pixel_spacing=80,
            )
        )
    if reference:
        beside = path.with_name(f'{short}_prep_reference.nc')
        with netCDF4.Dataset(beside, 'w') as file:
            for name, values in maps.items():
                put(file, name, FULL, values)
    return Written(path, truth)


def _write_raw(
    folder,
    *,
    shape=(420, 460),
    ids='float',
    polygons=True,
    product=PRODUCT,
    chart=CHART,
    name=None,
    step=0,
    shuffle=True,
    swaths="[u'GW1AM2_a.h5', u'GW1AM2_b.h5']",
    delays=(5469, 11409),
    seed=0,
):
    """Write a raw scene; return its path and physical values."""
    rng = np.random.default_rng(seed)
    hh = rng.normal(-14, 5, shape).astype(np.float32)
    hv = rng.normal(-25, 4, shape).astype(np.float32)
    hh[200, 300] = -380.1
    hh[:, :5] = np.nan
    hv[:, :8] = np.nan
    hh[10, 100] = np.nan
    zone = np.full(shape, 5, np.float32)
    zone[-60:] = 0
    polygon = np.full(shape, np.nan, np.float32)
    polygon[:-60, :150] = 29
    polygon[:-60, 150:300] = 47
    polygon[:-60, 300:400] = 76
    polygon[:20, 400:] = 81
    if ids == 'uint16':
        polygon = np.nan_to_num(polygon, nan=65535).astype(np.uint16)
    fields = coarse_fields(rng, shape)
    lines, samples = ties(shape[0], step), ties(shape[1], step)
    latitude, longitude = positions_on_earth(lines, samples)
    angle = 19 + 27 * samples / shape[1] + 0 * lines[:, None]
    angle = angle + 0.01 * lines[:, None] / shape[0]
    line, sample = np.meshgrid(lines, samples, indexing='ij')
    order = np.arange(line.size)
    if shuffle:
        rng.shuffle(order)

    path = Path(folder) / (name or f'{product}_icechart_{chart}.nc')
    points = {
        'sar_grid_line': line,
        'sar_grid_sample': sample,
        'sar_grid_latitude': latitude,
        'sar_grid_longitude': longitude,
        'sar_grid_incidenceangle': angle,
        'sar_grid_height': np.zeros(line.shape),
    }
    with netCDF4.Dataset(path, 'w') as file:
        put(file, 'nersc_sar_primary', FULL, hh, upstream_id=product)
        put(file, 'nersc_sar_secondary', FULL, hv, upstream_id=product)
        if polygons:
            put(file, 'polygon_codes', ('polygon_codes',), CODES)
            put(file, 'polygon_icechart', FULL, polygon, icechart_id=chart)
        put(file, 'distance_map', FULL, zone)
        for key, values in points.items():
            flat = values.ravel()[order].astype(float)
            put(file, key, ('sar_grid_points',), flat)
        put_coarse(file, fields, np.float64, swaths, delays)
        cells = fields['t2m'].shape
        put(file, 'amsr2_swath_map', COARSE, np.full(cells, 255, np.uint8))
        put(file, 'swath_segmentation', COARSE, np.zeros(cells, np.uint8))
        file.title = 'AI4Arctic_CCN\nInputs and label'
    truth = dict(
        fields, hh=hh, hv=hv, zone=zone, polygon=polygon, lines=lines,
        samples=samples, latitude=latitude, longitude=longitude, angle=angle,
    )  # fmt: skip
    return Written(path, truth)


@pytest.fixture(scope='session')
def write_ready():
    """Writer of ready-to-train files, see the arguments above."""
    return _write_ready


@pytest.fixture(scope='session')
def write_raw():
    """Writer of raw files, see the arguments above."""
    return _write_raw
