"""How a store is laid out: its options, numbers and names.

A store is a Zarr 3 group with one group per scene, and there two files per
array::

    image_80    (channel, y, x) int16, steps of the channel's quantum
    charts_80   (task, y, x) uint8, 255 without label
    image_160   ... the same at the other spacings
    polygons    (1, y, x) uint16, ids of the chart's polygons, 0 is none
    overview    (plane, y, x) uint16, what lies in blocks of pixels
    coarse      (channel, y, x) float32, 2 km fields as they are
    tie_points  (2, y, x) float64, latitude and longitude

Channels lie in one array, because a crop then costs one read and a scene
few files. A chunk holds a square of two channels, or of all charts; all
chunks of an array share one shard, that is one file.

The image of a spacing between 80 and 160 m is not stored but derived from
that at 80 m: it would take half the room of the finest one again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..charts.codes import get_task
from ..errors import MissingChannelError, StoreError
from .cells import CHART_RULES, ChartRule
from .variables import CHANNELS, FULL_CHANNELS, PLACE_CHANNELS

#: What the root group says it is.
FORMAT = 'mmseaice scene store'
FORMAT_VERSION = 2

#: Step of the stored int16 values by channel, in the channel's unit. For
#: backscatter a seventh of the speckle that is left at 400 m.
QUANTA = {
    'HH': 0.05,
    'HV': 0.05,
    'incidence_angle': 0.01,
    'distance_zone': 0.01,
}

#: Stored value of a missing pixel. Valid ones saturate at +-32767 steps.
MISSING = -32768

#: Lines and samples of a chunk, and how many channels it holds.
CHUNK = 192
CHUNK_CHANNELS = 2

#: More lines or samples than any scene has.
_MOST = 100_000

#: Lines and samples of a block of the overview, at the finest spacing.
BLOCK = 48

#: Spacing (m) of the grid that every coarser one is made from.
BASE_SPACING = 80.0


@dataclass(frozen=True)
class StoreOptions:
    """What every scene of one store has in common.

    Args:
        spacings: Pixel spacings in metres, each at least 80, or 40 in a
            store of raw scenes.
        channels: Canonical channel names.
        tasks: Charts by name.
        charts: How charts are resampled.
        min_valid: Share of a cell that must be valid or labelled.
        open_options: Further arguments of
            :func:`~mmseaice.scenes.open_scene`.

    Raises:
        ValueError: If an option is out of range or names something twice.
        MissingChannelError: If there is no such channel.
    """

    spacings: tuple[float, ...] = (80.0,)
    channels: tuple[str, ...] = ('HH', 'HV')
    tasks: tuple[str, ...] = ('SIC', 'SOD', 'FLOE')
    charts: ChartRule = 'majority'
    min_valid: float = 0.5
    open_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spacings = tuple(sorted(float(s) for s in self.spacings))
        object.__setattr__(self, 'spacings', spacings)
        object.__setattr__(self, 'channels', tuple(self.channels))
        object.__setattr__(self, 'tasks', tuple(self.tasks))
        if not spacings or not all(0 < s < math.inf for s in spacings):
            raise ValueError(
                f'spacings must be positive and finite, but got {spacings}.'
            )
        if not 0 < self.min_valid <= 1:
            raise ValueError(
                'min_valid must be above 0 and at most 1, but got '
                f'{self.min_valid}.'
            )
        _check_unique('spacings', [spacing_name(s) for s in spacings])
        _check_unique('channels', self.channels)
        _check_unique('tasks', self.tasks)
        if not any(name in FULL_CHANNELS for name in self.channels):
            raise ValueError(
                'channels must hold one of '
                f'{", ".join(FULL_CHANNELS)}, but got {self.channels}.'
            )
        if self.charts not in CHART_RULES:
            raise ValueError(
                f'charts must be one of {", ".join(CHART_RULES)}, but got '
                f'{self.charts!r}.'
            )
        for name in self.channels:
            if name not in CHANNELS:
                raise MissingChannelError(
                    'channels',
                    f'names among {", ".join(CHANNELS)}',
                    repr(name),
                    'Time and place need not be stored.'
                    if name in PLACE_CHANNELS
                    else '',
                )
        for name in self.tasks:
            get_task(name)

    @property
    def full_channels(self) -> tuple[str, ...]:
        """Channels on the SAR grid."""
        return tuple(n for n in self.channels if n in FULL_CHANNELS)

    @property
    def coarse_channels(self) -> tuple[str, ...]:
        """Channels on the 2 km grid."""
        return tuple(n for n in self.channels if n not in FULL_CHANNELS)

    @property
    def derived_spacings(self) -> tuple[float, ...]:
        """Spacings whose images are made from that at 80 m when read.

        Only multiples of 10 m, whose cells meet the pixels' borders often.
        """
        if BASE_SPACING not in self.spacings:
            return ()
        return tuple(
            s
            for s in self.spacings
            if BASE_SPACING < s < 2 * BASE_SPACING and s % 10 == 0
        )

    def as_attrs(self) -> dict[str, Any]:
        """The options as JSON can hold them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def _check_unique(option: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f'{option} must differ from each other, but got '
            f'{", ".join(twice)} more than once.'
        )


def check_shapes(path: Path, shapes: Any) -> None:
    """Refuse what a scene has in the place of its shapes.

    Args:
        path: Folder of the scene.
        shapes: Lines and samples by name of spacing.

    Raises:
        StoreError: If it is none such.
    """
    try:
        sizes = {float(name): size for name, size in shapes.items()}
        fits = sizes and all(
            spacing > 0
            and len(size) == 2
            and 0 < min(size) <= max(size) < _MOST
            for spacing, size in sizes.items()
        )
        whole = all(type(n) is int for size in sizes.values() for n in size)
    except (AttributeError, TypeError, ValueError):
        fits = whole = False
    if not (fits and whole):
        raise StoreError(
            path,
            'lines and samples for each spacing',
            f'shapes of {shapes!r:.80}',
            'Remove the folder of the scene and build the store again.',
        )


def spacing_name(spacing: float) -> str:
    """How a spacing is called in the names of arrays: '80', '112.5'."""
    return f'{spacing:g}'


def quantise(values: np.ndarray, quantum: float) -> np.ndarray:
    """Round to int16 steps; NaN becomes :data:`MISSING`."""
    steps = values / np.asarray(quantum, values.dtype)
    np.rint(steps, out=steps)
    np.clip(steps, MISSING + 1, -(MISSING + 1), out=steps)
    np.copyto(steps, MISSING, where=np.isnan(steps))
    return steps.astype(np.int16)


def dequantise(
    steps: np.ndarray, quantum: float, out: np.ndarray | None = None
) -> np.ndarray:
    """Undo :func:`quantise`: float32, NaN where missing.

    Args:
        steps: Stored values, int16, any shape.
        quantum: Their step.
        out: Array for the result, float32, of the same shape.
    """
    values = np.multiply(steps, np.float32(quantum), out=out)
    missing = steps == MISSING
    if missing.any():
        np.copyto(values, np.float32(np.nan), where=missing)
    return values
