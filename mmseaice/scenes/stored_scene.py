"""Crops of one scene of a store, at any spacing it holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from ..charts.codes import IGNORE
from ..errors import MissingChannelError, StoreError
from .coarse import interpolate_coarse
from .derive import derive, polygon_pixels, source_span
from .geolocation import Geolocation
from .overview import Overview
from .place import TIME_CHANNELS, place_channel
from .resample import DECIBEL
from .shard import ShardedArray
from .store_format import (
    BASE_SPACING,
    StoreOptions,
    check_shapes,
    dequantise,
    spacing_name,
)
from .variables import DIMS, PLACE_CHANNELS
from .window import Crop, Window


class StoredScene:
    """One scene of a store. Opened arrays are kept, files are not.

    Args:
        path: Folder of the scene's group.
        options: Options of the store.
    """

    def __init__(self, path: Path, options: StoreOptions) -> None:
        self.path = path
        self.options = options
        self._arrays: dict[str, ShardedArray] = {}

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.options)

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the canonical scene and what the store adds.

        In place of ``path`` there is ``source``, the file name. Added are
        ``shapes`` (lines and samples by spacing), for a raw scene
        ``polygon_codes`` (the code table, header row included), and at
        the finest spacing ``valid_share``, ``labelled_share`` and
        ``class_histogram`` (both by task).

        Raises:
            StoreError: If the folder holds no whole scene.
        """
        attrs = dict(open_group(self.path).attrs)
        for name in ('source', 'release', 'shapes'):
            if name not in attrs:
                raise StoreError(
                    self.path,
                    f'attribute {name!r}',
                    'a scene without',
                    'Remove the folder of the scene and build the store '
                    'again.',
                )
        check_shapes(self.path, attrs['shapes'])
        return attrs

    def shape(self, spacing: float) -> tuple[int, int]:
        """Lines and samples at a spacing.

        Raises:
            StoreError: If the store does not hold the spacing.
        """
        shapes = self.attrs['shapes']
        name = spacing_name(spacing)
        if name not in shapes:
            raise StoreError(
                self.path,
                f'spacing {name} m',
                f'only {", ".join(shapes)} m',
                'Choose one of these, or build another store.',
            )
        return tuple(shapes[name])

    @property
    def has_polygons(self) -> bool:
        """Whether the scene has the polygons of its chart."""
        return 'polygon_codes' in self.attrs

    @property
    def polygon_codes(self) -> list[str]:
        """The table of the polygons' codes, header row included.

        Raises:
            StoreError: If the scene was stored from a ready-to-train file.
        """
        if not self.has_polygons:
            raise StoreError(
                self.path,
                'polygons of an ice chart',
                'a scene without: ready-to-train files hold none',
                'Build a store from the raw scenes.',
            )
        return self.attrs['polygon_codes']

    @cached_property
    def overview(self) -> Overview:
        """What lies in blocks of pixels of the finest spacing."""
        return Overview.read(self.path / 'overview')

    @cached_property
    def geolocation(self) -> Geolocation | None:
        """Tie points, at positions in metres from the scene's corner.

        Line ``y`` at spacing ``s`` is at ``y * s``. None without tie points.
        """
        if not (self.path / 'tie_points').exists():
            return None
        points = self._array('tie_points')
        positions = [points.numbers(f'{axis}_metres') for axis in 'yx']
        try:
            return Geolocation(*points.read_all(), *positions)
        except (TypeError, ValueError) as error:
            raise StoreError(
                points.path, 'tie points of a scene', f'{error}'.rstrip('.')
            ) from error

    def tie_points(self, spacing: float) -> xr.Dataset:
        """``latitude`` and ``longitude`` (degrees) on (y_tie, x_tie).

        Args:
            spacing: Pixel spacing in m that their positions count in.

        Raises:
            StoreError: If the scene was stored without.
        """
        if self.geolocation is None:
            raise StoreError(
                self.path,
                'tie points',
                'a scene without',
                'Build the store again from whole scene files.',
            )
        points = self._array('tie_points')
        dims = DIMS['tie']
        values = zip(('latitude', 'longitude'), points.read_all(), strict=True)
        return xr.Dataset(
            {name: (dims, degrees) for name, degrees in values},
            {
                dim: points.numbers(f'{dim[0]}_metres') / spacing
                for dim in dims
            },
        )

    @property
    def place(self) -> dict[str, np.ndarray]:
        """``footprint``: corners in order, (4, 2), latitude and longitude.

        In degrees; empty for a scene without tie points.
        """
        if self.geolocation is None:
            return {}
        spacing, (lines, samples) = next(iter(self.attrs['shapes'].items()))
        bottom, right = lines * float(spacing), samples * float(spacing)
        y, x = np.array([0, 0, bottom, bottom]), np.array([0, right, right, 0])
        return {'footprint': np.stack(self.geolocation.at(y, x), axis=1)}

    def read(
        self,
        spacing: float,
        *,
        channels: Sequence[str] | None = None,
        tasks: Sequence[str] | None = None,
        y: int = 0,
        x: int = 0,
        height: int | None = None,
        width: int | None = None,
        polygons: bool = False,
    ) -> Crop:
        """Read a window, which may reach over the scene's border.

        Args:
            spacing: Pixel spacing in metres.
            channels: Channel names, None for all of the store. Those of
                :data:`.PLACE_CHANNELS` may be named as well.
            tasks: Chart names, None for all of the store.
            y: First line, may be negative.
            x: First sample, may be negative.
            height: Lines, None for all up to the last.
            width: Samples, None for all up to the last.
            polygons: Whether to read the polygons' ids.

        Raises:
            MissingChannelError: If the store lacks a channel.
            StoreError: If it lacks the spacing, a chart or the polygons, or
                a file of it cannot be read.
        """
        size = self.shape(spacing)
        channels = self._known_channels(channels)
        tasks = self._known_tasks(tasks)
        height = max(size[0] - y, 0) if height is None else height
        width = max(size[1] - x, 0) if width is None else width
        window = Window(y, x, height, width, size)

        image = np.empty((len(channels), height, width), np.float32)
        if not window.whole:
            image.fill(np.nan)
        inside = image[:, *window.inside]
        full = [n for n in channels if n in self.options.full_channels]
        if full and inside.size:
            planes = [inside[channels.index(n)] for n in full]
            self._read_full(full, planes, spacing, window)
        for i, n in enumerate(channels):
            if n in PLACE_CHANNELS:
                inside[i] = self._place(n, spacing, window)
            elif n not in full:
                inside[i] = self._coarse(n, spacing, window)

        charts = {n: np.full((height, width), IGNORE, np.uint8) for n in tasks}
        if tasks:
            array = self._array(f'charts_{spacing_name(spacing)}')
            planes = _planes(array, self.options.tasks, tasks, window.source)
            for plane, n in zip(planes, tasks, strict=True):
                charts[n][window.inside] = plane

        valid = np.zeros((height, width), bool)
        valid[window.inside] = True
        for n in full:
            valid &= ~np.isnan(image[channels.index(n)])
        ids = None
        if polygons:
            ids = np.zeros((height, width), np.uint16)
            ids[window.inside] = self._polygons(spacing, window)
        return Crop(image, charts, valid, ids)

    def read_coarse(self, name: str) -> np.ndarray:
        """A 2 km field on its own grid, float32, NaN where missing.

        Raises:
            MissingChannelError: If the store lacks it.
        """
        stored = self.options.coarse_channels
        if name not in stored:
            raise self._lacks('channel', name, stored)
        return self._array('coarse').read_all(stored.index(name))

    def _known_channels(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """Check names of channels; None means all of the store."""
        stored = self.options.channels
        for name in names or ():
            if name not in stored and name not in PLACE_CHANNELS:
                raise self._lacks('channel', name, stored)
        return stored if names is None else tuple(names)

    def _known_tasks(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """Check names of charts; None means all of the store."""
        stored = self.options.tasks
        for name in names or ():
            if name not in stored:
                raise self._lacks('chart', name, stored)
        return stored if names is None else tuple(names)

    def _lacks(self, kind: str, name: str, stored: Sequence[str]) -> Exception:
        error = StoreError if kind == 'chart' else MissingChannelError
        return error(
            self.path,
            f'{kind} {name!r}',
            f'only {", ".join(stored) or "none"}',
            f'Build a store that holds the {kind}.',
        )

    def _read_full(
        self,
        names: Sequence[str],
        planes: Sequence[np.ndarray],
        spacing: float,
        window: Window,
    ) -> None:
        """Fill planes with channels of the SAR grid, inside the scene."""
        options = self.options
        derived = spacing in options.derived_spacings
        base = BASE_SPACING if derived else spacing
        array = self._array(f'image_{spacing_name(base)}')
        steps = array.numbers('quanta', len(options.full_channels)).tolist()
        quanta = dict(zip(options.full_channels, steps, strict=True))
        factor = spacing / base
        source, cells = window.source, (slice(None), slice(None))
        if derived:
            spans = [
                source_span(span, factor, size)
                for span, size in zip(source, array.shape[1:], strict=True)
            ]
            cells = tuple(
                slice(before, before + span.stop - span.start)
                for (_, before), span in zip(spans, source, strict=True)
            )
            source = [span for span, _ in spans]
        stored = _planes(array, options.full_channels, names, source)
        if not derived:
            for name, steps, plane in zip(names, stored, planes, strict=True):
                dequantise(steps, quanta[name], out=plane)
            return
        means = derive(
            stored,
            [quanta[name] for name in names],
            [name in DECIBEL for name in names],
            factor,
            options.min_valid,
        )
        for mean, plane in zip(means, planes, strict=True):
            plane[...] = mean[cells]

    def _polygons(self, spacing: float, window: Window) -> np.ndarray:
        """Ids at the cells' centres, on the part inside the scene."""
        # Raises if the scene has none.
        _ = self.polygon_codes
        array = self._array('polygons')
        spans = [
            polygon_pixels(span, array.numbers('spacing', 1).item(), spacing)
            for span in window.source
        ]
        if not all(len(span) for span in spans):
            return np.zeros([len(span) for span in spans], np.uint16)
        source = [slice(span[0], span[-1] + 1) for span in spans]
        ids = array.read(slice(0, 1), *source)[0]
        rows, cols = (span - span[0] for span in spans)
        return ids[rows[:, None], cols]

    def _coarse(self, name: str, spacing: float, window: Window) -> np.ndarray:
        """A 2 km field, interpolated to the part inside the scene."""
        places = self._array('coarse')
        rows, cols = window.source
        return interpolate_coarse(
            self.read_coarse(name),
            places.numbers('y_metres') / spacing,
            places.numbers('x_metres') / spacing,
            y=rows.start,
            x=cols.start,
            height=rows.stop - rows.start,
            width=cols.stop - cols.start,
        )

    def _place(self, name: str, spacing: float, window: Window) -> np.ndarray:
        """Time or place of the pixels inside the scene."""
        if self.geolocation is None and name not in TIME_CHANNELS:
            raise self._lacks('channel', name, self.options.channels)
        y, x = (
            (np.arange(span.start, span.stop) + 0.5) * spacing
            for span in window.source
        )
        time = self.attrs['acquisition_time']
        return place_channel(name, time, self.geolocation, y, x)

    def _array(self, name: str) -> ShardedArray:
        if name not in self._arrays:
            self._arrays[name] = ShardedArray(self.path / name)
        return self._arrays[name]


def _planes(
    array: ShardedArray,
    stored: tuple[str, ...],
    names: Sequence[str],
    source: Sequence[slice],
) -> list[np.ndarray]:
    """Named planes of an array, on a window."""
    index = [stored.index(name) for name in names]
    first, last = min(index), max(index) + 1
    planes = array.read(slice(first, last), *source)
    return [planes[i - first] for i in index]


def open_group(path: Path) -> zarr.Group:
    """Open a Zarr group for reading.

    Raises:
        StoreError: If it is not there or not readable.
    """
    try:
        return zarr.open_group(path, mode='r', zarr_format=3)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            path,
            'part of a scene store',
            f'{type(error).__name__} ({error})'
            if path.exists()
            else 'no such folder',
            'Check the path, or build the store with '
            'tools/data/build_store.py.',
        ) from error
