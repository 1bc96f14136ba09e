"""From noise-free backscatter at 80 m to the product's 40 m pixels."""

from __future__ import annotations

import numpy as np

from .fields import double
from .noise import draw_noise
from .speckle import Speckle

_STRIP = 512  # raw lines handled at once


def _refined(
    field: np.ndarray, start: int, stop: int, samples: int
) -> np.ndarray:
    """40 m lines ``start`` to ``stop`` (even) of an 80 m field."""
    first, last = start // 2, -(-stop // 2)
    padded = field[max(first - 1, 0) : last + 1]
    skip = 2 * (first - max(first - 1, 0))
    return double(padded)[skip : skip + stop - start, :samples]


def _decibel(power: np.ndarray) -> np.ndarray:
    np.log10(power, out=power)
    power *= 10
    return power


def _border(
    rng: np.random.Generator, lines: int, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """First and last valid sample of each line: slanted side borders."""
    out = []
    for _ in range(2):
        ends = rng.uniform(0.002, 0.022, 2) * samples
        edge = np.linspace(*ends, lines)
        # A slant, with a slight wave along the track.
        out.append(np.round(edge + 2 * np.sin(np.arange(lines) / 90)))
    first, last = out[0].astype(int), samples - out[1].astype(int)
    return np.maximum(first, 0), np.minimum(last, samples)


def scene_image(
    rng: np.random.Generator,
    power_HH: np.ndarray,
    power_HV: np.ndarray,
    incidence: np.ndarray,
    shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Sigma0 in dB as the denoised product holds it, HH and HV.

    Args:
        rng: Source of randomness.
        power_HH: Linear sigma0 on the 80 m grid, float32.
        power_HV: The same for HV.
        incidence: Incidence angle per raw sample in degrees, (samples,).
        shape: Raw (lines, samples).

    Returns:
        Two float32 arrays (lines, samples), NaN where there is no data; HV
        lacks a few pixels more than HH.
    """
    lines, samples = shape
    *streams, last = rng.spawn(3)
    speckle = [Speckle(stream, samples) for stream in streams]
    noise = draw_noise(last, incidence)
    HH, HV = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for start in range(0, lines, _STRIP):
        stop = min(start + _STRIP, lines)
        strip = slice(start, stop)
        draws = [source.draw(stop - start) for source in speckle]
        power = _refined(power_HH, start, stop, samples) * draws[0]
        HH[strip] = _decibel(power)
        power = _refined(power_HV, start, stop, samples)
        noise.add_to(power, start)
        power *= draws[1]
        HV[strip] = _decibel(power)
    _spoil(rng, HH, HV)
    return HH, HV


def _spoil(rng: np.random.Generator, HH: np.ndarray, HV: np.ndarray) -> None:
    """Cut the borders and put in the outliers that real scenes have."""
    lines, samples = HH.shape
    # Where denoising subtracts all there is, the logarithm dives.
    if rng.random() < 0.3:
        count = max(3, HV.size // 1_000_000)
        spots = rng.integers(0, HV.size, count)
        HV.flat[spots] = rng.uniform(-380, -60, count)
    if rng.random() < 0.05:
        HH.flat[rng.integers(0, HH.size, 2)] = rng.uniform(-250, -60, 2)
    first, last = _border(rng, lines, samples)
    # The gaps of the channels differ by a few pixels: HV mostly misses
    # more, but along some lines HH does.
    narrower = rng.integers(1, 4, 2)
    begin, end = np.sort(rng.integers(0, lines + 1, 2))
    for row in range(lines):
        more = 5 if begin <= row < end else 0
        HH[row, : first[row] + more] = np.nan
        HH[row, last[row] :] = np.nan
        HV[row, : first[row] + narrower[0]] = np.nan
        HV[row, last[row] - narrower[1] :] = np.nan
