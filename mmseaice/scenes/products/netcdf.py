"""Charted scenes as CF-1.11 NetCDF, in the scene's own swath geometry.

Nothing is resampled: a pixel of the file is a pixel of the model. Latitude
and longitude of every pixel are float32, whose steps are 0.8 m in latitude
and at most 1.7 m in longitude, a fiftieth of a pixel. Real layers are
int16 in steps of 0.1 %.

Source: NetCDF Climate and Forecast conventions 1.11 (2023).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from tqdm import tqdm

from ...charts import IGNORE, TASKS
from ...errors import PredictionError
from ...utils.atomic import atomic_path
from ...version import __version__
from ..geolocation import SEMI_MAJOR, SEMI_MINOR, Geolocation
from ..stream import STATUS

#: What every product says.
NOT_FOR_NAVIGATION = (
    'Automatic chart by a statistical model. Not for navigation.'
)
_BLOCK = 512
_UNCERTAIN = ('low', 'high', 'std', 'entropy', 'set')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REFERENCES = (
    'Classes: Stokholm et al. 2024, The Cryosphere 18, 3471, '
    'doi:10.5194/tc-18-3471-2024. Codes: SIGRID-3, JCOMM TR 23.'
)


def product_layers(charted: xr.Dataset) -> list[str]:
    """Names of the layers of a charted scene that products hold.

    Charts come first, then ``status``, then their uncertainty.

    Raises:
        PredictionError: If there is no chart, no status or no tie points.
    """
    tasks = [name for name in TASKS if name in charted]
    needed = ('status', 'latitude', 'longitude')
    missing = [name for name in needed if name not in charted]
    if not tasks or missing:
        lacking = missing or ['/'.join(TASKS)]
        raise PredictionError(
            charted.attrs.get('scene_id', 'charted scene'),
            f'a charted scene with {", ".join(lacking)}',
            f'only {", ".join(map(str, charted.variables)) or "nothing"}',
            'Chart the scene with mmseaice.apis.',
        )
    names = (f'{task}_{kind}' for task in tasks for kind in _UNCERTAIN)
    return [*tasks, 'status', *(name for name in names if name in charted)]


def provenance(charted: xr.Dataset) -> dict[str, str]:
    """Where a charted scene comes from, as attributes of its products.

    What the scene does not say is left out.
    """
    attrs = charted.attrs
    found = {
        'id': attrs.get('scene_id'),
        'scene_id': attrs.get('scene_id'),
        'acquisition_time': attrs.get('acquisition_time'),
        'input': attrs.get('source'),
        'model': attrs.get('model'),
        'checkpoint': attrs.get('checkpoint'),
        'checkpoint_sha256': attrs.get('checkpoint_sha256'),
        'calibration': attrs.get('calibration'),
        'passes': attrs.get('passes'),
        'kind': attrs.get('kind'),
        'land_mask': attrs.get('land_mask'),
        'noise_floor_db': attrs.get('noise_floor'),
        'filled_channels': attrs.get('filled_channels'),
        'consistent': attrs.get('consistent'),
        'software_version': attrs.get('software', f'mmseaice {__version__}'),
        'comment': NOT_FOR_NAVIGATION,
    }
    return {name: str(value) for name, value in found.items() if value}


def acquisition_time(charted: xr.Dataset) -> datetime:
    """When the acquisition of a scene began, in UTC."""
    moment = datetime.fromisoformat(charted.attrs['acquisition_time'])
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def layer_attributes(name: str) -> dict[str, Any]:
    """CF attributes of a layer: its names and what its values mean.

    Args:
        name: One of :func:`product_layers`.

    Returns:
        ``long_name``, where CF has one ``standard_name``, ``units`` of real
        layers (as products write them, not tenths), and flags of others.
    """
    if name == 'status':
        return {
            'long_name': 'what was done with the pixel',
            'standard_name': 'status_flag',
            **_flags(STATUS),
        }
    task, _, kind = name.partition('_')
    title = TASKS[task].title
    classes = TASKS[task].classes
    cf_name = {'SIC': 'sea_ice_area_fraction', 'SOD': 'sea_ice_classification'}
    known = {'standard_name': cf_name[task]} if task in cf_name else {}
    if kind == 'set':
        return {
            'long_name': f'{title}, classes of the conformal set',
            **_flags(classes, masks=True),
            'comment': 'No bit is set where the pixel is not charted.',
        }
    if kind == 'entropy':
        return {
            'long_name': f'{title}, entropy over that of equal classes',
            'units': '1',
        }
    if kind == 'std':
        # The spread of classes or passes, which is no standard error.
        return {'long_name': f'{title}, standard deviation', 'units': '%'}
    if kind:
        end = {'low': 'lower', 'high': 'upper'}[kind]
        return {'long_name': f'{title}, {end} end of interval', 'units': '%'}
    if TASKS[task].kind == 'regression':
        return {'long_name': title, **known, 'units': '%'}
    return {'long_name': title, **known, **_flags(classes)}


def write_netcdf(
    charted: xr.Dataset, path: str | os.PathLike, *, progress: bool = False
) -> Path:
    """Write a charted scene as one CF-1.11 file.

    SIC is there twice: in percent, and as ``SIC_fraction`` of 1. The
    attribute ``institution`` of the scene goes to the file.

    Args:
        charted: The charted scene.
        path: File to write, by custom with the suffix '.nc'.
        progress: Show a bar.

    Returns:
        The path of the file, which is whole or not there.

    Raises:
        PredictionError: If it is no charted scene.
        OSError: If it cannot be written.
    """
    path = Path(path)
    names = product_layers(charted)
    try:
        with (
            atomic_path(path) as part,
            netCDF4.Dataset(part, 'w', format='NETCDF4') as file,
        ):
            _write(charted, names, file, progress)
    except RuntimeError as error:  # all that the library says of a full disk
        raise OSError(
            f'{path} could not be written: {error}. Is the disk full?'
        ) from error
    return path


def _write(
    charted: xr.Dataset,
    names: list[str],
    file: netCDF4.Dataset,
    progress: bool,
) -> None:
    file.setncatts(_global_attributes(charted))
    for dim in ('y', 'x'):
        file.createDimension(dim, charted.sizes[dim])
    _add_scalars(file, acquisition_time(charted))
    layers = {name: _add_layer(file, name, names) for name in names}
    if 'SIC' in layers:
        layers['SIC_fraction'] = _add_layer(file, 'SIC', names, fraction=True)
    places = [_add_place(file, name) for name in ('latitude', 'longitude')]
    geolocation = Geolocation.from_scene(charted)
    samples = np.arange(charted.sizes['x']) + 0.5
    height = charted.sizes['y']
    starts = range(0, height, _BLOCK)
    for start in tqdm(starts, 'netcdf', disable=not progress):
        rows = slice(start, min(start + _BLOCK, height))
        lines = np.arange(rows.start, rows.stop) + 0.5
        grids = geolocation.grid(lines, samples)
        for place, values in zip(places, grids, strict=True):
            place[rows] = values.astype(np.float32)
        for name, variable in layers.items():
            source = name.removesuffix('_fraction')
            values = charted[source].values[rows]
            variable[rows] = _packed(source, values)


def _packed(name: str, values: np.ndarray) -> np.ndarray:
    """Stored numbers of a layer: thousandths as int16, or classes."""
    if values.dtype.kind != 'f':
        return values
    steps = values * (1000 if name.endswith('_entropy') else 100)
    return np.where(np.isnan(values), -1, np.rint(steps)).astype(np.int16)


def _flags(meanings: tuple[str, ...], masks: bool = False) -> dict[str, Any]:
    values = np.arange(len(meanings), dtype=np.uint8)
    words = ' '.join(meaning.replace(' ', '_') for meaning in meanings)
    if masks:
        return {'flag_masks': np.uint8(1) << values, 'flag_meanings': words}
    return {'flag_values': values, 'flag_meanings': words}


def _add_layer(
    file: netCDF4.Dataset, name: str, names: list[str], fraction: bool = False
) -> netCDF4.Variable:
    attributes = layer_attributes(name)
    if 'units' in attributes:
        dtype, fill = np.int16, np.int16(-1)
        attributes['valid_range'] = np.array([0, 1000], np.int16)
        share = fraction or attributes['units'] == '1'
        attributes['units'] = '1' if share else '%'
        attributes['scale_factor'] = 0.001 if share else 0.1
    else:
        dtype, fill = np.uint8, IGNORE if name in TASKS else False
    attributes['coordinates'] = 'time latitude longitude'
    attributes['grid_mapping'] = 'crs'
    if name in TASKS:
        about = [n for n in names if n == 'status' or n.startswith(f'{name}_')]
        attributes['ancillary_variables'] = ' '.join(about)
    if fraction:
        name = f'{name}_fraction'
        attributes['long_name'] += ' as a fraction of 1'
    return _add(file, name, dtype, attributes, fill)


def _add_place(file: netCDF4.Dataset, name: str) -> netCDF4.Variable:
    sides = {'latitude': 'north', 'longitude': 'east'}
    attributes = {
        'standard_name': name,
        'long_name': f'{name} of the centre of the pixel',
        'units': f'degrees_{sides[name]}',
    }
    return _add(file, name, np.float32, attributes, False)


def _add(
    file: netCDF4.Dataset,
    name: str,
    dtype: type,
    attributes: dict[str, Any],
    fill: Any,
) -> netCDF4.Variable:
    """Add a layer that takes numbers as they are stored."""
    chunks = [min(_BLOCK, len(file.dimensions[dim])) for dim in ('y', 'x')]
    variable = file.createVariable(
        name,
        dtype,
        ('y', 'x'),
        compression='zlib',
        complevel=4,
        shuffle=True,
        chunksizes=chunks,
        fill_value=fill,
    )
    variable.setncatts(attributes)
    variable.set_auto_maskandscale(False)
    return variable


def _add_scalars(file: netCDF4.Dataset, moment: datetime) -> None:
    time = file.createVariable('time', 'f8', ())
    time.setncatts(
        {
            'standard_name': 'time',
            'long_name': 'start of the acquisition',
            'units': 'seconds since 1970-01-01 00:00:00',
            'calendar': 'standard',
            'units_metadata': 'leap_seconds: none',
            'axis': 'T',
        }
    )
    time[...] = (moment - _EPOCH).total_seconds()
    crs = file.createVariable('crs', 'i4', ())
    crs.setncatts(
        {
            'long_name': 'WGS 84',
            'grid_mapping_name': 'latitude_longitude',
            'semi_major_axis': SEMI_MAJOR,
            'inverse_flattening': SEMI_MAJOR / (SEMI_MAJOR - SEMI_MINOR),
            'longitude_of_prime_meridian': 0.0,
        }
    )
    crs[...] = 0


def _global_attributes(charted: xr.Dataset) -> dict[str, str]:
    known = provenance(charted)
    scene = known.get('id', 'a Sentinel-1 scene')
    model, now = known.get('model', 'unknown'), datetime.now(UTC)
    return {
        'Conventions': 'CF-1.11',
        'title': f'Sea ice chart of {scene}',
        'institution': str(charted.attrs.get('institution', 'unknown')),
        'source': f'Sentinel-1 SAR, charted by the model {model}',
        'history': f'{now:%Y-%m-%dT%H:%M:%SZ} {known["software_version"]}: '
        f'charted from {known.get("input", scene)}',
        'references': _REFERENCES,
        **known,
    }
