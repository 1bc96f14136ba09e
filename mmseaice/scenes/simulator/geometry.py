"""Where a scene lies: swath, orbit and tie points.

A scene's lines follow a great circle, tilted like the orbit where the scene
starts: ascending, right-looking, 40 m pixels on the ground. The turning of
the Earth within the minute of a scene is left out. Angles at the Earth's
centre become geodetic latitudes on WGS84.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PIXEL = 40.0
LINES_PER_SECOND = 166.7
#: Incidence angle (degrees) at the near and the far edge of the EW swath.
NEAR_INCIDENCE, FAR_INCIDENCE = 19.1, 46.7

#: Distance of WGS84 from the Earth's centre between 50 and 80 degrees north,
#: to within 0.1 %.
_EARTH_RADIUS = 6_362_000.0
_ORBIT_RADIUS = 7_071_000.0
_INCLINATION = np.deg2rad(98.18)
_SQUARED_ECCENTRICITY = 0.00669438
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


def _ground_track(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, 3) to the satellite and along its motion.

    Args:
        turn: Angle since the ascending node in radians, (n,).
    """
    position, ahead = (
        np.stack(
            [
                np.cos(angle),
                np.sin(angle) * np.cos(_INCLINATION),
                np.sin(angle) * np.sin(_INCLINATION),
            ],
            -1,
        )
        for angle in (turn, turn + np.pi / 2)
    )
    return position, ahead


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
    angle = _ground_angle(NEAR_INCIDENCE) + sample * PIXEL / _EARTH_RADIUS
    # Lines draw together across the swath: they are 40 m apart half-way.
    middle = _EARTH_RADIUS * np.cos((angle[0] + angle[-1]) / 2)
    start = np.arcsin(np.sin(np.deg2rad(latitude)) / np.sin(_INCLINATION))
    up, ahead = _ground_track(start + line * PIXEL / middle)
    right = np.cross(ahead, up)
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    point = cosine * up[:, None] + sine * right[:, None]
    x, y, z = np.moveaxis(point, -1, 0)
    east = np.rad2deg(np.arctan2(y, x))
    east = (east - east[0, 0] + longitude + 180) % 360 - 180
    # From the angle at the Earth's centre to that of the plumb line.
    north = np.arctan2(z, (1 - _SQUARED_ECCENTRICITY) * np.hypot(x, y))
    across = incidence_angle(samples)[sample]
    drift = 0.03 * line[:, None] / (lines - 1)
    return TiePoints(
        line,
        sample,
        np.rad2deg(north),
        east,
        across + drift,
    )
