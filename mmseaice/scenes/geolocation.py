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
from scipy.spatial import cKDTree

#: Semi-axes of the WGS84 ellipsoid in metres.
SEMI_MAJOR, SEMI_MINOR = 6378137.0, 6356752.314245179

_E2 = 1 - (SEMI_MINOR / SEMI_MAJOR) ** 2
_SECOND_E2 = (SEMI_MAJOR / SEMI_MINOR) ** 2 - 1

# Newton's method: pixels of the last step, and steps at most. Four to six
# steps are usual.
_TOLERANCE = 1e-6
_MAX_STEPS = 20


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
        self._ties = np.asarray(y_tie, float), np.asarray(x_tie, float)
        self._bounds = tuple((axis[0], axis[-1]) for axis in self._ties)
        self._points = np.stack(geodetic_to_ecef(latitude, longitude))
        degrees = {'kx': min(3, shape[0] - 1), 'ky': min(3, shape[1] - 1)}
        self._splines = [
            RectBivariateSpline(y_tie, x_tie, part, s=0, **degrees)
            for part in self._points
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
        return ecef_to_geodetic(*self._surface(y, x, grid=False))

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
        return ecef_to_geodetic(*self._surface(y, x, grid=True))

    def locate(
        self,
        latitude: np.ndarray | float,
        longitude: np.ndarray | float,
        margin: float = 0.5,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lines and samples of points on Earth, the inverse of :meth:`at`.

        Newton's method in the plane that touches the ellipsoid at the point,
        from the nearest tie point. There are no degrees in it, so 180
        degrees and the pole are places like others.

        Args:
            latitude: Degrees, any shape.
            longitude: Degrees, broadcast against ``latitude``.
            margin: How far beyond the tie points, in pixels, still counts
                as within the scene. The outermost tie points lie within the
                outermost pixels, so half a pixel reaches their edges.

        Returns:
            Edge-based lines and samples, float64, of the common shape; NaN
            outside the scene and where a coordinate is not finite.
        """
        latitude, longitude = np.broadcast_arrays(
            np.asarray(latitude, float), np.asarray(longitude, float)
        )
        y, x = (np.full(latitude.shape, np.nan) for _ in range(2))
        with np.errstate(invalid='ignore'):  # projections say inf for nowhere
            target = np.stack(geodetic_to_ecef(latitude, longitude))
        start = self._nearest_ties(target, margin)
        near = start >= 0
        if near.any():
            start = np.unravel_index(start[near], self._points.shape[1:])
            y[near], x[near] = self._solve(
                target[:, near],
                _touching_plane(latitude[near], longitude[near]),
                *(axis[i] for axis, i in zip(self._ties, start, strict=True)),
            )
        # Points on the very edge of a pixel belong to it.
        slack = margin + _TOLERANCE
        (top, bottom), (left, right) = self._bounds
        inside = (y >= top - slack) & (y <= bottom + slack)
        inside &= (x >= left - slack) & (x <= right + slack)
        return np.where(inside, y, np.nan), np.where(inside, x, np.nan)

    def _nearest_ties(self, target: np.ndarray, margin: float) -> np.ndarray:
        """Flat index of the tie point nearest to each point.

        Args:
            target: Earth-centred coordinates in metres, shape (3, ...).
            margin: As in :meth:`locate`.

        Returns:
            Index, shape (...); -1 where the point is too far to be within
            the margin. That keeps Newton's method off the antipode, too.
        """
        steps, pixels = [], []
        for axis, ties in enumerate(self._ties):
            along = np.diff(self._points, axis=1 + axis)
            lengths = np.linalg.norm(along, axis=0)
            across = np.expand_dims(np.diff(ties), 1 - axis)
            steps.append(lengths.max())
            pixels.append((lengths / across).max())
        reach = np.hypot(*steps) + 2 * margin * np.hypot(*pixels)
        points = np.moveaxis(target, 0, -1)
        known = np.isfinite(points).all(axis=-1)
        tree = cKDTree(self._points.reshape(3, -1).T)
        distance, index = tree.query(np.where(known[..., None], points, 0))
        return np.where(known & (distance <= reach), index, -1)

    def _solve(
        self,
        target: np.ndarray,
        plane: tuple[np.ndarray, np.ndarray],
        y: np.ndarray,
        x: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lines and samples of points, NaN where they are not found.

        Args:
            target: Earth-centred coordinates in metres, shape (3, n).
            plane: Unit vectors to the east and north, each (3, n).
            y: First guess, shape (n,).
            x: The same of samples.
        """
        for _ in range(_MAX_STEPS):
            miss = target - self._surface(y, x, grid=False)
            down, right = self._slopes(y, x)
            (a, b), (c, d), (e, f) = (
                [(vector * unit).sum(axis=0) for unit in plane]
                for vector in (down, right, miss)
            )
            det = a * d - b * c
            step_y, step_x = (e * d - f * c) / det, (a * f - b * e) / det
            y, x = y + step_y, x + step_x
            missed = ~(np.hypot(step_y, step_x) < _TOLERANCE)
            if not missed.any():
                break
        return np.where(missed, np.nan, y), np.where(missed, np.nan, x)

    def _surface(self, y: np.ndarray, x: np.ndarray, grid: bool) -> np.ndarray:
        """Earth-centred coordinates in metres, shape (3, ...)."""
        inside_y, inside_x = self._clip(y, x)
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
        return np.stack(parts)

    def _slopes(
        self, y: np.ndarray, x: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Metres per line and per sample at single points, each (3, n)."""
        inside = self._clip(y, x)
        down = [s(*inside, dx=1, grid=False) for s in self._splines]
        right = [s(*inside, dy=1, grid=False) for s in self._splines]
        return np.stack(down), np.stack(right)

    def _clip(
        self, y: np.ndarray, x: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return np.clip(y, *self._bounds[0]), np.clip(x, *self._bounds[1])


def _touching_plane(
    latitude: np.ndarray, longitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the east and to the north, each (3, n)."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)])
    ahead = np.stack([np.cos(lam), np.sin(lam), np.zeros_like(lam)])
    north = -np.sin(phi) * ahead
    north[2] = np.cos(phi)
    return east, north
