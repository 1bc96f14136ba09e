"""Arrays made ready for the eye: smaller, and on a robust scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmseaice.scenes.cells import resample_field

#: Pale blue of pixels without SAR; a grey could be a measurement.
NO_DATA_COLOUR = (200, 226, 245)

#: Longest side of a panel; more pixels than this no screen shows.
MAX_SIDE = 900


def shrink_factor(shape: tuple[int, ...], max_side: int = MAX_SIDE) -> float:
    """Factor that brings the longer side to ``max_side``, at least 1."""
    return max(1.0, max(shape) / max_side)


def thumbnail(image: np.ndarray, *, decibel: bool = True) -> np.ndarray:
    """Bring an image (H, W), NaN where invalid, to the size of a panel.

    Args:
        image: SAR in dB, or a field.
        decibel: Whether it is in dB and averages in linear power.
    """
    valid, factor = np.isfinite(image), shrink_factor(image.shape)
    if factor == 1:
        return image
    return resample_field(image, valid, factor, decibel=decibel)


def same_span(
    limits: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """Widen all limits to the widest span, each about its own middle.

    So that a step of grey is the same number of dB in HH and in HV, which
    lies 10 dB lower.
    """
    half = max(high - low for low, high in limits) / 2
    middles = [(low + high) / 2 for low, high in limits]
    return [(middle - half, middle + half) for middle in middles]


def robust_limits(
    *images: np.ndarray, percent: float = 1.0
) -> tuple[float, float]:
    """Limits of a scale that a few extreme pixels do not stretch.

    Args:
        *images: Arrays that share the scale; NaN is passed over.
        percent: Share of pixels, in percent, beyond each limit.

    Returns:
        Lowest and highest value, different from each other even for
        constant or empty images.
    """
    values = np.concatenate([image[np.isfinite(image)] for image in images])
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values, (percent, 100 - percent))
    if low == high:
        return float(low) - 0.5, float(high) + 0.5
    return float(low), float(high)


def invalid_overlay(invalid: np.ndarray) -> np.ndarray:
    """RGBA image (H, W, 4), pale blue where ``invalid``, else clear."""
    overlay = np.zeros((*invalid.shape, 4), np.uint8)
    overlay[invalid] = (*NO_DATA_COLOUR, 255)
    return overlay
