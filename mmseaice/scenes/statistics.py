"""Mean, spread and percentiles of channels over many scenes, in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import MissingChannelError
from .store import SceneStore
from .variables import CHANNELS

#: Width of a bin of the histogram behind the percentiles, in the channel's
#: unit. Stored SAR counts in these steps, so its percentiles are exact.
BIN = 0.01


class ChannelStatistics:
    """Running statistics of one channel; NaN does not count.

    Every pixel has the same weight, whichever scene it is from, as in the
    published statistics of the AI4Arctic data. Mean and variance are merged
    block by block (Chan et al. 1983), so that billions of pixels lose no
    digits.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0
        self.minimum, self.maximum = math.inf, -math.inf
        self._bins: dict[int, int] = {}

    def update(self, values: np.ndarray) -> None:
        """Add the values of an array of any shape."""
        values = values[np.isfinite(values)].astype(np.float64)
        if not values.size:
            return
        mean = values.mean()
        squares = ((values - mean) ** 2).sum()
        total = self.count + values.size
        shift = mean - self.mean
        self._squares += squares + shift**2 * self.count * values.size / total
        self.mean += shift * values.size / total
        self.count = total
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        bins, counts = np.unique(np.rint(values / BIN), return_counts=True)
        for number, count in zip(bins.tolist(), counts.tolist(), strict=True):
            self._bins[int(number)] = self._bins.get(int(number), 0) + count

    @property
    def std(self) -> float:
        """Standard deviation of all values, NaN without any."""
        return (
            math.sqrt(self._squares / self.count) if self.count else math.nan
        )

    def percentile(self, percent: float) -> float:
        """The value that so many percent do not exceed, to :data:`BIN`."""
        if not self.count:
            return math.nan
        bins = sorted(self._bins)
        reached = np.cumsum([self._bins[number] for number in bins])
        index = np.searchsorted(reached, percent / 100 * self.count)
        return bins[min(int(index), len(bins) - 1)] * BIN


def compute_statistics(
    store: SceneStore,
    scene_ids: Iterable[str] | None = None,
    channels: Sequence[str] | None = None,
    spacing: float | None = None,
) -> dict[str, ChannelStatistics]:
    """Statistics of a store's channels in physical units.

    Args:
        store: The store.
        scene_ids: Scenes, None for all.
        channels: Channel names, None for all of the store. The 2 km fields
            are taken on their own grid.
        spacing: Pixel spacing in metres, None for the finest.

    Returns:
        Statistics by channel name.

    Raises:
        StoreError: If the store lacks a scene or the spacing.
        MissingChannelError: If it lacks a channel.
    """
    channels = store.channels if channels is None else tuple(channels)
    spacing = store.spacings[0] if spacing is None else spacing
    result = {name: ChannelStatistics() for name in channels}
    for name in channels:
        if name not in store.channels:
            raise MissingChannelError(
                store.path,
                f'channel {name!r}',
                f'only {", ".join(store.channels)}',
                'Choose among these, or build the store with it.',
            )
    full = [name for name in channels if CHANNELS[name].grid == 'full']
    coarse = [name for name in channels if name not in full]
    for scene_id in store.scene_ids if scene_ids is None else scene_ids:
        scene = store[scene_id]
        if full:
            crop = scene.read(spacing, channels=full, tasks=[])
            for name, plane in zip(full, crop.image, strict=True):
                result[name].update(plane)
        for name in coarse:
            result[name].update(scene.read_coarse(name))
    return result
