"""Between physical units and the numbers in ready-to-train files."""

from __future__ import annotations

import numpy as np

from .variables import CHANNELS, RELEASES


def check_release(release: str) -> None:
    """Raise ValueError unless ``release`` is one of the known releases."""
    if release not in RELEASES:
        raise ValueError(
            f'release must be one of {", ".join(RELEASES)}, '
            f'but got {release!r}.'
        )


def _statistics(name: str, release: str) -> tuple[float, float]:
    check_release(release)
    if name not in CHANNELS:
        raise ValueError(
            f'name must be one of {", ".join(CHANNELS)}, but got {name!r}.'
        )
    channel = CHANNELS[name]
    return channel.mean[release], channel.std[release]


def standardise(values: np.ndarray, name: str, release: str) -> np.ndarray:
    """Subtract the published mean and divide by the published deviation.

    Args:
        values: Physical values of any shape; NaN stays NaN.
        name: Channel name, e.g. 'HH'.
        release: 'Oct-2022' or 'Dec-2022'.

    Returns:
        Standardised values in the precision of ``values``.
    """
    mean, std = _statistics(name, release)
    return (values - mean) / std


def destandardise(values: np.ndarray, name: str, release: str) -> np.ndarray:
    """Undo :func:`standardise`."""
    mean, std = _statistics(name, release)
    physical = values * std
    physical += mean
    return physical
