"""Risk to ships in a charted scene, after POLARIS. Not for navigation."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from pyproj import CRS
from tqdm import tqdm

from ...charts import IGNORE_COLOUR, TASKS
from ...charts.risk import (
    LEVELS,
    NO_LEVEL,
    NO_RIO,
    rio_of_pixels,
    risk_level,
    risk_values,
)
from ...errors import PredictionError
from .geotiff import Layer, new_cogs
from .grid import BLOCK_ROWS, PolarGrid
from .netcdf import NOT_FOR_NAVIGATION, provenance

#: Green, amber and red by level of risk; ours, the IMO sets none.
LEVEL_COLOURS = ((60, 160, 90), (250, 190, 60), (200, 40, 40))

_LINES = 512
#: Below all outcomes: ten tenths of the lowest risk value are -80.
_LEAST_RIO = -100
_TAGS = (
    *('ship_class', 'season', 'risk_values', 'risk_levels', 'level_source'),
    'references',
)


def risk_layers(
    charted: xr.Dataset,
    ship_class: str = 'PC5',
    season: str = 'winter',
    *,
    values: Sequence[int] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Work out the risk of every charted pixel.

    Args:
        charted: Scene with SIC and SOD. What both leave open, and where
            they contradict each other, is unknown; see
            :func:`~mmseaice.charts.risk.rio_of_pixels`.
        ship_class: Ice class of the ship, such as 'PC5' or 'IA Super'.
        season: 'winter' or 'decayed'; the latter needs ``values``.
        values: Risk values to use instead of the published ones, see
            :func:`~mmseaice.charts.risk.risk_values`.
        progress: Whether to show a progress bar.

    Returns:
        ``RIO``, int16, and ``risk_level``, uint8, on dims (y, x), each with
        the attribute ``nodata``; the tie points and attributes of the scene,
        with ``ship_class``, ``season``, ``risk_values`` by class of SOD,
        ``risk_levels`` by RIO, and a ``comment``, that it is not for
        navigation.

    Raises:
        PredictionError: If the scene lacks SIC or SOD.
        ValueError: If the ship or the season is unknown.
    """
    missing = {'SIC', 'SOD'} - set(charted.data_vars)
    if missing:
        raise PredictionError(
            charted.attrs.get('scene_id', 'charted scene'),
            'SIC and SOD, which risk needs',
            f'a scene without {" and ".join(sorted(missing))}',
            'Take a model that charts both.',
        )
    row = risk_values(ship_class, season, values)
    concentration, stages = charted['SIC'].values, charted['SOD'].values
    rio = np.empty(stages.shape, np.int16)
    level = np.empty(stages.shape, np.uint8)
    starts = range(0, len(stages), _LINES)
    for start in tqdm(starts, 'Risk', disable=not progress, unit='block'):
        lines = slice(start, start + _LINES)
        rio[lines] = rio_of_pixels(concentration[lines], stages[lines], row)
        level[lines] = risk_level(rio[lines], ship_class)
    layers = {
        'RIO': (
            ('y', 'x'),
            rio,
            {
                'long_name': 'POLARIS risk index outcome',
                'nodata': NO_RIO,
                'units': '1',
            },
        ),
        'risk_level': (
            ('y', 'x'),
            level,
            {
                'long_name': 'POLARIS level of risk',
                'nodata': NO_LEVEL,
                'flag_values': list(range(len(LEVELS))),
                'flag_meanings': ' '.join(
                    name.replace(' ', '_') for name in LEVELS
                ),
            },
        ),
    }
    return (
        charted[['latitude', 'longitude']]
        .assign(layers)
        .assign_attrs(
            charted.attrs,
            ship_class=ship_class,
            season=season,
            risk_values=', '.join(
                f'{name} {value}'
                for name, value in zip(TASKS['SOD'].classes, row, strict=True)
            ),
            risk_levels=level_limits(ship_class),
            level_source='IMO MSC.1/Circ.1519, table 1.1',
            references='IMO MSC.1/Circ.1519',
            comment=NOT_FOR_NAVIGATION,
        )
    )


def level_limits(ship_class: str) -> str:
    """The outcomes of each level of risk in words, for a kind of ships.

    Args:
        ship_class: Ice class of the ship.
    """
    outcomes = np.arange(_LEAST_RIO, 1)
    levels = risk_level(outcomes, ship_class)
    parts, below = [], 0
    for number in np.unique(levels):
        first = outcomes[levels == number].min()
        span = [f'from {first}'] if first > _LEAST_RIO else []
        span += [f'below {below}'] if parts else []
        parts.append(f'{LEVELS[number]}: RIO {" to ".join(span)}')
        below = first
    return '; '.join(parts)


def write_risk(
    charted: xr.Dataset,
    stem: str | os.PathLike,
    ship_class: str = 'PC5',
    season: str = 'winter',
    *,
    values: Sequence[int] | None = None,
    crs: str | int | CRS = 'EPSG:3413',
    spacing: float = 80.0,
    progress: bool = False,
) -> list[Path]:
    """Write the risk of a charted scene as Cloud-Optimised GeoTIFFs.

    Args:
        charted: Scene with SIC and SOD.
        stem: Files are ``{stem}_RIO.tif`` and ``{stem}_risk_level.tif``.
        ship_class: Ice class of the ship.
        season: 'winter' or 'decayed'; the latter needs ``values``.
        values: Risk values to use instead of the published ones.
        crs: Anything that pyproj takes for a projection in metres.
        spacing: Size of a cell in metres.
        progress: Whether to show progress bars.

    Returns:
        The two files.

    Raises:
        PredictionError: If the scene lacks SIC or SOD.
        ValueError: If the ship, the season or the projection is unknown.
        OSError: If a file cannot be written.
    """
    risk = risk_layers(
        charted, ship_class, season, values=values, progress=progress
    )
    grid = PolarGrid.cover(charted, crs, spacing)
    palette = dict(enumerate(LEVEL_COLOURS)) | {NO_LEVEL: IGNORE_COLOUR}
    layers = [
        Layer('RIO', risk['RIO'].attrs['long_name'], NO_RIO, 'int16', '1'),
        Layer(
            'risk_level',
            risk['risk_level'].attrs['long_name'],
            NO_LEVEL,
            palette=palette,
            tags={
                'flag_values': json.dumps(
                    risk['risk_level'].attrs['flag_values']
                ),
                'flag_meanings': risk['risk_level'].attrs['flag_meanings'],
            },
        ),
    ]
    tags = provenance(charted) | {name: risk.attrs[name] for name in _TAGS}
    with new_cogs(Path(stem), grid, layers, tags) as (paths, write):
        starts = range(0, grid.shape[0], BLOCK_ROWS)
        for start in tqdm(starts, 'geotiff', disable=not progress):
            rows = slice(start, min(start + BLOCK_ROWS, grid.shape[0]))
            line, sample = grid.sample_indices(charted, rows)
            inside = line >= 0
            for layer in layers:
                pixels = risk[layer.name].values
                cells = np.full(line.shape, layer.nodata, pixels.dtype)
                cells[inside] = pixels[line[inside], sample[inside]]
                write(layer.name, start, cells)
    return paths
