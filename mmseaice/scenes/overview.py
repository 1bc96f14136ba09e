"""What lies where in a scene, in blocks of pixels: small enough to keep.

Samplers look at it before they read pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..charts.codes import IGNORE
from .shard import ShardedArray, write_array
from .store_format import BLOCK, StoreOptions


@dataclass(frozen=True)
class Overview:
    """Contents of the blocks of a scene.

    Args:
        valid: Share of valid pixels, 0 to 1, shape (h, w). Blocks at the
            end count as if they were whole.
        labelled: Share of pixels with a label of any task, likewise.
        classes: By task, bit ``c`` is set where class ``c`` occurs, uint16,
            shape (h, w).
        polygons: Id of the polygon in the middle, uint16, 0 is none; one
            that covers the middle of no block is not seen.
        block_metres: Length and width of a block in metres.
    """

    valid: np.ndarray
    labelled: np.ndarray
    classes: dict[str, np.ndarray]
    polygons: np.ndarray
    block_metres: float

    def write(self, path: Path) -> None:
        """Write it as an array of a store."""
        shares = [_as_steps(self.valid), _as_steps(self.labelled)]
        planes = np.stack([*shares, self.polygons, *self.classes.values()])
        attrs = {
            'block_metres': self.block_metres,
            'tasks': list(self.classes),
        }
        write_array(path, planes, planes.shape, 0, attrs)

    @classmethod
    def read(cls, path: Path) -> Overview:
        """Read what :meth:`write` wrote.

        Raises:
            StoreError: If it is missing or damaged.
        """
        array = ShardedArray(path)
        valid, labelled, polygons, *classes = array.read_all()
        return cls(
            valid / np.float32(BLOCK**2),
            labelled / np.float32(BLOCK**2),
            dict(zip(array.attrs['tasks'], classes, strict=True)),
            polygons,
            array.attrs['block_metres'],
        )


def _as_steps(share: np.ndarray) -> np.ndarray:
    return np.rint(share * BLOCK**2).astype(np.uint16)


def make_overview(level: xr.Dataset, options: StoreOptions) -> Overview:
    """Look over a canonical scene at its finest stored spacing.

    Args:
        level: The scene.
        options: Options of the store.
    """
    full = [level[name].values for name in options.full_channels]
    valid = np.all([np.isfinite(values) for values in full], axis=0)
    charts = {task: level[task].values for task in options.tasks}
    labelled = np.zeros_like(valid)
    for chart in charts.values():
        labelled |= chart != IGNORE
    shape = tuple(-(-n // BLOCK) for n in valid.shape)
    middle = np.zeros(shape, np.uint16)
    if 'polygon_id' in level:
        rows, cols = (
            np.minimum(np.arange(count) * BLOCK + BLOCK // 2, size - 1)
            for count, size in zip(shape, valid.shape, strict=True)
        )
        middle = level['polygon_id'].values[rows[:, None], cols]
    return Overview(
        _block_sum(valid) / BLOCK**2,
        _block_sum(labelled) / BLOCK**2,
        {task: _classes(chart) for task, chart in charts.items()},
        middle.astype(np.uint16),
        BLOCK * level.attrs['pixel_spacing'],
    )


def _blocks(values: np.ndarray, fill: int) -> np.ndarray:
    """Blocks as (h, BLOCK, w, BLOCK), filled up at the end."""
    pad = [(0, -size % BLOCK) for size in values.shape]
    values = np.pad(values, pad, constant_values=fill)
    height, width = (size // BLOCK for size in values.shape)
    return values.reshape(height, BLOCK, width, BLOCK)


def _block_sum(mask: np.ndarray) -> np.ndarray:
    return _blocks(mask, False).sum(axis=(1, 3), dtype=np.uint16)


def _classes(chart: np.ndarray) -> np.ndarray:
    """Bits of the classes of each block, uint16 (h, w)."""
    bits = np.zeros(IGNORE + 1, np.uint16)
    bits[:16] = 1 << np.arange(16)
    return np.bitwise_or.reduce(bits[_blocks(chart, IGNORE)], axis=(1, 3))
