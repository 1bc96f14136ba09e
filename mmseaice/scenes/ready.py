"""Read ready-to-train AI4Arctic scenes (80 m, standardised)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..charts import IGNORE
from ..errors import SceneDimensionError, SceneFileError
from .assemble import Parts, count_from, identify, scene_attrs
from .netcdf import NetCDFFile
from .release import find_release
from .standardise import destandardise
from .ties import (
    check_ties,
    coarse_positions,
    coarse_size,
    raw_size_of,
    tie_indices,
)
from .variables import BRIGHTNESS, CHANNELS, LABEL_THRESHOLDS

FULL = ('sar_lines', 'sar_samples')
COARSE = ('2km_grid_lines', '2km_grid_samples')
#: The names are swapped: the first axis runs along lines all the same.
TIES = ('sar_sample_2dgrid_points', 'sar_line_2dgrid_points')

CHARTS = ('SIC', 'SOD', 'FLOE')
PIXEL_SPACING = 80.0


def reference_path(path: Path) -> Path:
    """Where the charts of a test scene lie: '<short>_prep_reference.nc'."""
    return path.with_name(f'{path.stem}_reference{path.suffix}')


def _check_arguments(
    mask: str | None,
    rules: str,
    thresholds: tuple[float | None, float | None],
    release: str,
) -> None:
    """Refuse choices that were made before the file was written."""
    if mask not in (None, 'chart'):
        raise ValueError(
            f"mask must be 'chart' for a ready-to-train file, but got "
            f'{mask!r}. Its SAR is blank outside the ice chart: open the raw '
            'file for another mask.'
        )
    made = LABEL_THRESHOLDS[release]
    wanted = tuple(
        own if given is None else given
        for own, given in zip(made, thresholds, strict=True)
    )
    if rules != 'autoice' or wanted != made:
        raise ValueError(
            f"rules and thresholds must be 'autoice' and {made} for a "
            f'ready-to-train file of {release}, but got {rules!r} and '
            f'{wanted}. Open the raw file for labels made otherwise.'
        )


def _read_sar(file: NetCDFFile, parts: Parts, release: str) -> None:
    """Read HH, HV and incidence angle.

    NaN together, where all three are 0 or one of them is missing.
    """
    names = ('HH', 'HV', 'incidence_angle')
    if not any(parts.wants(name) for name in names):
        return
    blank: Any = True
    missing: Any = False
    values = {}
    for name in names:
        field = file.read_floats(CHANNELS[name].source, FULL)
        blank = blank & (field == 0)
        missing = missing | np.isnan(field)
        if parts.wants(name):
            values[name] = field
    for name, field in values.items():
        field = destandardise(field, name, release)
        field[blank | missing] = np.nan
        parts.add_channel(name, field)


def _read_charts(file: NetCDFFile, parts: Parts) -> bool:
    """Read charts from the file or the reference beside it."""
    found = {
        name: file.read_numbers(name, FULL) for name in CHARTS if name in file
    }
    empty = all((chart == IGNORE).all() for chart in found.values())
    beside = reference_path(file.path)
    if empty and beside.is_file():
        shape = file.shape(CHANNELS['HH'].source, FULL)
        with NetCDFFile(beside, file.lines) as reference:
            for name in CHARTS:
                if reference.shape(name) != shape:
                    raise SceneDimensionError(
                        beside,
                        f'{name} of the shape {shape} of {file.path.name}',
                        f'{reference.shape(name)}',
                        'The two files belong to different scenes.',
                    )
            found = {name: reference.read_numbers(name) for name in CHARTS}
    for name, chart in found.items():
        parts.add_chart(name, chart)
    return bool(found)


def _check_flip(file: NetCDFFile) -> None:
    """Warn of a flag that no published scene has set."""
    flip = file.attrs.get('flip', 0)
    if np.size(flip) != 1:
        raise SceneFileError(
            file.path, "one number as attribute 'flip'", f'{flip!r}'
        )
    if flip not in (0, '0'):
        warnings.warn(
            f'{file.path}: attribute flip is {flip!r}, which no published '
            'scene has; its arrays are taken as they are.',
            stacklevel=4,
        )


def _read_ties(file: NetCDFFile) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of the tie points, one shape."""
    names = ('sar_grid2d_latitude', 'sar_grid2d_longitude')
    latitude, longitude = (
        file.read_numbers(name, TIES, TIES[::-1]) for name in names
    )
    dims = [file.dataset[name].dims for name in names]
    if dims[0] != dims[1] or latitude.shape != longitude.shape:
        raise SceneDimensionError(
            file.path,
            'latitude and longitude of tie points on one grid',
            f'shapes {latitude.shape} on ({", ".join(dims[0])}) and '
            f'{longitude.shape} on ({", ".join(dims[1])})',
            'Fetch the file again and compare its checksum.',
        )
    return latitude, longitude


def _positions(
    file: NetCDFFile, latitude: np.ndarray, longitude: np.ndarray
) -> dict[str, np.ndarray]:
    """Positions of tie points and coarse cells in 80 m pixels."""
    sizes = file.shape(CHANNELS['HH'].source, FULL)
    positions = {}
    for axis, (name, size) in enumerate(zip('yx', sizes, strict=True)):
        raw = raw_size_of(size, latitude, longitude, axis)
        ties = tie_indices(raw, latitude.shape[axis])
        positions[f'{name}_tie'] = (ties + 0.5) / 2
        cells = file.sizes.get(COARSE[axis])
        if cells is None:
            continue
        counts = {coarse_size(2 * size), coarse_size(2 * size + 1)}
        if cells not in counts:
            raise SceneDimensionError(
                file.path,
                f'{min(counts)} cells of 2 km beside {size} pixels of 80 m',
                f'{cells}',
                'Is the file one of AI4Arctic, as it was published?',
            )
        positions[f'{name}_2km'] = coarse_positions(cells) / 2
    return positions


def read_ready(
    file: NetCDFFile,
    *,
    release: str,
    mask: str | None,
    rules: str,
    thresholds: tuple[float | None, float | None],
    variables: tuple[str, ...] | None,
    optional: tuple[str, ...],
) -> xr.Dataset:
    """Read an open ready-to-train file, see ``open_scene``."""
    brightness = {
        name: file.read_numbers(name, COARSE)
        for name in BRIGHTNESS
        if name in file
    }
    release = find_release(brightness, release, file.path)
    _check_arguments(mask, rules, thresholds, release)
    _check_flip(file)
    product = identify(
        file,
        file.attrs.get('original_id', ''),
        file.attrs.get('ice_service', ''),
    )
    parts = Parts(file.path, variables, optional)

    _read_sar(file, parts, release)
    has_charts = _read_charts(file, parts)
    for name, channel in CHANNELS.items():
        if name == 'distance_zone' and parts.wants(name):
            field = file.read_floats(channel.source, FULL)
            parts.add_channel(name, destandardise(field, name, release))
        elif channel.grid == '2km' and parts.wants(name):
            field = file.read_numbers(channel.source, COARSE)
            field = field.astype(np.float64)
            parts.add_channel(name, destandardise(field, name, release))

    latitude, longitude = _read_ties(file)
    parts.add_ties(latitude, longitude)
    check_ties(file.path, latitude, longitude)
    sod, floe = LABEL_THRESHOLDS[release]
    return parts.assemble(
        count_from(file.first_line, _positions(file, latitude, longitude)),
        scene_attrs(
            file,
            product,
            pixel_spacing=PIXEL_SPACING,
            release=release,
            kind='ready',
            mask='chart',
            label_rule=f'autoice {sod:.2f}/{floe:.2f}' if has_charts else '',
        ),
    )
