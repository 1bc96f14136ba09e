"""Charted scenes as Cloud-Optimised GeoTIFFs, one file per layer.

Every layer is uint8, so that any viewer shows it: concentration and its
uncertainty in percent, classes by number, with the colours of the ice
charts. Cells take the nearest pixel. Overviews do so, too, where values have
colours or are bits; percentages without colours are averaged.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from pyproj import CRS
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window
from tqdm import tqdm

from ...charts import IGNORE, IGNORE_COLOUR, LAND_COLOUR, TASKS
from ...utils.atomic import atomic_path
from .grid import BLOCK_ROWS, PolarGrid
from .netcdf import layer_attributes, product_layers, provenance

Colour = tuple[int, int, int]

#: Colours of charted, land and no data.
STATUS_COLOURS: tuple[Colour, ...] = (
    (255, 255, 255),
    LAND_COLOUR,
    IGNORE_COLOUR,
)

#: What to call with a layer's name, the first row and rows of its values.
WriteRows = Callable[[str, int, np.ndarray], None]


@dataclass(frozen=True)
class Layer:
    """One file of a product.

    Args:
        name: Ends the file's name.
        title: For people.
        nodata: Value of cells that have none.
        dtype: Type of the values.
        units: Empty for classes and bits.
        palette: Colour by value; others are black.
        tags: What the values mean.
        overview: How GDAL makes overviews.
    """

    name: str
    title: str
    nodata: float = IGNORE
    dtype: str = 'uint8'
    units: str = ''
    palette: Mapping[int, Colour] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    overview: str = 'NEAREST'


def describe_layer(name: str) -> Layer:
    """The file of one of :func:`.product_layers`."""
    attrs = layer_attributes(name)
    title = attrs.pop('long_name')
    tags = {key: _as_text(value) for key, value in attrs.items()}
    if name.endswith('_set'):
        return Layer(name, title, nodata=0, tags=tags)
    if name == 'status':
        palette = dict(enumerate(STATUS_COLOURS))
    elif name == 'SIC':
        colours = TASKS[name].palette
        palette = {p: colours[(p + 5) // 10] for p in range(101)}
    elif name in TASKS:
        palette = dict(enumerate(TASKS[name].palette))
    else:
        tags['units'] = '%'
        return Layer(name, title, units='%', tags=tags, overview='AVERAGE')
    palette[IGNORE] = IGNORE_COLOUR
    units = tags.get('units', '')
    return Layer(name, title, units=units, palette=palette, tags=tags)


def take(
    charted: xr.Dataset, name: str, line: np.ndarray, sample: np.ndarray
) -> np.ndarray:
    """Values of a layer as its file holds them.

    Args:
        charted: The charted scene.
        name: One of its layers.
        line: Line of each cell, any shape, -1 outside the scene.
        sample: The same of samples.

    Returns:
        uint8 values of the same shape: percent or classes.
    """
    inside = line >= 0
    values = charted[name].values[line[inside], sample[inside]]
    nodata = describe_layer(name).nodata
    if values.dtype.kind == 'f':
        percent = values * (100 if name.endswith('_entropy') else 10)
        percent = np.rint(percent).clip(0, 100)
        values = np.where(np.isnan(values), nodata, percent)
    taken = np.full(line.shape, nodata, np.uint8)
    taken[inside] = values
    return taken


def write_geotiff(
    charted: xr.Dataset,
    stem: str | os.PathLike,
    *,
    crs: str | int | CRS = 'EPSG:3413',
    spacing: float = 80.0,
    progress: bool = False,
) -> list[Path]:
    """Write a charted scene as Cloud-Optimised GeoTIFFs on a polar grid.

    On land and outside the swath charts are nodata; the layer ``status``
    tells these apart.

    Args:
        charted: The charted scene.
        stem: Where to: files are ``{stem}_{layer}.tif``. An existing folder
            stands for one of the name of the scene in it.
        crs: Anything that pyproj takes for a projection in metres.
        spacing: Size of a cell in metres.
        progress: Show a bar.

    Returns:
        The files, in the order of :func:`.product_layers`. None is there
        before all are complete.

    Raises:
        PredictionError: If it is no charted scene.
        ValueError: If the projection is unknown or does not hold the scene.
        OSError: If a file cannot be written.
    """
    names = product_layers(charted)
    stem = Path(stem)
    if stem.is_dir():
        stem = stem / charted.attrs['scene_id']
    layers = [describe_layer(name) for name in names]
    grid = PolarGrid.cover(charted, crs, spacing)
    tags = provenance(charted)
    with new_cogs(stem, grid, layers, tags, progress) as (paths, write):
        starts = range(0, grid.shape[0], BLOCK_ROWS)
        for start in tqdm(starts, 'geotiff', disable=not progress):
            rows = slice(start, min(start + BLOCK_ROWS, grid.shape[0]))
            line, sample = grid.sample_indices(charted, rows)
            for name in names:
                write(name, start, take(charted, name, line, sample))
    return paths


@contextmanager
def new_cogs(
    stem: Path,
    grid: PolarGrid,
    layers: Sequence[Layer],
    tags: Mapping[str, str],
    progress: bool = False,
) -> Iterator[tuple[list[Path], WriteRows]]:
    """Cloud-Optimised GeoTIFFs that appear together when all are complete.

    Args:
        stem: What their paths begin with.
        grid: Their cells.
        layers: What they hold.
        tags: Of all of them.
        progress: Show a bar of the overviews.

    Yields:
        Their paths ``{stem}_{layer}.tif``, and a function that writes rows,
        to be called from the first row to the last.

    Raises:
        OSError: If a file cannot be written.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f'{stem.name}_{it.name}.tif') for it in layers]
    sums = dict.fromkeys((layer.name for layer in layers), 0)
    try:
        with TemporaryDirectory(prefix='.cog-', dir=stem.parent) as scratch:
            tiles = [Path(scratch, f'{layer.name}.tif') for layer in layers]
            with ExitStack() as stack:
                files = {
                    layer.name: stack.enter_context(
                        _open_tiles(path, grid, layer, tags)
                    )
                    for layer, path in zip(layers, tiles, strict=True)
                }

                def write(name: str, row: int, values: np.ndarray) -> None:
                    """Write rows of a layer."""
                    height, width = values.shape
                    window = Window(0, row, width, height)
                    files[name].write(values, 1, window=window)
                    sums[name] = zlib.crc32(values, sums[name])

                yield paths, write
            bar = tqdm(layers, 'overviews', disable=not progress)
            for layer, path in zip(bar, tiles, strict=True):
                _optimise(path, layer, sums[layer.name])
            for path, done in zip(paths, tiles, strict=True):
                with atomic_path(path) as part:
                    os.replace(done, part)
    except (RasterioError, CPLE_BaseError) as error:
        raise OSError(
            f'{stem} could not be written: {error}. Is the disk full?'
        ) from error


def _open_tiles(
    path: Path, grid: PolarGrid, layer: Layer, tags: Mapping[str, str]
) -> rasterio.io.DatasetWriter:
    """A tiled GeoTIFF to fill by rows."""
    file = rasterio.open(
        path,
        'w',
        driver='GTiff',
        height=grid.shape[0],
        width=grid.shape[1],
        count=1,
        dtype=layer.dtype,
        nodata=layer.nodata,
        crs=grid.crs.to_wkt(),
        transform=grid.transform,
        tiled=True,
        blockxsize=BLOCK_ROWS,
        blockysize=BLOCK_ROWS,
        compress='deflate',
        zlevel=1,
        bigtiff='if_safer',
    )
    if layer.palette:
        file.write_colormap(1, dict(layer.palette))
    file.set_band_description(1, layer.title)
    file.set_band_unit(1, layer.units)
    file.update_tags(1, **layer.tags)
    file.update_tags(**tags)
    return file


def _optimise(path: Path, layer: Layer, checksum: int) -> None:
    """Replace a tiled GeoTIFF by a Cloud-Optimised one.

    Args:
        path: The file.
        layer: What it holds.
        checksum: CRC-32 of its values, row by row.

    Raises:
        RasterioIOError: If the file does not hold them. GDAL keeps to
            itself what goes wrong while it closes a file.
    """
    done = path.with_suffix('.cog')
    rasterio.shutil.copy(
        path,
        done,
        driver='COG',
        compress='deflate',
        level=6,
        blocksize=512,
        overviews='ignore_existing',
        overview_resampling=layer.overview.lower(),
        bigtiff='if_safer',
    )
    found = 0
    with rasterio.open(done) as file:
        for row in range(0, file.height, 512):
            rows = min(512, file.height - row)
            window = Window(0, row, file.width, rows)
            found = zlib.crc32(file.read(1, window=window), found)
    if found != checksum:
        raise RasterioIOError(f'{layer.name} was not written whole')
    os.replace(done, path)


def _as_text(value: object) -> str:
    if isinstance(value, np.ndarray):
        return json.dumps(value.tolist())
    return str(value)
