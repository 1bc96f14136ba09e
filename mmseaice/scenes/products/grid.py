"""The projected grid of a product, and which pixel of a scene each cell sees.

Grids of one projection and spacing share their cells, whatever scene they
cover: edges lie on multiples of the spacing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError
from rasterio.transform import Affine

from ..geolocation import Geolocation

#: Rows that products read and write at a time.
BLOCK_ROWS = 256

# Positions are worked out exactly every so many metres and linearly in
# between, which moves none by a thousandth of a pixel of 80 m.
_NODE_DISTANCE = 1280
# The border of a scene is looked at in as many places along each side.
_BORDER_POINTS = 257


#: Cells of a map, in m, and how many it may have: a scene at 10 m.
_SPACINGS = (1.0, 100_000.0)
_MOST_CELLS = 4e9
#: How much longer or shorter a map may show what it shows.
_SCALE = 2.0


@dataclass(frozen=True)
class PolarGrid:
    """A north-up grid of square cells in a projection.

    Args:
        crs: The projection, in metres.
        left: Column of the left edge, in cells from the origin of the
            projection.
        top: Row of the upper edge, in cells *up* from the origin.
        shape: Rows and columns.
        spacing: Size of a cell in metres.
    """

    crs: CRS
    left: int
    top: int
    shape: tuple[int, int]
    spacing: float

    @classmethod
    def cover(
        cls,
        charted: xr.Dataset,
        crs: str | int | CRS = 'EPSG:3413',
        spacing: float = 80.0,
    ) -> PolarGrid:
        """The smallest grid that covers a scene.

        Args:
            charted: Scene with tie points and dimensions ``y`` and ``x``.
            crs: Anything that pyproj takes for a projection in metres.
            spacing: Size of a cell in metres.

        Raises:
            ValueError: If pyproj does not know the projection, it is not in
                metres, the scene is out of its reach, or the spacing is
                not positive.
        """
        crs = projection(crs)
        check_spacing(spacing)
        sizes = charted.sizes['y'], charted.sizes['x']
        # Inside, too: a pole in a scene is not on its border.
        y, x = (np.linspace(0, size, _BORDER_POINTS) for size in sizes)
        latitude, longitude = Geolocation.from_scene(charted).grid(y, x)
        east, north = _from_geodetic(crs).transform(longitude, latitude)
        if _is_torn(east) or _is_torn(north):
            raise ValueError(
                'crs must hold all of the scene in one piece, but got '
                f'{crs.to_string()} for a scene at {latitude[0, 0]:.1f} N '
                f'{longitude[0, 0]:.1f} E. Take a polar projection.'
            )
        middle = tuple(n // 2 for n in latitude.shape)
        _check_scale(crs, longitude[middle], latitude[middle])
        bounds = east.min(), north.min(), east.max(), north.max()
        return cls.from_bounds(bounds, crs, spacing)

    @classmethod
    def from_bounds(
        cls,
        bounds: tuple[float, float, float, float],
        crs: str | int | CRS = 'EPSG:3413',
        spacing: float = 80.0,
    ) -> PolarGrid:
        """The smallest grid that covers a rectangle.

        Args:
            bounds: Left, bottom, right and top in metres of the projection.
            crs: Anything that pyproj takes for a projection in metres.
            spacing: Size of a cell in metres.

        Raises:
            ValueError: As :meth:`cover`, or if the rectangle is empty.
        """
        check_spacing(spacing)
        west, south, east, north = bounds
        if not (west < east and south < north):
            raise ValueError(
                'bounds must be left < right and bottom < top, in that order '
                f'(left, bottom, right, top), but got {tuple(bounds)}.'
            )
        left, bottom = (int(np.floor(v / spacing)) for v in (west, south))
        right, top = (int(np.ceil(v / spacing)) for v in (east, north))
        shape = top - bottom, right - left
        if shape[0] * shape[1] > _MOST_CELLS:
            raise ValueError(
                f'spacing must leave a map of at most {_MOST_CELLS:.0e} '
                f'cells, but got {spacing} m, which makes {shape[0]} x '
                f'{shape[1]}.'
            )
        return cls(projection(crs), left, top, shape, float(spacing))

    @property
    def transform(self) -> Affine:
        """From column and row to metres, as rasterio has it."""
        west, north = self.left * self.spacing, self.top * self.spacing
        return Affine(self.spacing, 0, west, 0, -self.spacing, north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top in metres."""
        cells = (
            self.left,
            self.top - self.shape[0],
            self.left + self.shape[1],
            self.top,
        )
        return tuple(cell * self.spacing for cell in cells)

    def positions(
        self, charted: xr.Dataset, rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lines and samples of a scene under the centres of cells.

        Args:
            charted: Scene with tie points.
            rows: Rows of the grid, with a start and a stop.

        Returns:
            Edge-based lines and samples, float64, shape (rows, columns),
            NaN far outside the scene. They go on a little beyond its border.
        """
        step = max(1, int(_NODE_DISTANCE // self.spacing))
        # Nodes do not depend on the rows asked for, nor do the results.
        first, last = rows.start // step, -(-rows.stop // step)
        row_nodes = np.arange(first, last + 1) * step
        col_nodes = np.arange(-(-self.shape[1] // step) + 1) * step
        east = (self.left + col_nodes + 0.5) * self.spacing
        north = (self.top - row_nodes - 0.5) * self.spacing
        longitude, latitude = _to_geodetic(self.crs).transform(
            *np.meshgrid(east, north)
        )
        # Cells at the border lie between nodes of which some are outside.
        pixel = charted.attrs['pixel_spacing']
        nodes = Geolocation.from_scene(charted).locate(
            latitude, longitude, margin=3 * step * self.spacing / pixel
        )
        columns = np.arange(self.shape[1])
        between = np.arange(rows.start, rows.stop) - row_nodes[0]
        return tuple(
            _between(_between(values, between / step).T, columns / step).T
            for values in nodes
        )

    def sample_indices(
        self, charted: xr.Dataset, rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """The pixel that holds the centre of each cell.

        Args:
            charted: Scene with tie points and dimensions ``y`` and ``x``.
            rows: Rows of the grid, with a start and a stop.

        Returns:
            Lines and samples, int32, shape (rows, columns), both -1 where
            the cell is outside the scene.
        """
        y, x = self.positions(charted, rows)
        inside = (y >= 0) & (y < charted.sizes['y'])
        inside &= (x >= 0) & (x < charted.sizes['x'])
        return tuple(
            np.where(inside, values, -1).astype(np.int32) for values in (y, x)
        )


def check_spacing(spacing: float) -> None:
    """Refuse a cell that no map has.

    Raises:
        ValueError: If it is not from 1 m to 100 km.
    """
    low, high = _SPACINGS
    if not low <= spacing <= high:
        raise ValueError(
            f'spacing must be from {low:g} to {high:g} m, but got {spacing}.'
        )


def _check_scale(crs: CRS, longitude: float, latitude: float) -> None:
    """Refuse a projection in which a scene is far from its true size."""
    scale = Proj(crs).get_factors(longitude, latitude).areal_scale ** 0.5
    if not 1 / _SCALE < scale < _SCALE:
        better = 'EPSG:3976' if latitude < 0 else 'EPSG:3413'
        raise ValueError(
            f'crs must show the scene in about its size, but in '
            f'{crs.to_string()} a scene at {latitude:.1f} N '
            f'{longitude:.1f} E is {scale:.3g} times as long. Take {better}.'
        )


def projection(crs: str | int | CRS) -> CRS:
    """A projection in metres.

    Raises:
        ValueError: If pyproj does not know it or it is not in metres.
    """
    try:
        known = CRS.from_user_input(crs)
    except CRSError as error:
        raise ValueError(
            f'crs must be a projection that pyproj knows, but got {crs!r}. '
            "Try 'EPSG:3413', polar stereographic of the north."
        ) from error
    if not known.is_projected or known.axis_info[0].unit_name != 'metre':
        raise ValueError(
            f'crs must be a projection in metres, but got {crs!r} '
            f"({known.name}). Try 'EPSG:3413', polar stereographic of the "
            'north.'
        )
    return known


@lru_cache(maxsize=16)
def _to_geodetic(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs, 'EPSG:4326', always_xy=True)


@lru_cache(maxsize=16)
def _from_geodetic(crs: CRS) -> Transformer:
    return Transformer.from_crs('EPSG:4326', crs, always_xy=True)


def _is_torn(values: np.ndarray) -> bool:
    """Whether a coordinate on a fine grid is infinite or jumps."""
    if not np.isfinite(values).all():
        return True
    jump = max(np.abs(np.diff(values, axis=axis)).max() for axis in (0, 1))
    return bool(jump > 0.5 * np.ptp(values))


def _between(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of an array at fractional positions, shape (len(at), ...)."""
    low = at.astype(int)
    share = (at - low)[:, None]
    high = np.minimum(low + 1, len(values) - 1)
    return values[low] * (1 - share) + values[high] * share
