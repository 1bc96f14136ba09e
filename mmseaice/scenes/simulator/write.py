"""Write raw files and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ...charts import TASKS
from ...utils.atomic import atomic_path
from .attributes import (
    SAR_NAMES,
    coarse_attributes,
    distance_attributes,
    flag_attributes,
    raw_global_attributes,
    sar_attributes,
    swath_attributes,
)
from .regimes import FAST_ICE, NONE
from .scene import SimulatedScene

FULL = ('sar_lines', 'sar_samples')
COARSE = ('2km_grid_lines', '2km_grid_samples')
_TIE = ('sar_grid_points',)


class FileWriter:
    """Adds variables to a NetCDF-4 file, dimensions at their first use.

    Args:
        dataset: File open for writing.
    """

    def __init__(self, dataset: netCDF4.Dataset) -> None:
        self._dataset = dataset

    def add(
        self,
        name: str,
        dims: tuple[str, ...],
        values: np.ndarray,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a variable, compressed with zlib after a byte shuffle."""
        for dim, size in zip(dims, np.shape(values), strict=True):
            if dim not in self._dataset.dimensions:
                self._dataset.createDimension(dim, size)
        values = np.asarray(values)
        text = values.dtype.kind in 'OU'
        variable = self._dataset.createVariable(
            name,
            str if text else values.dtype,
            dims,
            compression=None if text else 'zlib',
            complevel=1,
            shuffle=True,
        )
        variable.setncatts(attributes or {})
        variable[:] = values.astype(object) if text else values

    def set_global(self, attributes: Mapping[str, Any]) -> None:
        """Set the global attributes."""
        self._dataset.setncatts(attributes)


@contextmanager
def new_file(path: Path) -> Iterator[FileWriter]:
    """A NetCDF-4 file that appears under its name only when complete."""
    with (
        atomic_path(path) as part,
        netCDF4.Dataset(part, 'w', format='NETCDF4') as dataset,
    ):
        # Neither prefilled values nor _FillValue attributes.
        dataset.set_fill_off()
        dataset.set_auto_mask(False)
        yield FileWriter(dataset)


def write_raw(
    scene: SimulatedScene, folder: Path, *, testdata: bool = False
) -> Path:
    """Write the raw file of a scene.

    Args:
        scene: The scene.
        folder: Where to; the file has the name of its product and chart.
        testdata: As test scenes of the October 2022 release: without the
            chart, and with '_testdata' at the end of the name.

    Returns:
        Path of the file.
    """
    name = scene.identity.original_id
    path = folder / (name.replace('.nc', '_testdata.nc') if testdata else name)
    chart = {'icechart_id': scene.identity.icechart_id}
    with new_file(path) as file:
        if not testdata:
            codes = np.array(scene.polygon_codes, object)
            file.add('polygon_codes', ('polygon_codes',), codes, chart)
        for polarisation, source in SAR_NAMES.items():
            values = getattr(scene, polarisation)
            file.add(source, FULL, values, sar_attributes(scene, polarisation))
        if not testdata:
            about = {
                'description': 'Polygon ids of the ice chart; polygon_codes '
                'holds their egg codes'
            }
            file.add('polygon_icechart', FULL, scene.polygon_id, about | chart)
        file.add(
            'distance_map', FULL, scene.distance_zone, distance_attributes()
        )
        _add_ties(file, scene)
        _add_coarse(file, scene)
        file.set_global(raw_global_attributes())
    return path


def _add_ties(file: FileWriter, scene: SimulatedScene) -> None:
    """Tie points, flat, the line slowest."""
    ties = scene.ties
    line, sample = np.meshgrid(ties.line, ties.sample, indexing='ij')
    fields = {
        'line': line,
        'sample': sample,
        'latitude': ties.latitude,
        'longitude': ties.longitude,
        'incidenceangle': ties.incidence,
        'height': np.zeros(line.shape),
    }
    for name, field in fields.items():
        file.add(f'sar_grid_{name}', _TIE, field.ravel().astype(np.float64))


def _add_coarse(file: FileWriter, scene: SimulatedScene) -> None:
    """AMSR2, the maps of its swaths, and ERA5."""
    attributes = coarse_attributes(scene)
    for name, values in scene.brightness.items():
        file.add(name, COARSE, values, attributes[name])
    swaths = scene.swaths
    file.add('amsr2_swath_map', COARSE, swaths.used)
    file.add(
        'swath_segmentation', COARSE, swaths.segment, swath_attributes(swaths)
    )
    for name, values in scene.weather.items():
        file.add(name, COARSE, values, attributes[name])


def write_truth(scene: SimulatedScene, folder: Path) -> Path:
    """Write what every 80 m pixel really holds.

    Variables on (sar_lines, sar_samples) of the ready-to-train file:
    concentration in percent, stage of development class 0..5, floe class
    0..5, 254 for the floe class of fast ice; 255 on land.

    Returns:
        Path of '<short>_truth.nc'.
    """
    path = folder / f'{scene.identity.scene_id}_truth.nc'
    stages = dict(enumerate(TASKS['SOD'].classes))
    floes = dict(enumerate(TASKS['FLOE'].classes))
    land = {NONE: 'land'}
    fields = {
        'concentration': ('Ice-covered part of the pixel in percent', land),
        'stage': ('Stage of development', stages | land),
        'floe': ('Floe size', floes | {FAST_ICE: 'fast ice'} | land),
    }
    with new_file(path) as file:
        for name, (title, flags) in fields.items():
            about = {'long_name': title} | flag_attributes(flags)
            file.add(name, FULL, scene.truth[name], about)
        file.set_global(
            {
                'scene_id': path.name,
                'original_id': scene.identity.original_id,
                'pixel_spacing': 80,
            }
        )
    return path
