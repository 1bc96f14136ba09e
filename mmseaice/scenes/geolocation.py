"""Latitude and longitude of any pixel from a scene's tie points.

Tie points are interpolated in Earth-centred coordinates. In degrees they
may not be: straight lines in degrees err by 50 m at 80 N and by 150 m at
86.5 N on the 20 km grid of Sentinel-1, jump at 180 degrees and mean nothing
at the pole.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.interpolate import RectBivariateSpline

#: Semi-axes of the WGS84 ellipsoid in metres.
SEMI_MAJOR, SEMI_MINOR = 6378137.0, 6356752.314245179

_E2 = 1 - (SEMI_MINOR / SEMI_MAJOR) ** 2
_SECOND_E2 = (SEMI_MAJOR / SEMI_MINOR) ** 2 - 1


def geodetic_to_ecef(
    latitude: np.ndarray, longitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Earth-centred coordinates in metres of points on the ellipsoid.

    Args:
        latitude: Geodetic latitude in degrees, any shape.
        longitude: Longitude in degrees, same shape.
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    normal = SEMI_MAJOR / np.sqrt(1 - _E2 * np.sin(phi) ** 2)
    across = normal * np.cos(phi)
    return (
        across * np.cos(lam),
        across * np.sin(lam),
        normal * (1 - _E2) * np.sin(phi),
    )


def ecef_to_geodetic(
    x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude in degrees of points near the surface.

    Bowring's formula (1976), exact to far below a millimetre there.

    Args:
        x: Earth-centred coordinate in metres, any shape.
        y: The second one.
        z: The third one, towards the north pole.
    """
    across = np.hypot(x, y)
    theta = np.arctan2(z * SEMI_MAJOR, across * SEMI_MINOR)
    phi = np.arctan2(
        z + _SECOND_E2 * SEMI_MINOR * np.sin(theta) ** 3,
        across - _E2 * SEMI_MAJOR * np.cos(theta) ** 3,
    )
    return np.degrees(phi), np.degrees(np.arctan2(y, x))


class Geolocation:
    """Where the pixels of one scene are on Earth.

    Earth-centred coordinates are cubic splines of line and sample, and go on
    as straight lines outside the tie points.

    Args:
        latitude: Tie points in degrees, shape (n, m), at least 3 by 3.
        longitude: Tie points in degrees, same shape.
        y_tie: Lines of the tie points, ascending, shape (n,), in edge-based
            pixel coordinates: pixel ``i`` spans ``[i, i + 1)``.
        x_tie: Samples of the tie points, ascending, shape (m,).
    """

    def __init__(
        self,
        latitude: np.ndarray,
        longitude: np.ndarray,
        y_tie: np.ndarray,
        x_tie: np.ndarray,
    ) -> None:
        shape = np.shape(latitude)
        if shape != (len(y_tie), len(x_tie)) or min(shape) < 3:
            raise ValueError(
                'latitude must have the shape of the tie grid, at least '
                f'(3, 3), but got {shape} for {len(y_tie)} lines and '
                f'{len(x_tie)} samples.'
            )
        if not np.isfinite([latitude, longitude]).all():
            raise ValueError('tie points must be finite, but got NaN.')
        self._bounds = (y_tie[0], y_tie[-1]), (x_tie[0], x_tie[-1])
        degrees = {'kx': min(3, shape[0] - 1), 'ky': min(3, shape[1] - 1)}
        self._splines = [
            RectBivariateSpline(y_tie, x_tie, part, s=0, **degrees)
            for part in geodetic_to_ecef(latitude, longitude)
        ]

    @classmethod
    def from_scene(cls, scene: xr.Dataset) -> Geolocation:
        """Take the tie points of a canonical scene, at any spacing."""
        names = ('latitude', 'longitude', 'y_tie', 'x_tie')
        return cls(*(scene[name].values for name in names))

    def at(
        self, y: np.ndarray | float, x: np.ndarray | float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of single points.

        Args:
            y: Lines, edge-based: the centre of pixel ``i`` is ``i + 0.5``.
            x: Samples, broadcast against ``y``.

        Returns:
            Latitude and longitude in degrees, the latter within
            [-180, 180], of the common shape of ``y`` and ``x``.
        """
        y, x = np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float))
        return self._geodetic(y, x, grid=False)

    def grid(
        self, y: np.ndarray, x: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude at all crossings of lines and samples.

        Args:
            y: Lines, ascending, shape (h,).
            x: Samples, ascending, shape (w,).

        Returns:
            Latitude and longitude in degrees, shape (h, w).
        """
        y, x = np.asarray(y, float), np.asarray(x, float)
        return self._geodetic(y, x, grid=True)

    def _geodetic(
        self, y: np.ndarray, x: np.ndarray, grid: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        inside_y = np.clip(y, *self._bounds[0])
        inside_x = np.clip(x, *self._bounds[1])
        beyond_y, beyond_x = y - inside_y, x - inside_x
        if grid:
            beyond_y = beyond_y[:, None]
        parts = []
        for spline in self._splines:
            part = spline(inside_y, inside_x, grid=grid)
            if beyond_y.any():
                slope = spline(inside_y, inside_x, dx=1, grid=grid)
                part = part + beyond_y * slope
            if beyond_x.any():
                slope = spline(inside_y, inside_x, dy=1, grid=grid)
                part = part + beyond_x * slope
            parts.append(part)
        return ecef_to_geodetic(*parts)
