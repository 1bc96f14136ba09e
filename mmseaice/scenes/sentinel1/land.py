"""Where land is in a scene, from polygons or a raster of land.

Polygons are brought into the geometry of the scene vertex by vertex, and
drawn there. On the way they are cut to the scene in an equal-area
projection around its centre, which knows neither 180 degrees nor a pole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.windows import Window
from tqdm import tqdm

from ...errors import SceneFileError
from ..geolocation import Geolocation
from .control_points import apply

#: From lines and samples in the coordinates of a scene's geolocation, evenly
#: spaced, to whether there is land, bool (h, w).
Land = Callable[[np.ndarray, np.ndarray], np.ndarray]

_LINES = 512
_DEGREES = 'EPSG:4326'
#: Suffixes of text, where anything may stand for a coordinate.
_TEXTS = ('.geojson', '.json')
_RASTERS = ('.tif', '.tiff', '.vrt', '.img')

#: A box without which GDAL passes over malformed features, in silence.
_ANYWHERE = (-1e30, -1e30, 1e30, 1e30)

#: Pixels around the scene within which polygons are kept.
_MARGIN = 20
#: Longest edge of a polygon, in degrees and in metres.
_LONGEST = (0.05, 5000.0)

#: What pyogrio, shapely and pyproj raise on polygons they cannot read.
_UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    shapely.errors.GEOSException,
    ProjError,
    ValueError,
    OSError,
)


def _unreadable(path: Path, error: Exception) -> SceneFileError:
    return SceneFileError(
        path,
        'polygons or a raster of land with a coordinate system',
        f'what cannot be read as such ({str(error).splitlines()[0]})',
        'Give a GeoPackage, Shapefile, GeoJSON or GeoTIFF.',
    )


class PolygonLand:
    """Land from a file of polygons, see :func:`open_land`."""

    def __init__(
        self, path: Path, geolocation: Geolocation, shape: tuple[int, int]
    ) -> None:
        self.path = path
        self._geolocation = geolocation
        latitude, longitude = self._outline(shape)
        middle = geolocation.at(shape[0] / 2, shape[1] / 2)
        self._local = CRS.from_dict(
            {'proj': 'laea', 'lat_0': middle[0], 'lon_0': middle[1]}
        )
        to_local = Transformer.from_crs(_DEGREES, self._local, always_xy=True)
        corners = to_local.transform(longitude, latitude)
        scene = shapely.make_valid(shapely.Polygon(np.stack(corners, -1)))
        pole = to_local.transform(0, 90 if middle[0] > 0 else -90)
        has_pole = bool(scene.contains(shapely.Point(pole)))
        polygons = self._read(latitude, longitude, has_pole)
        polygons = shapely.intersection(shapely.make_valid(polygons), scene)
        polygons = shapely.segmentize(polygons, _LONGEST[1])
        polygons = shapely.get_parts(polygons)
        polygons = polygons[shapely.area(polygons) > 0]
        self._polygons = shapely.transform(polygons, self._to_image)
        self._bounds = shapely.bounds(self._polygons)

    def _outline(
        self, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude around the scene, a margin off."""
        y, x = (np.linspace(-_MARGIN, n + _MARGIN, 50) for n in shape)
        fixed = np.ones(50)
        down = (y[0] * fixed, y, y[-1] * fixed, y[::-1])
        right = (x, x[-1] * fixed, x[::-1], x[0] * fixed)
        return self._geolocation.at(
            np.concatenate(down), np.concatenate(right)
        )

    def _read(
        self, latitude: np.ndarray, longitude: np.ndarray, has_pole: bool
    ) -> np.ndarray:
        """Polygons near the outline, in metres around the scene."""
        try:
            crs = CRS.from_user_input(pyogrio.read_info(self.path)['crs'])
            to_local = Transformer.from_crs(crs, self._local, always_xy=True)
            box = None
            if crs.is_geographic:
                box = _box(latitude, longitude, has_pole)
            text = self.path.suffix.lower() in _TEXTS
            about = dict(columns=[], bbox=_ANYWHERE if text else box)
            found = pyogrio.raw.read(self.path, **about)[2]
            with np.errstate(invalid='ignore'):
                polygons = shapely.from_wkb(found)
        except _UNREADABLE as error:
            raise _unreadable(self.path, error) from error
        self._check_places(shapely.get_coordinates(polygons), crs)
        if box is not None:
            west, south, east, north = shapely.bounds(polygons).T
            near = (west <= box[2]) & (east >= box[0])
            near &= (south <= box[3]) & (north >= box[1])
            polygons = shapely.make_valid(polygons[near])
            polygons = shapely.clip_by_rect(polygons, *box)
            polygons = shapely.segmentize(polygons, _LONGEST[0])
        polygons = shapely.transform(
            polygons, to_local.transform, interleaved=False
        )
        if not np.isfinite(shapely.get_coordinates(polygons)).all():
            raise SceneFileError(
                self.path,
                'polygons of half the globe around the scene at most',
                'some on its other side',
                'Cut the file to the region of the scene.',
            )
        return polygons

    def _check_places(self, points: np.ndarray, crs: CRS) -> None:
        """Refuse coordinates, (n, 2), that are no place on Earth."""
        limits = (360.0, 90.0) if crs.is_geographic else (np.inf, np.inf)
        off = ~(np.abs(points) <= np.array(limits) + 1e-6)
        off |= ~np.isfinite(points)
        if off.any():
            x, y = points[off.any(axis=1)][0]
            raise SceneFileError(
                self.path,
                f'coordinates of {crs.name}',
                f'a point at x {x:g}, y {y:g}',
                'Repair the polygons, or say which coordinate system they '
                'are in.',
            )

    def _to_image(self, points: np.ndarray) -> np.ndarray:
        """From metres around the scene, (n, 2), to samples and lines."""
        back = Transformer.from_crs(self._local, _DEGREES, always_xy=True)
        longitude, latitude = back.transform(*points.T)
        y, x = self._geolocation.locate(latitude, longitude, 2 * _MARGIN)
        assert np.isfinite(y).all(), 'a point of the scene was not found'
        return np.stack([x, y], -1)

    def __call__(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Whether pixel centres are on land, bool (len(y), len(x))."""
        shape = (len(y), len(x))
        step, width = (
            (values[-1] - values[0]) / max(len(values) - 1, 1) or 1.0
            for values in (y, x)
        )
        left, top = x[0] - width / 2, y[0] - step / 2
        right, bottom = left + width * shape[1], top + step * shape[0]
        low, high = self._bounds[:, 1], self._bounds[:, 3]
        near = self._polygons[(high > top) & (low < bottom)]
        # A margin, so that cutting draws no line through the block.
        box = (left - width, top - step, right + width, bottom + step)
        parts = shapely.clip_by_rect(near, *box)
        parts = parts[~shapely.is_empty(parts)]
        if not len(parts):
            return np.zeros(shape, bool)
        place = Affine(width, 0, left, 0, step, top)
        return rasterize(parts, shape, transform=place, dtype='uint8') > 0


def _box(
    latitude: np.ndarray, longitude: np.ndarray, has_pole: bool
) -> tuple[float, float, float, float]:
    """West, south, east and north of a scene, in degrees.

    All longitudes for a scene that spans 180 degrees or has a pole in it.
    """
    west, east = longitude.min(), longitude.max()
    if has_pole or east - west > 180:
        west, east = -180.0, 180.0
    south, north = latitude.min(), latitude.max()
    if has_pole:
        south, north = (south, 90.0) if north > 0 else (-90.0, north)
    # The scene bulges between the points of its outline.
    return west - 0.1, south - 0.1, east + 0.1, north + 0.1


class RasterLand:
    """Land from a raster, neither 0 nor NaN is land, see :func:`open_land`."""

    def __init__(
        self, path: Path, geolocation: Geolocation, shape: tuple[int, int]
    ) -> None:
        self.path = path
        self._geolocation = geolocation
        try:
            with rasterio.open(path) as file:
                self._place = ~file.transform
                self._shape = file.shape
                crs = CRS.from_user_input(file.crs)
            self._from_degrees = Transformer.from_crs(
                _DEGREES, crs, always_xy=True
            )
        except (RasterioError, ProjError, OSError) as error:
            raise _unreadable(path, error) from error
        y, x = (np.linspace(0, n, 20) for n in shape)
        if not self._find(y, x)[2].any():
            raise SceneFileError(
                path,
                'a raster of land that covers the scene',
                'one of another region',
                'Give the raster of the region of the scene.',
            )

    def _find(
        self, y: np.ndarray, x: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows and columns of the raster, and where they exist, (h, w)."""
        latitude, longitude = self._geolocation.grid(y, x)
        place = self._from_degrees.transform(longitude, latitude)
        columns, rows = apply(self._place, *place)
        with np.errstate(invalid='ignore'):
            inside = (rows >= 0) & (rows < self._shape[0])
            inside &= (columns >= 0) & (columns < self._shape[1])
        return rows, columns, inside

    def __call__(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Whether pixel centres are on land, bool (len(y), len(x))."""
        rows, columns, inside = self._find(np.asarray(y), np.asarray(x))
        land = np.zeros(inside.shape, bool)
        if not inside.any():
            return land
        rows, columns = (v[inside].astype(int) for v in (rows, columns))
        top, left = rows.min(), columns.min()
        window = Window(
            left, top, columns.max() - left + 1, rows.max() - top + 1
        )
        try:
            with rasterio.open(self.path) as file:
                values = file.read(1, window=window, masked=True).filled(0)
        except (RasterioError, OSError) as error:
            raise _unreadable(self.path, error) from error
        values = values[rows - top, columns - left]
        land[inside] = (values != 0) & ~np.isnan(values)
        return land


def open_land(
    path: str | Path, geolocation: Geolocation, shape: tuple[int, int]
) -> Land:
    """Open a file that says where land is, for a scene.

    Args:
        path: Polygons of land in a GeoPackage, Shapefile or GeoJSON, or a
            raster in which every value but 0, NaN and no data is land.
        geolocation: Where the pixels of the scene are.
        shape: Lines and samples of the scene.

    Returns:
        A function of pixel centres. A pixel is land where its centre is in
        a polygon, or in a pixel of land of the raster; no land is outside
        the raster.

    Raises:
        SceneFileError: If the file cannot be read, has no coordinate system,
            or does not reach the scene.
    """
    path = Path(path)
    if not path.exists():
        raise SceneFileError(
            path, 'a file of land', 'nothing there', 'Check the path.'
        )
    raster = path.suffix.lower() in _RASTERS
    kind = RasterLand if raster else PolygonLand
    return kind(path, geolocation, shape)


def land_mask(
    path: str | Path,
    geolocation: Geolocation,
    shape: tuple[int, int],
    *,
    progress: bool = False,
) -> np.ndarray:
    """Draw the land of a whole scene, see :func:`open_land`.

    Returns:
        True on land, shape ``shape``.
    """
    land = open_land(path, geolocation, shape)
    out = np.empty(shape, bool)
    x = np.arange(shape[1]) + 0.5
    starts = range(0, shape[0], _LINES)
    for start in tqdm(starts, 'land', disable=not progress):
        stop = min(start + _LINES, shape[0])
        out[start:stop] = land(np.arange(start, stop) + 0.5, x)
    return out
