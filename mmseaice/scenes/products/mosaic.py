"""Charted scenes on one regional grid, as Cloud-Optimised GeoTIFFs.

Where scenes overlap a cell is taken whole from one of them, so that its
concentration, stage and floe size belong together. A charted pixel comes
before land and land before no data, whatever the scene.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr
from pyproj import CRS
from tqdm import tqdm

from ...version import __version__
from ..stream import CHARTED, LAND
from .geotiff import Layer, describe_layer, new_cogs, take
from .grid import BLOCK_ROWS, PolarGrid
from .netcdf import (
    NOT_FOR_NAVIGATION,
    acquisition_time,
    product_layers,
    provenance,
)

#: What 'certain' compares: the first of these that all scenes have.
UNCERTAINTIES = ('SOD_entropy', 'FLOE_entropy', 'SIC_std')

_AGE = Layer(
    'age',
    'hours before the newest acquisition',
    nodata=np.nan,
    dtype='float32',
    units='h',
)
_SCENE = Layer('scene', 'index of the scene', nodata=2**16 - 1, dtype='uint16')
# The least cost wins a cell. Uncertainties are far below these.
_UNKNOWN, _LAND, _NO_DATA = np.array([1e30, 2e30, 3e30], np.float32)


def write_mosaic(
    scenes: Sequence[xr.Dataset],
    out_folder: str | os.PathLike,
    *,
    crs: str | int | CRS = 'EPSG:3413',
    spacing: float = 80.0,
    prefer: Literal['newest', 'certain'] = 'newest',
    bounds: tuple[float, float, float, float] | None = None,
    progress: bool = False,
) -> list[Path]:
    """Write several charted scenes onto one grid.

    Beside the layers of the scenes there are ``age``, hours before the
    newest of all acquisitions, and ``scene``, the index within ``scenes``;
    the tag 'scenes' says what these are. Both are nodata where nothing is
    charted.

    Args:
        scenes: Charted scenes, in any order.
        out_folder: Folder of the files ``mosaic_{layer}.tif``.
        crs: Anything that pyproj takes for a projection in metres.
        spacing: Size of a cell in metres.
        prefer: Which scene a cell is taken from. 'newest': the one acquired
            last. 'certain': the one of the least uncertainty there, by the
            first of :data:`UNCERTAINTIES` that all scenes have; the newer
            one if equal. Of scenes of one time the later in ``scenes``.
        bounds: Left, bottom, right and top in metres of the projection,
            widened to whole cells; None covers all scenes.
        progress: Show a bar.

    Returns:
        The files. None is there before all are complete.

    Raises:
        PredictionError: If one is no charted scene.
        ValueError: If an argument is out of range, no scene touches the
            bounds, or 'certain' has nothing to compare.
        OSError: If a file cannot be written.
    """
    if not scenes:
        raise ValueError('scenes must be at least one, but got none.')
    measure = _measure(scenes, prefer)
    names = [name for scene in scenes for name in product_layers(scene)]
    names = list(dict.fromkeys(names))
    grids = [PolarGrid.cover(scene, crs, spacing) for scene in scenes]
    grid = _union(grids)
    if bounds is not None:
        grid = PolarGrid.from_bounds(bounds, crs, spacing)
        whole = slice(0, grid.shape[0])
        if not any(_overlap(grid, own, whole) for own in grids):
            raise ValueError(
                'bounds must touch a scene, but got '
                f'{tuple(bounds)} for scenes within {_union(grids).bounds}. '
                f'They are metres of {grid.crs.to_string()}.'
            )
    layers = [*map(describe_layer, names), _AGE, _SCENE]
    tags = _tags(scenes, prefer, measure)
    stem = Path(out_folder, 'mosaic')
    with new_cogs(stem, grid, layers, tags, progress) as (paths, write):
        starts = range(0, grid.shape[0], BLOCK_ROWS)
        for start in tqdm(starts, 'mosaic', disable=not progress):
            rows = slice(start, min(start + BLOCK_ROWS, grid.shape[0]))
            block = _block(scenes, grids, grid, rows, layers, measure)
            for name, values in block.items():
                write(name, start, values)
    return paths


def _block(
    scenes: Sequence[xr.Dataset],
    grids: Sequence[PolarGrid],
    grid: PolarGrid,
    rows: slice,
    layers: Sequence[Layer],
    measure: str,
) -> dict[str, np.ndarray]:
    """Rows of all layers, each of shape (rows, columns)."""
    shape = rows.stop - rows.start, grid.shape[1]
    block = {
        layer.name: np.full(shape, layer.nodata, layer.dtype)
        for layer in layers
    }
    least = np.full(shape, np.inf, np.float32)
    times = [acquisition_time(scene) for scene in scenes]
    # The oldest first: each is painted over by those that are as good.
    for index in sorted(range(len(scenes)), key=times.__getitem__):
        scene, own = scenes[index], grids[index]
        overlap = _overlap(grid, own, rows)
        if overlap is None:
            continue
        own_rows, own_cols, place = overlap
        line, sample = (
            values[:, own_cols]
            for values in own.sample_indices(scene, own_rows)
        )
        cost = _cost(scene, measure, line, sample)
        wins = cost <= least[place]
        least[place][wins] = cost[wins]
        line, sample, charted = line[wins], sample[wins], cost[wins] < _LAND
        age = (max(times) - times[index]).total_seconds() / 3600
        for layer in layers:
            if layer is _AGE:
                values = np.where(charted, age, layer.nodata)
            elif layer is _SCENE:
                values = np.where(charted, index, layer.nodata)
            elif layer.name in scene:
                values = take(scene, layer.name, line, sample)
            else:
                values = layer.nodata
            block[layer.name][place][wins] = values
    return block


def _cost(
    scene: xr.Dataset, measure: str, line: np.ndarray, sample: np.ndarray
) -> np.ndarray:
    """What a cell costs, float32, the less the better; NaN outside."""
    cost = np.full(line.shape, np.nan, np.float32)
    inside = line >= 0
    at = line[inside], sample[inside]
    charted = np.zeros(len(at[0]), np.float32)
    if measure:
        charted = scene[measure].values[at]
        charted = np.where(np.isnan(charted), _UNKNOWN, charted)
    status = scene['status'].values[at]
    cost[inside] = np.select(
        [status == CHARTED, status == LAND],
        [charted, _LAND],
        _NO_DATA,
    )
    return cost


def _measure(scenes: Sequence[xr.Dataset], prefer: str) -> str:
    """The layer that decides, '' for none."""
    if prefer not in ('newest', 'certain'):
        raise ValueError(
            f"prefer must be 'newest' or 'certain', but got {prefer!r}."
        )
    if prefer == 'newest':
        return ''
    for name in UNCERTAINTIES:
        if all(name in scene for scene in scenes):
            return name
    raise ValueError(
        f'scenes must all have one of {", ".join(UNCERTAINTIES)} for '
        "prefer='certain', but got none that all have. Chart them with "
        "uncertainty, or take prefer='newest'."
    )


def _union(grids: Sequence[PolarGrid]) -> PolarGrid:
    """The smallest grid that covers grids of the same cells."""
    left = min(grid.left for grid in grids)
    right = max(grid.left + grid.shape[1] for grid in grids)
    top = max(grid.top for grid in grids)
    bottom = min(grid.top - grid.shape[0] for grid in grids)
    shape = top - bottom, right - left
    return PolarGrid(grids[0].crs, left, top, shape, grids[0].spacing)


def _overlap(
    grid: PolarGrid, own: PolarGrid, rows: slice
) -> tuple[slice, slice, tuple[slice, slice]] | None:
    """Where rows of a grid and a grid of the same cells meet.

    Returns:
        Rows and columns of ``own``, and the place of these cells within the
        rows of ``grid``; None where there are none.
    """
    down, right = own.top - grid.top, grid.left - own.left
    top, bottom = (
        max(rows.start + down, 0),
        min(rows.stop + down, own.shape[0]),
    )
    first, last = max(right, 0), min(right + grid.shape[1], own.shape[1])
    if top >= bottom or first >= last:
        return None
    shift = down + rows.start
    place = (
        slice(top - shift, bottom - shift),
        slice(first - right, last - right),
    )
    return slice(top, bottom), slice(first, last), place


def _tags(
    scenes: Sequence[xr.Dataset], prefer: str, measure: str
) -> dict[str, str]:
    known = [provenance(scene) for scene in scenes]
    about = [
        {key: value for key, value in each.items() if key != 'comment'}
        for each in known
    ]
    newest = max(acquisition_time(scene) for scene in scenes)
    return {
        'prefer': f'{prefer}, by {measure}' if measure else prefer,
        'newest_acquisition_time': newest.isoformat(),
        'scenes': json.dumps(about),
        'software_version': f'mmseaice {__version__}',
        'comment': NOT_FOR_NAVIGATION,
    }
