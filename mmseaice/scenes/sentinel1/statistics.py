"""How bright each sub-swath is, and how much of it is noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from .safe import SafeScene

_LINES = 512
#: Edges in dB of the histogram that quantiles are read from.
_EDGES = np.arange(-100.0, 40.0, 0.01)


class SwathStatistics(NamedTuple):
    """One sub-swath of a scene.

    Args:
        swath: 'EW1' to 'EW5'.
        pixels: Number of valid pixels.
        mean: Mean power, in dB.
        low: 5 % quantile of sigma0 in dB.
        nesz: Mean noise-equivalent sigma0, in dB.
        clipped: Share of the pixels at the noise floor.
    """

    swath: str
    pixels: int
    mean: float
    low: float
    nesz: float
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

    def summary(self, swath: str) -> SwathStatistics:
        if not self.pixels:
            return SwathStatistics(swath, 0, *[float('nan')] * 4)
        reached = np.searchsorted(self.counts.cumsum(), 0.05 * self.pixels)
        with np.errstate(divide='ignore'):
            mean, noise = (
                float(10 * np.log10(total / self.pixels))
                for total in (self.power, self.noise)
            )
        return SwathStatistics(
            swath,
            self.pixels,
            mean,
            round(float(_EDGES[reached]), 2),
            noise,
            self.clipped / self.pixels,
        )


def swath_statistics(
    scene: SafeScene, name: str = 'HV', *, progress: bool = False
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
        name: 'HV' or 'HH'.
        progress: Whether to show a bar.

    Returns:
        One row for each sub-swath, in the order of their names.
    """
    sums = {bounds.swath: _Sums() for bounds in scene.swaths}
    starts = range(0, scene.shape[0], _LINES)
    for start in tqdm(starts, 'sub-swaths', disable=not progress):
        stop = min(start + _LINES, scene.shape[0])
        sigma0 = scene.read_lines(start, stop)[name]
        noise = scene.nesz(name, start, stop)
        for bounds in scene.swaths:
            first = max(bounds.lines[0], start) - start
            last = min(bounds.lines[1] + 1, stop) - start
            if first >= last:
                continue
            here = np.s_[first:last, bounds.samples[0] : bounds.samples[1] + 1]
            sums[bounds.swath].add(
                sigma0[here], noise[here], scene.noise_floor
            )
    return [sums[swath].summary(swath) for swath in sorted(sums)]
