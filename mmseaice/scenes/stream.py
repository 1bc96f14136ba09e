"""A scene, block by block of lines, as a model takes it."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from ..errors import EmptySceneError, MissingChannelError, SceneFileError
from .checks import empty_scene
from .coarse import interpolate_coarse
from .geolocation import Geolocation
from .place import place_channel
from .resample import apply_ready_rule, is_raw, resample_scene
from .stamps import stamps_of
from .stored_scene import StoredScene
from .variables import CHART_SPACING, PLACE_CHANNELS, find_channel

#: What is known of a pixel of a chart.
CHARTED, LAND, NO_DATA = 0, 1, 2
STATUS = ('charted', 'land', 'no data')

#: Channels that no model can do without; others are filled if they miss.
NEEDED = ('HH', 'HV', 'incidence_angle')

#: Cells of a block along the lines, about.
_LINES = 128

#: Zones of distance below it are land; ready-to-train files hold fractions.
_LAND_ZONE = 0.5

#: From positions of the full grid to whether there is land, (h, w).
LandMask = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass
class Block:
    """Some lines of a scene on two grids.

    Args:
        image: Channels in physical units at the spacing of the model,
            float32 (C, h, w), NaN where missing.
        valid: Where the image has SAR, (h, w).
        status: :data:`CHARTED` where there is SAR and no land, else
            :data:`LAND` or :data:`NO_DATA`, at 80 m, uint8 (H, W).
        sar: HH and HV, as far as the scene has them, in dB at 80 m, float32
            (H, W).
    """

    image: np.ndarray
    valid: np.ndarray
    status: np.ndarray
    sar: dict[str, np.ndarray]

    @property
    def has_sar(self) -> bool:
        """Whether any pixel has SAR, on land as well."""
        fields = [np.isfinite(field) for field in self.sar.values()]
        return bool(np.all(fields, axis=0).any())


class SceneStream(ABC):
    """Reads a scene in blocks of whole cells, from the first line on.

    Args:
        channels: Channels of the image, in this order.
        spacing: Pixel spacing of the image in m.
        min_valid: Share of a cell that must be valid.

    Attributes:
        attrs: Attributes of the canonical scene at 80 m.
        places: Tie points, on 80 m positions.
        fine_shape: Lines and samples at 80 m.
        shape: Lines and samples of the image.
        present: Channels that the scene has.
        missing: Channels that are filled, as the scene has none.
        stamps: Path, size and time of the files that are read.
    """

    attrs: dict[str, Any]
    places: xr.Dataset
    fine_shape: tuple[int, int]
    present: tuple[str, ...]
    missing: tuple[str, ...]

    def __init__(
        self,
        channels: Sequence[str],
        spacing: float,
        min_valid: float,
    ) -> None:
        self.channels = tuple(channels)
        self.spacing = float(spacing)
        self.factor = self.spacing / CHART_SPACING
        self.min_valid = min_valid
        self.land: LandMask | None = None
        self.stamps: list[tuple] = []

    def blank_land(self, land: LandMask, name: str) -> None:
        """Let the model see no land, and chart none.

        Args:
            land: Where there is land, from the positions of lines and
                samples at 80 m.
            name: Where that is known from, for the attributes.
        """
        self.land = land
        self.attrs |= {'mask': 'land', 'land_mask': name}

    def note_file(self, path: str | os.PathLike) -> None:
        """Note a file that decides how the scene looks.

        With it go the files that make it up, see :func:`.stamps_of`.
        """
        self.stamps += stamps_of(path)

    @property
    def name(self) -> str:
        """The path of the scene, or its id."""
        return str(self.attrs.get('path') or self.attrs['scene_id'])

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples of the image."""
        height, width = (int(n / self.factor + 1e-9) for n in self.fine_shape)
        return height, width

    @property
    def block_lines(self) -> int:
        """Lines of the image in a block, which are whole lines at 80 m."""
        whole = Fraction(self.factor).limit_denominator(1000).denominator
        return math.ceil(_LINES / whole) * whole

    def blocks(self, first: int = 0) -> Iterator[tuple[int, Block]]:
        """Blocks and their first line of the image, in order.

        Args:
            first: Line of the image from which on blocks are needed; the
                first block may begin before it.

        Raises:
            EmptySceneError: In place of the last block, if no block of the
                scene has valid SAR, on land or off it.
        """
        seen = False
        starts = self._starts()
        begin = first // self.block_lines
        for start in starts[begin:]:
            block = self._block(start)
            seen = seen or block.has_sar
            if start == starts[-1] and not seen:
                # Those that another run has read are read up to the first.
                earlier = (self._block(n) for n in starts[:begin])
                if not any(one.has_sar for one in earlier):
                    raise empty_scene(self.attrs, 'HH and HV')
            yield start, block

    def _starts(self) -> range:
        """First lines of all blocks."""
        return range(0, self.shape[0], self.block_lines)

    def _block(self, start: int) -> Block:
        """The block that begins at a line of the image."""
        height = self.shape[0]
        stop = min(start + self.block_lines, height)
        fine = round(start * self.factor), round(stop * self.factor)
        if stop == height:
            # Lines that fill no cell belong to the last one.
            fine = fine[0], self.fine_shape[0]
        return self._read(start, stop, *fine)

    @abstractmethod
    def _read(self, start: int, stop: int, first: int, last: int) -> Block:
        """Lines of the image, and the 80 m lines that belong to them."""

    def _status(
        self,
        sar: Mapping[str, np.ndarray],
        zone: np.ndarray | None,
        first: int,
    ) -> np.ndarray:
        """What is known of pixels at 80 m."""
        seen = np.all([np.isfinite(field) for field in sar.values()], axis=0)
        land = np.zeros(seen.shape, bool)
        if self.land is not None:
            rows, cols = (np.arange(n) + 0.5 for n in seen.shape)
            land = self.land(first + rows, cols)
        elif zone is not None:
            land = zone < _LAND_ZONE
            if self.attrs.get('mask') == 'chart':
                # What the chart covers is charted, to the last pixel.
                land &= ~seen
        status = np.where(seen, CHARTED, NO_DATA)
        status[land] = LAND
        return status.astype(np.uint8)

    def _check(self, present: Sequence[str]) -> None:
        """Note the channels; refuse a scene that lacks a needed one."""
        self.present = (*present, *PLACE_CHANNELS)
        lacking = [n for n in self.channels if n not in self.present]
        needed = [n for n in lacking if n in NEEDED]
        if needed:
            raise MissingChannelError(
                self.name,
                f'channels {", ".join(self.channels)}',
                f'no {", ".join(needed)}',
                'Use a model that does without.',
            )
        self.missing = tuple(lacking)
        for name, size in zip(('lines', 'samples'), self.shape, strict=True):
            if size < 1:
                raise EmptySceneError(
                    self.name,
                    f'{name} for a cell of {self.spacing:g} m',
                    f'{dict(zip("yx", self.fine_shape, strict=True))} '
                    'pixels of 80 m',
                )


class LineStream(SceneStream):
    """Reads canonical scenes of some lines each, and resamples them.

    Args:
        attrs: Attributes of the whole scene.
        size: Its lines and samples, at its own spacing.
        places: Its tie points, at its own positions.
        present: Names of the channels that it has.
        read: Gives the canonical scene of the lines from one to another;
            positions count from the first.
        **kwargs: Those of :class:`SceneStream`.
    """

    def __init__(
        self,
        attrs: dict[str, Any],
        size: tuple[int, int],
        places: xr.Dataset,
        present: Sequence[str],
        read: Callable[[int, int], xr.Dataset],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        #: Lines of the source in one of 80 m.
        self.step = CHART_SPACING / attrs['pixel_spacing']
        self.attrs = attrs | {'pixel_spacing': CHART_SPACING}
        if self.step < 1 or self.step % 1:
            raise SceneFileError(
                self.name,
                'a pixel spacing that divides 80 m',
                f'{attrs["pixel_spacing"]:g} m',
                'Resample the scene to 40 or 80 m.',
            )
        self.step = int(self.step)
        self.fine_shape = tuple(n // self.step for n in size)
        self.places = places.assign_coords(
            {
                name: (name, places[name].values / self.step)
                for name in ('y_tie', 'x_tie')
            }
        )
        self._read_lines = read
        self._check(present)

    def _read(self, start: int, stop: int, first: int, last: int) -> Block:
        scene = self._read_lines(first * self.step, last * self.step)
        # A raw scene goes as the producers took it to 80 m; others, whose
        # noise is clipped at a floor, are averaged in linear power.
        if is_raw(scene):
            scene = apply_ready_rule(scene)
        fine = resample_scene(scene, CHART_SPACING)
        sar = {n: fine[n].values for n in ('HH', 'HV') if n in fine}
        zone = fine.get('distance_zone')
        status = self._status(
            sar, None if zone is None else zone.values, first
        )
        if self.land is not None:
            # The model has never seen land.
            scene = _blanked(scene, status == LAND)
        work = resample_scene(scene, self.spacing, min_valid=self.min_valid)
        full = [
            name
            for name in self.channels
            if name in work and find_channel(name).grid == 'full'
        ]
        height, width = stop - start, self.shape[1]
        planes = [
            np.full((height, width), np.nan, np.float32)
            if name in self.missing
            else channel_plane(name, work)
            for name in self.channels
        ]
        return Block(
            np.stack(planes).astype(np.float32, copy=False),
            np.all([np.isfinite(work[name].values) for name in full], axis=0),
            status,
            sar,
        )


class StoreStream(SceneStream):
    """Reads a scene of a store, which holds it at the wanted spacings.

    Args:
        scene: The scene.
        **kwargs: Those of :class:`SceneStream`.
    """

    def __init__(self, scene: StoredScene, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scene = scene
        self.attrs = scene.attrs | {
            'pixel_spacing': CHART_SPACING,
            'path': str(scene.path),
        }
        self.fine_shape = scene.shape(CHART_SPACING)
        self.places = scene.tie_points(CHART_SPACING)
        self._check(scene.options.channels)

    def _read(self, start: int, stop: int, first: int, last: int) -> Block:
        there = [n for n in self.channels if n not in self.missing]
        crop = self.scene.read(
            self.spacing,
            channels=there,
            tasks=(),
            y=start,
            height=stop - start,
        )
        shape = (len(self.channels), *crop.valid.shape)
        image = np.full(shape, np.nan, np.float32)
        for plane, name in zip(crop.image, there, strict=True):
            image[self.channels.index(name)] = plane
        stored = self.scene.options.channels
        names = [n for n in ('HH', 'HV', 'distance_zone') if n in stored]
        fine = self.scene.read(
            CHART_SPACING,
            channels=names,
            tasks=(),
            y=first,
            height=last - first,
        )
        fields = dict(zip(names, fine.image, strict=True))
        zone = fields.pop('distance_zone', None)
        status = self._status(fields, zone, first)
        return Block(image, crop.valid, status, fields)


def _blanked(scene: xr.Dataset, land: np.ndarray) -> xr.Dataset:
    """A canonical scene without SAR on land.

    Args:
        scene: The scene, at 80 m or finer.
        land: Where there is land at 80 m, (H, W).
    """
    names = [name for name in NEEDED if name in scene]
    shape = scene[names[0]].shape
    rows, cols = (
        np.minimum(np.arange(n) // round(n / m), m - 1)
        for n, m in zip(shape, land.shape, strict=True)
    )
    dry = xr.Variable(('y', 'x'), land[rows[:, None], cols])
    return scene.assign({n: scene[n].where(~dry) for n in names})


def channel_plane(name: str, scene: xr.Dataset) -> np.ndarray:
    """A channel on the full grid of a canonical scene, (H, W)."""
    full = next(n for n in ('HH', 'HV') if n in scene)
    height, width = scene[full].shape
    grid = find_channel(name).grid
    if grid == 'full':
        return scene[name].values
    if grid == '2km':
        return interpolate_coarse(
            scene[name].values,
            scene['y_2km'].values,
            scene['x_2km'].values,
            y=0,
            x=0,
            height=height,
            width=width,
        )
    return place_channel(
        name,
        scene.attrs['acquisition_time'],
        Geolocation.from_scene(scene),
        np.arange(height) + 0.5,
        np.arange(width) + 0.5,
    )
