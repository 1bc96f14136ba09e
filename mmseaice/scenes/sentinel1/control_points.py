"""From ground control points, or a map grid, to a regular tie grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyproj import CRS, Transformer
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine

from ..geolocation import ecef_to_geodetic, geodetic_to_ecef

#: Tie points along an axis, as in the products of AI4Arctic.
_TIES = 21
#: Highest degree of the surface through control points.
_DEGREE = 4


@dataclass(frozen=True)
class TiePoints:
    """A regular tie grid, in edge-based pixel positions.

    Args:
        y: Lines, (21,).
        x: Samples, (21,).
        latitude: Degrees, (21, 21).
        longitude: Degrees, (21, 21).
        residual: Distance (m) between the control points and the surface
            through them, root mean square; 0 for a map grid.
    """

    y: np.ndarray
    x: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    residual: float = 0.0

    @property
    def spacing(self) -> tuple[float, float]:
        """Mean metres from line to line and from sample to sample."""
        points = np.stack(geodetic_to_ecef(self.latitude, self.longitude), -1)
        return tuple(
            float(np.linalg.norm(np.diff(points, axis=axis), axis=-1).mean())
            / (ties[1] - ties[0])
            for axis, ties in enumerate((self.y, self.x))
        )


def _positions(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    y, x = (np.linspace(0, size, _TIES) for size in shape)
    return y, x


def _terms(y: np.ndarray, x: np.ndarray, degree: int) -> np.ndarray:
    """Monomials up to a degree, last axis; ``y`` and ``x`` about -1..1."""
    powers = [(i, k - i) for k in range(degree + 1) for i in range(k + 1)]
    return np.stack([y**i * x**j for i, j in powers], -1)


def _check_points(table: np.ndarray) -> None:
    """Refuse control points that say nothing, and say why.

    Args:
        table: Line, sample and two coordinates of each point, (n, 4).

    Raises:
        ValueError: If one is not finite, or all are the same.
    """
    known = np.isfinite(table).all(axis=1)
    if not known.all():
        raise ValueError(
            f'points must be finite, but control point {known.argmin() + 1} '
            f'of {len(table)} is NaN or infinite.'
        )
    for what, columns in (('pixel', table[:, :2]), ('place', table[:, 2:])):
        if len(table) > 1 and len(np.unique(columns, axis=0)) == 1:
            raise ValueError(
                f'points must differ, but all {len(table)} control points '
                f'have the same {what}.'
            )


def fit_ties(
    points: list[GroundControlPoint], crs: CRS, shape: tuple[int, int]
) -> TiePoints:
    """Lay a smooth surface through scattered control points.

    A polynomial of line and sample for each Earth-centred coordinate, of the
    highest degree up to 4 that has a coefficient for at most half of the
    points. Degrees would break at 180 degrees and mean nothing at the pole.

    Args:
        points: At least 4, not on one line.
        crs: Coordinate system of the points.
        shape: Lines and samples of the image.

    Raises:
        ValueError: If the points are too few, NaN, in one place or on one
            line.
    """
    table = np.array([(p.row, p.col, p.x, p.y) for p in points], float)
    table = table.reshape(-1, 4)
    _check_points(table)
    degree = 0
    while degree < _DEGREE:
        needed = (degree + 2) * (degree + 3) // 2
        if len(table) < (2 * needed if degree else 4):
            break
        degree += 1
    size = np.array(shape)
    row, column = (2 * table[:, :2] / size - 1).T
    terms = _terms(row, column, degree)
    if not degree or np.linalg.matrix_rank(terms) < terms.shape[1]:
        raise ValueError(
            'points must be at least 4 and spread over the image, but got '
            f'{len(table)}.'
        )
    to_degrees = Transformer.from_crs(crs, 'EPSG:4326', always_xy=True)
    longitude, latitude = to_degrees.transform(table[:, 2], table[:, 3])
    ground = np.stack(geodetic_to_ecef(latitude, longitude), -1)
    weights = np.linalg.lstsq(terms, ground)[0]
    off = np.linalg.norm(terms @ weights - ground, axis=-1)
    y, x = _positions(shape)
    grid = np.meshgrid(2 * y / size[0] - 1, 2 * x / size[1] - 1, indexing='ij')
    surface = np.moveaxis(_terms(*grid, degree) @ weights, -1, 0)
    residual = float(np.sqrt(np.square(off).mean()))
    return TiePoints(y, x, *ecef_to_geodetic(*surface), residual)


def apply(
    transform: Affine, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates after an affine transform.

    Spelled out, since affine 3 has another operator for it than affine 2.
    """
    a, b, c, d, e, f = transform[:6]
    return a * x + b * y + c, d * x + e * y + f


def map_ties(transform: Affine, crs: CRS, shape: tuple[int, int]) -> TiePoints:
    """Tie points of an image on a map grid.

    Args:
        transform: From columns and rows to the coordinates of the map.
        crs: Coordinate system of the map.
        shape: Lines and samples of the image.
    """
    y, x = _positions(shape)
    row, column = np.meshgrid(y, x, indexing='ij')
    to_degrees = Transformer.from_crs(crs, 'EPSG:4326', always_xy=True)
    place = apply(transform, column.ravel(), row.ravel())
    longitude, latitude = to_degrees.transform(*place)
    ties = (np.reshape(v, row.shape) for v in (latitude, longitude))
    return TiePoints(y, x, *ties)
