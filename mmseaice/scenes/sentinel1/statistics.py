"""How bright each sub-swath is, and how much of it is noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from .annotation import SwathBounds
from .safe import SafeScene

_CHANNELS = ('HH', 'HV')
_LINES = 512
#: Edges in dB of the histogram that quantiles are read from.
_EDGES = np.arange(-100.0, 40.0, 0.01)


class SwathStatistics(NamedTuple):
    """One sub-swath of a scene.

    Args:
        channel: 'HH' or 'HV'.
        swath: 'EW1' to 'EW5'.
        pixels: Number of valid pixels.
        mean_db: Mean power, in dB.
        low_db: 5 % quantile of sigma0 in dB.
        nesz_db: Mean noise-equivalent sigma0, in dB.
        clipped: Share of the pixels at the noise floor.
    """

    channel: str
    swath: str
    pixels: int
    mean_db: float
    low_db: float
    nesz_db: float
    clipped: float


class _Sums:
    """Running sums of one sub-swath."""

    def __init__(self) -> None:
        self.pixels = self.clipped = 0
        self.power = self.noise = 0.0
        self.counts = np.zeros(len(_EDGES) - 1, np.int64)

    def add(self, sigma0: np.ndarray, noise: np.ndarray, floor: float) -> None:
        valid = np.isfinite(sigma0)
        sigma0 = sigma0[valid].astype(float)
        self.pixels += sigma0.size
        self.clipped += int((sigma0 == floor).sum())
        self.power += float((10 ** (sigma0 / 10)).sum())
        self.noise += float(noise[valid].sum(dtype=float))
        self.counts += np.histogram(sigma0, _EDGES)[0]

    def summary(self, channel: str, swath: str) -> SwathStatistics:
        if not self.pixels:
            return SwathStatistics(channel, swath, 0, *[float('nan')] * 4)
        reached = np.searchsorted(self.counts.cumsum(), 0.05 * self.pixels)
        with np.errstate(divide='ignore'):
            mean, noise = (
                float(10 * np.log10(total / self.pixels))
                for total in (self.power, self.noise)
            )
        return SwathStatistics(
            channel,
            swath,
            self.pixels,
            mean,
            round(float(_EDGES[reached]), 2),
            noise,
            self.clipped / self.pixels,
        )


def swath_statistics(
    scene: SafeScene, *, progress: bool = False
) -> list[SwathStatistics]:
    """Brightness, noise and clipped share of each sub-swath.

    Use it to see how a product differs from what a model was trained on.
    Over dark water, AI4Arctic scenes hold HV of about -29 dB with steps
    below 1 dB between sub-swaths, since NERSC's denoising levels the
    sub-swaths and keeps part of the noise power. ESA's noise vectors leave
    less of it: a lower mean, a 5 % quantile near the floor where ``clipped``
    is large, and steps between sub-swaths that models may take for edges.

    Args:
        scene: The product.
        progress: Whether to show a bar.

    Returns:
        A row for each sub-swath in the order of their names, for HH and then
        for HV.
    """
    swaths = sorted({bounds.swath for bounds in scene.swaths})
    sums = {(name, swath): _Sums() for name in _CHANNELS for swath in swaths}
    starts = range(0, scene.shape[0], _LINES)
    for start in tqdm(starts, 'sub-swaths', disable=not progress):
        stop = min(start + _LINES, scene.shape[0])
        lines = scene.read_lines(start, stop)
        for name in _CHANNELS:
            noise = scene.nesz(name, start, stop)
            for bounds in scene.swaths:
                here = _overlap(bounds, start, stop)
                sums[name, bounds.swath].add(
                    lines[name][here], noise[here], scene.noise_floor
                )
    return [found.summary(*of) for of, found in sums.items()]


def _overlap(
    bounds: SwathBounds, start: int, stop: int
) -> tuple[slice, slice]:
    """Where a part of a sub-swath lies among some lines; may be empty."""
    first, last = bounds.lines
    lines = slice(max(first, start) - start, max(last + 1 - start, 0))
    samples = slice(bounds.samples[0], bounds.samples[1] + 1)
    return lines, samples
