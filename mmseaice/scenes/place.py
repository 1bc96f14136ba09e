"""Time and place as channels, from the tie points of a scene."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from .geolocation import Geolocation

#: Channels that are one number for the whole scene.
TIME_CHANNELS = ('month', 'season_sin', 'season_cos')

_DAYS = 365.2425


def place_channel(
    name: str,
    acquisition_time: str,
    geolocation: Geolocation | None,
    y: np.ndarray,
    x: np.ndarray,
) -> np.ndarray:
    """One of :data:`.PLACE_CHANNELS` at the crossings of lines and samples.

    Args:
        name: Name of the channel.
        acquisition_time: Start of the acquisition, ISO 8601, UTC.
        geolocation: Where the pixels are; None serves for channels of time.
        y: Lines in the coordinates of ``geolocation``, shape (h,).
        x: Samples, shape (w,).

    Returns:
        Values, float32, shape (h, w).

    Raises:
        KeyError: If there is no such channel.
        ValueError: If the channel needs a geolocation and there is none.
    """
    if name in TIME_CHANNELS:
        time = datetime.fromisoformat(acquisition_time)
        day = time.timetuple().tm_yday - 1 + time.hour / 24
        angle = 2 * np.pi * day / _DAYS
        value = {
            'month': float(time.month),
            'season_sin': np.sin(angle),
            'season_cos': np.cos(angle),
        }[name]
        return np.full((len(y), len(x)), value, np.float32)
    if geolocation is None:
        raise ValueError('geolocation must be given, but the scene has none.')
    latitude, longitude = geolocation.grid(y, x)
    values = {
        'latitude': latitude,
        'longitude': longitude,
        'longitude_sin': np.sin(np.radians(longitude)),
        'longitude_cos': np.cos(np.radians(longitude)),
    }[name]
    return values.astype(np.float32)
