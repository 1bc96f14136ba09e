"""Read raw AI4Arctic scenes (40 m, physical units, polygons)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..charts import polygons_to_charts
from ..errors import (
    MissingVariableError,
    PolygonCodeError,
    SceneDimensionError,
)
from .assemble import Parts, count_from, identify, scene_attrs
from .netcdf import NetCDFFile
from .ready import CHARTS, COARSE, FULL
from .ties import (
    check_ties,
    coarse_positions,
    coarse_size,
    interpolate_ties,
)
from .variables import CHANNELS, DIMS, LABEL_THRESHOLDS

TIES = ('sar_grid_points',)
MASKS = ('chart', 'land', 'none')
PIXEL_SPACING = 40.0

_POLYGONS = 'polygon_icechart'
_CODES = 'polygon_codes'


def _read_ties(file: NetCDFFile, *names: str) -> tuple[np.ndarray, ...]:
    """Shape the flat tie points into a grid.

    The order of the points in the file is not trusted.

    Returns:
        Lines (n,) and samples (m,) as raw pixel indices, then each variable
        of ``names`` with shape (n, m).
    """
    line = file.read_numbers('sar_grid_line', TIES)
    sample = file.read_numbers('sar_grid_sample', TIES)
    lines, samples = np.unique(line), np.unique(sample)
    shape = (len(lines), len(samples))
    order = np.lexsort((sample, line))
    whole = len(line) == len(lines) * len(samples) and (
        (line[order].reshape(shape) == lines[:, None]).all()
        and (sample[order].reshape(shape) == samples).all()
    )
    if not whole or min(shape) < 2:
        raise SceneDimensionError(
            file.path,
            'tie points that fill a grid of lines and samples',
            f'{len(line)} points on {shape[0]} lines and {shape[1]} samples',
            'Fetch the file again and compare its checksum.',
        )
    values = (file.read_numbers(name, TIES)[order] for name in names)
    return lines, samples, *(value.reshape(shape) for value in values)


def _read_polygons(file: NetCDFFile) -> tuple[np.ndarray, np.ndarray]:
    """Polygon ids as uint16 (0 is none) and the code table."""
    ids = file.read_numbers(_POLYGONS, FULL)
    codes = file.read(_CODES, (_CODES,)).astype(str)
    whole = True
    if ids.dtype.kind == 'f':
        ids = np.nan_to_num(ids, nan=0.0)
        whole = (ids == np.rint(ids)).all()
    if not whole or ids.min() < 0 or ids.max() > 65535:
        raise PolygonCodeError(
            file.path,
            'polygon ids of 0..65535 or NaN',
            f'values from {ids.min()} to {ids.max()}',
            'Fetch the file again and compare its checksum.',
        )
    ids = ids.astype(np.uint16)
    ids[ids == np.iinfo(np.uint16).max] = 0
    return ids, codes


def _choose_mask(file: NetCDFFile, mask: str | None) -> str:
    has_chart = _POLYGONS in file
    if mask is None:
        return 'chart' if has_chart else 'land'
    if mask not in MASKS:
        raise ValueError(
            f'mask must be one of {", ".join(MASKS)}, but got {mask!r}.'
        )
    if mask == 'chart' and not has_chart:
        raise MissingVariableError(
            file.path,
            f"variable {_POLYGONS!r} for mask='chart'",
            'a test scene without polygons',
            "Open it with mask='land' or mask='none'.",
        )
    return mask


def _read_sar(
    file: NetCDFFile, parts: Parts, outside: np.ndarray | None
) -> None:
    """Read HH, HV and incidence angle, NaN together.

    The gaps of HH and HV differ by some pixels: a pixel is valid where both
    are, and where its incidence angle is known.

    Args:
        file: The open file.
        parts: Where the channels go.
        outside: Shape (H, W), True where the mask blanks the SAR.
    """
    if not any(parts.wants(n) for n in ('HH', 'HV', 'incidence_angle')):
        return
    fields = {
        name: file.read_floats(CHANNELS[name].source, FULL)
        for name in ('HH', 'HV')
    }
    blank = np.isnan(fields['HH']) | np.isnan(fields['HV'])
    if outside is not None:
        blank |= outside
    source = CHANNELS['incidence_angle'].raw_source
    wanted = parts.wants('incidence_angle')
    if wanted or source in file:
        lines, samples, angle = _read_ties(file, source)
        if wanted or not np.isfinite(angle).all():
            lines = lines - file.first_line
            field = interpolate_ties(angle, lines, samples, blank.shape)
            blank |= ~np.isfinite(field)
            fields['incidence_angle'] = field
    for name, field in fields.items():
        if parts.wants(name):
            field[blank] = np.nan
            parts.add_channel(name, field)


def _read_coarse(file: NetCDFFile, parts: Parts) -> dict[str, np.ndarray]:
    """Read AMSR2 and ERA5; return the positions of their cells."""
    for name, channel in CHANNELS.items():
        if channel.grid == '2km' and parts.wants(name):
            parts.add_channel(name, file.read_floats(channel.source, COARSE))
    sizes = file.shape(CHANNELS['HH'].source, FULL)
    positions = {}
    for axis, dim, size in zip('yx', COARSE, sizes, strict=True):
        cells = file.sizes.get(dim)
        if cells is None:
            continue
        if cells != coarse_size(size):
            raise SceneDimensionError(
                file.path,
                f'{coarse_size(size)} cells of 2 km beside {size} pixels '
                'of 40 m',
                f'{cells}',
                'Is the file one of AI4Arctic, as it was published?',
            )
        positions[f'{axis}_2km'] = coarse_positions(cells)
    return positions


def read_raw(
    file: NetCDFFile,
    *,
    release: str,
    mask: str | None,
    rules: str,
    thresholds: tuple[float | None, float | None],
    variables: tuple[str, ...] | None,
    optional: tuple[str, ...],
) -> xr.Dataset:
    """Read an open raw file, see ``open_scene``."""
    release = 'Dec-2022' if release == 'auto' else release
    sod, floe = (
        own if given is None else given
        for own, given in zip(
            LABEL_THRESHOLDS[release], thresholds, strict=True
        )
    )
    product = identify(
        file, file.path.name, file.attribute(_POLYGONS, 'icechart_id')
    )
    mask = _choose_mask(file, mask)
    parts = Parts(file.path, variables, optional)

    outside = None
    label_rule = ''
    if _POLYGONS in file:
        ids, codes = _read_polygons(file)
        label_rule = f'{rules} {sod:.2f}/{floe:.2f}'
        if any(parts.wants(name) for name in CHARTS):
            charts = polygons_to_charts(
                ids, codes, rules, sod, floe, source=str(file.path)
            )
            for name, chart in charts.items():
                parts.add_chart(name, chart)
        parts.add('polygon_id', DIMS['full'], ids)
        parts.add('polygon_codes', ('polygon_row',), codes)
        outside = ids == 0 if mask == 'chart' else None
    if mask == 'land' or parts.wants('distance_zone'):
        zone = file.read_floats(CHANNELS['distance_zone'].source, FULL)
        outside = zone < 0.5 if mask == 'land' else outside
        if parts.wants('distance_zone'):
            parts.add_channel('distance_zone', zone)

    _read_sar(file, parts, outside)
    positions = _read_coarse(file, parts)
    lines, samples, latitude, longitude = _read_ties(
        file, 'sar_grid_latitude', 'sar_grid_longitude'
    )
    parts.add_ties(latitude, longitude)
    check_ties(file.path, latitude, longitude)
    positions |= {'y_tie': lines + 0.5, 'x_tie': samples + 0.5}
    return parts.assemble(
        count_from(file.first_line, positions),
        scene_attrs(
            file,
            product,
            pixel_spacing=PIXEL_SPACING,
            release=release,
            kind='raw',
            mask=mask,
            label_rule=label_rule,
        ),
    )
