"""Crops of one scene of a store, at any spacing it holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr

from ..charts.codes import IGNORE
from ..errors import MissingChannelError, StoreError
from .coarse import interpolate_coarse
from .geolocation import Geolocation
from .store_format import StoreOptions, dequantise, spacing_name


class Crop(NamedTuple):
    """A window of a scene.

    Args:
        image: Channels in physical units, float32, shape (C, h, w), NaN
            where missing.
        charts: Classes by task, uint8, shape (h, w), 255 without label.
        valid: True inside the scene where every full-grid channel that was
            asked for has a value, shape (h, w).
    """

    image: np.ndarray
    charts: dict[str, np.ndarray]
    valid: np.ndarray


class StoredScene:
    """One scene of a store. Opened arrays are kept, files are not.

    Args:
        path: Folder of the scene's group.
        options: Options of the store.
    """

    def __init__(self, path: Path, options: StoreOptions) -> None:
        self.path = path
        self.options = options
        self._arrays: dict[str, zarr.Array] = {}

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.options)

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the canonical scene and what the store adds.

        In place of ``path`` there is ``source``, the file name. Added are
        ``shapes`` (lines and samples by spacing), and at
        the finest spacing ``valid_share``, ``labelled_share`` and
        ``class_histogram`` (both by task).

        Raises:
            StoreError: If the folder holds no whole scene.
        """
        attrs = dict(open_node(self.path, zarr.open_group).attrs)
        for name in ('source', 'release', 'shapes'):
            if name not in attrs:
                raise StoreError(
                    self.path,
                    f'attribute {name!r}',
                    'a scene without',
                    'Remove the folder of the scene and build the store '
                    'again.',
                )
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

    @cached_property
    def geolocation(self) -> Geolocation:
        """Tie points, at positions in metres from the scene's corner.

        Line ``y`` at spacing ``s`` is at ``y * s``.
        """
        points = self._array('tie_points')
        latitude, longitude = points[:]
        positions = (points.attrs[f'{axis}_metres'] for axis in 'yx')
        return Geolocation(latitude, longitude, *positions)

    @property
    def place(self) -> dict[str, np.ndarray]:
        """``footprint``: corners in order, (4, 2), latitude and longitude.

        In degrees; empty for a scene without tie points.
        """
        if not (self.path / 'tie_points').exists():
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
    ) -> Crop:
        """Read a window, which may reach over the scene's border.

        Args:
            spacing: Pixel spacing in metres.
            channels: Channel names, None for all of the store.
            tasks: Chart names, None for all of the store.
            y: First line, may be negative.
            x: First sample, may be negative.
            height: Lines, None for all up to the last.
            width: Samples, None for all up to the last.

        Raises:
            MissingChannelError: If the store lacks a channel.
            StoreError: If it lacks the spacing or a chart, or a file of it
                cannot be read.
        """
        size = self.shape(spacing)
        channels = self._known('channel', channels, self.options.channels)
        tasks = self._known('chart', tasks, self.options.tasks)
        height = max(size[0] - y, 0) if height is None else height
        width = max(size[1] - x, 0) if width is None else width
        window = _Window(y, x, height, width, size)
        name = spacing_name(spacing)

        image = np.full((len(channels), height, width), np.nan, np.float32)
        inside = image[:, *window.inside]
        full = [n for n in channels if n in self.options.full_channels]
        if full:
            quanta = self._array(f'{name}/image').attrs['quanta']
            stored = self.options.full_channels
            planes = self._planes(f'{name}/image', stored, full, window)
            for plane, n in zip(planes, full, strict=True):
                quantum = quanta[stored.index(n)]
                inside[channels.index(n)] = dequantise(plane, quantum)
        for i, n in enumerate(channels):
            if n not in full:
                inside[i] = self._coarse(n, spacing, window)

        charts = {n: np.full((height, width), IGNORE, np.uint8) for n in tasks}
        if tasks:
            stored = self.options.tasks
            planes = self._planes(f'{name}/charts', stored, tasks, window)
            for plane, n in zip(planes, tasks, strict=True):
                charts[n][window.inside] = plane

        valid = np.zeros((height, width), bool)
        valid[window.inside] = True
        for n in full:
            valid &= ~np.isnan(image[channels.index(n)])
        return Crop(image, charts, valid)

    def read_coarse(self, name: str) -> np.ndarray:
        """A 2 km field on its own grid, float32, NaN where missing.

        Raises:
            MissingChannelError: If the store lacks it.
        """
        self._known('channel', [name], self.options.coarse_channels)
        index = self.options.coarse_channels.index(name)
        return self._load('coarse', (index,))

    def _known(
        self, kind: str, names: Sequence[str] | None, stored: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Check names against those of the store; None means all."""
        if names is None:
            return stored
        for name in names:
            if name not in stored:
                error = StoreError if kind == 'chart' else MissingChannelError
                raise error(
                    self.path,
                    f'{kind} {name!r}',
                    f'only {", ".join(stored) or "none"}',
                    f'Build a store that holds the {kind}.',
                )
        return tuple(names)

    def _planes(
        self,
        path: str,
        stored: tuple[str, ...],
        names: Sequence[str],
        window: _Window,
    ) -> np.ndarray:
        """Named planes of an array, on the part inside the scene."""
        index = [stored.index(name) for name in names]
        first, last = min(index), max(index) + 1
        planes = self._load(path, (slice(first, last), *window.source))
        return planes[[i - first for i in index]]

    def _coarse(
        self, name: str, spacing: float, window: _Window
    ) -> np.ndarray:
        """A 2 km field, interpolated to the part inside the scene."""
        index = self.options.coarse_channels.index(name)
        attrs = self._array('coarse').attrs
        rows, cols = window.source
        return interpolate_coarse(
            self._load('coarse', (index,)),
            np.asarray(attrs['y_metres']) / spacing,
            np.asarray(attrs['x_metres']) / spacing,
            y=rows.start,
            x=cols.start,
            height=rows.stop - rows.start,
            width=cols.stop - cols.start,
        )

    def _load(self, path: str, index: tuple) -> np.ndarray:
        array = self._array(path)
        try:
            return array[index]
        except (OSError, RuntimeError, ValueError) as error:
            raise StoreError(
                self.path / path,
                'readable chunks',
                f'{type(error).__name__} ({error})',
                'Remove the folder of the scene and build the store again.',
            ) from error

    def _array(self, path: str) -> zarr.Array:
        if path not in self._arrays:
            array = open_node(self.path / path, zarr.open_array)
            # Zarr takes a lost file for one full of missing values.
            if not (self.path / path / 'c' / '0' / '0' / '0').is_file():
                raise StoreError(
                    self.path / path,
                    "the file 'c/0/0/0'",
                    'none',
                    'Remove the folder of the scene and build the store '
                    'again.',
                )
            self._arrays[path] = array
        return self._arrays[path]


class _Window:
    """The part of a window that lies inside the scene.

    Attributes:
        source: Slices of the scene.
        inside: The same pixels as slices of the window.
    """

    def __init__(
        self, y: int, x: int, height: int, width: int, size: tuple[int, int]
    ) -> None:
        spans = ((y, height, size[0]), (x, width, size[1]))
        source, inside = [], []
        for start, length, limit in spans:
            first = min(max(start, 0), limit)
            last = max(min(start + length, limit), first)
            source.append(slice(first, last))
            shift = min(first - start, length) if last > first else 0
            inside.append(slice(shift, shift + last - first))
        self.source = tuple(source)
        self.inside = tuple(inside)


def open_node(path: Path, opener: Any) -> Any:
    """Open a Zarr group or array for reading.

    Raises:
        StoreError: If it is not there or not readable.
    """
    try:
        return opener(path, mode='r', zarr_format=3)
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
