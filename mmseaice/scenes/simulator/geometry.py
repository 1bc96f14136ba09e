"""Where a scene lies: swath, orbit and tie points.

A circular orbit over a spherical, turning Earth is enough: ascending,
right-looking, 40 m pixels on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PIXEL = 40.0
LINES_PER_SECOND = 166.7
#: Incidence angle (degrees) at the near and the far edge of the EW swath.
NEAR_INCIDENCE, FAR_INCIDENCE = 19.1, 46.7

_EARTH_RADIUS = 6_371_000.0
_ORBIT_RADIUS = _EARTH_RADIUS + 693_000.0
_INCLINATION = np.deg2rad(98.18)
_ORBIT_SECONDS = 98.6 * 60
_DAY_SECONDS = 86_164.1
_INTERVALS = 20


@dataclass
class TiePoints:
    """Geolocation grid of a scene, arrays of shape (lines, samples).

    Args:
        line: Raw pixel index of each tie line, int (m,).
        sample: Raw pixel index of each tie sample, int (n,).
        latitude: Degrees north, float64 (m, n).
        longitude: Degrees east, float64 (m, n).
        incidence: Incidence angle in degrees, float64 (m, n).
    """

    line: np.ndarray
    sample: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    incidence: np.ndarray


def tie_positions(count: int) -> np.ndarray:
    """Pixel indices of the 21 tie points along an axis of ``count``."""
    step = -(-count // _INTERVALS)
    return np.append(step * np.arange(_INTERVALS), count - 1)


def _ground_angle(incidence: np.ndarray | float) -> np.ndarray:
    """Angle at the Earth's centre between nadir and a point (rad)."""
    incidence = np.deg2rad(incidence)
    look = np.arcsin(_EARTH_RADIUS / _ORBIT_RADIUS * np.sin(incidence))
    return incidence - look


def incidence_angle(samples: int) -> np.ndarray:
    """Incidence angle per sample in degrees, float64 (samples,).

    A scene of any width spans the whole swath, from near to far, so that a
    small scene is a miniature with all five sub-swaths in it.
    """
    table = np.linspace(NEAR_INCIDENCE, FAR_INCIDENCE, 200)
    angle = _ground_angle(table)
    return np.interp(np.linspace(angle[0], angle[-1], samples), angle, table)


def _ground_track(seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, 3) to the satellite and along its motion.

    Args:
        seconds: Seconds since the ascending node, (n,).
    """
    turn = 2 * np.pi * seconds / _ORBIT_SECONDS
    node = -2 * np.pi * seconds / _DAY_SECONDS
    position, ahead = [], []
    for phase, out in ((0.0, position), (np.pi / 2, ahead)):
        x, y = np.cos(turn + phase), np.sin(turn + phase)
        y, z = y * np.cos(_INCLINATION), y * np.sin(_INCLINATION)
        out += [
            x * np.cos(node) - y * np.sin(node),
            x * np.sin(node) + y * np.cos(node),
            z,
        ]
    return np.stack(position, -1), np.stack(ahead, -1)


def tie_points(
    lines: int, samples: int, latitude: float, longitude: float
) -> TiePoints:
    """Tie points of an ascending scene that starts near a place.

    Line 0 is the first in time (southernmost) and sample 0 near range.

    Args:
        lines: Raw lines.
        samples: Raw samples.
        latitude: Latitude of the satellite at the first line, degrees.
        longitude: Longitude of the near-range corner, degrees.
    """
    line, sample = tie_positions(lines), tie_positions(samples)
    turn = np.arcsin(np.sin(np.deg2rad(latitude)) / np.sin(_INCLINATION))
    start = turn / (2 * np.pi) * _ORBIT_SECONDS
    up, ahead = _ground_track(start + line / LINES_PER_SECOND)
    right = np.cross(ahead, up)
    angle = _ground_angle(NEAR_INCIDENCE) + sample * PIXEL / _EARTH_RADIUS
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    point = cosine * up[:, None] + sine * right[:, None]
    x, y, z = np.moveaxis(point, -1, 0)
    east = np.rad2deg(np.arctan2(y, x))
    east = (east - east[0, 0] + longitude + 180) % 360 - 180
    across = incidence_angle(samples)[sample]
    drift = 0.03 * line[:, None] / (lines - 1)
    return TiePoints(
        line,
        sample,
        np.rad2deg(np.arcsin(z / np.linalg.norm(point, axis=-1))),
        east,
        across + drift,
    )
