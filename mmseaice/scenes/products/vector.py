"""A charted scene as polygons with egg codes, and its ice edge as lines.

Polygons carry the fields of SIGRID-3 (JCOMM TR 23). Their borders run along
the edges of square cells in radar geometry; every corner of a cell is a
vertex, so neighbours share their borders to the last bit in any projection.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from contourpy import LineType, contour_generator
from pyproj import CRS, Geod, Transformer
from rasterio.features import shapes

from ...charts.regions import Regions, make_regions
from ...charts.risk import LEVELS, rio_of_codes, risk_level, risk_values
from ...charts.sigrid import count_types, region_codes
from ...errors import PredictionError
from ..geolocation import Geolocation
from .grid import projection
from .netcdf import NOT_FOR_NAVIGATION
from .vector_file import DRIVERS, write_layers

#: Concentrations in percent that bound the marginal ice zone; the first is
#: the ice edge.
MARGINAL_ZONE = (15, 80)

_WGS84 = 'EPSG:4326'
#: Half of the angle that is cut out at 180 degrees: 1 mm at 80 N.
_WEDGE = 1e-9
#: Columns that say where a feature comes from, by attribute of the scene.
#: Ten characters are all that a shapefile has room for.
_ORIGIN = {
    'SCENE': 'scene_id',
    'TIME': 'acquisition_time',
    'MODEL': 'model',
    'WEIGHTS': 'checkpoint_sha256',
    'SOFTWARE': 'software',
}


def write_vector(
    charted: xr.Dataset,
    path: str | os.PathLike,
    *,
    smallest: float = 25.0,
    crs: str | int | CRS = 'EPSG:3413',
    cell: float = 400.0,
    smooth: float = 800.0,
    simplify: float = 0.0,
    ship_class: str | None = None,
    progress: bool = False,
) -> list[Path]:
    """Write a charted scene as vectors.

    Three layers: ``polygons``, all of the scene, with SIGRID-3 fields, the
    mean concentration ``SIC`` in tenths, and ``AREA`` (m2) and ``PERIMETER``
    (m) on the ellipsoid; ``ice_edge``, where the smoothed concentration is
    15 %; and ``marginal_zone``, where it is 15 % or 80 %, in the field
    ``PERCENT``. Lines end at land and gaps, and closed ones around less than
    the smallest area are left out. Every feature names its scene and model.

    Args:
        charted: Scene with SIC, ``status`` and tie points. Without SOD the
            types of ice stay empty, without FLOE the forms.
        path: File to write. '.gpkg' holds all layers, '.shp' and '.geojson'
            the polygons, with the other layers in files beside it.
            GeoJSON is in degrees, cut at 180 degrees, after RFC 7946.
        smallest: Smallest ice or water polygon in km2.
        crs: Projection in metres. A GeoJSON is only simplified in it.
        cell: Side of a cell in metres.
        smooth: Standard deviation of the smoothing in metres.
        simplify: Tolerance in metres; neighbours keep a common border. 0
            keeps all vertices.
        ship_class: Adds the fields ``RIO`` and ``RISK`` after POLARIS for
            ships of this ice class, in winter.
        progress: Whether to show progress bars.

    Returns:
        The files to open, the polygons first.

    Raises:
        PredictionError: If the scene lacks SIC or ``status``.
        ValueError: If the suffix, the projection or an option is unknown,
            or the scene does not hold together in the projection.
        OSError: If a file cannot be written.
    """
    path = Path(path)
    if path.suffix not in DRIVERS:
        raise ValueError(
            f'path must end in {", ".join(DRIVERS)}, but got {path.name}.'
        )
    missing = sorted({'SIC', 'status'} - set(charted.data_vars))
    if missing:
        raise PredictionError(
            charted.attrs.get('scene_id', 'charted scene'),
            'SIC and status, which polygons need',
            f'a scene without {" and ".join(missing)}',
            'Take a model that charts SIC.',
        )
    crs = projection(crs)
    if ship_class is not None:
        risk_values(ship_class)
    regions = make_regions(
        charted['SIC'].values,
        charted['status'].values,
        spacing=charted.attrs['pixel_spacing'],
        cell=cell,
        smooth=smooth,
        smallest=smallest,
        progress=progress,
    )
    table = region_table(charted, regions, ship_class, progress)
    lines = contour_lines(charted, regions, crs, smallest)
    layers = {
        'polygons': _place(charted, regions, table, crs, simplify),
        'ice_edge': lines[lines['PERCENT'] == MARGINAL_ZONE[0]],
        'marginal_zone': lines,
    }
    origin = {
        column: str(charted.attrs.get(name, ''))
        for column, name in _ORIGIN.items()
    }
    for name, layer in layers.items():
        layers[name] = layer.assign(**origin, NOTE=NOT_FOR_NAVIGATION)
        if path.suffix == '.geojson':
            layers[name] = _to_degrees(layers[name], 2 * cell)
    return write_layers(layers, path)


def region_table(
    charted: xr.Dataset,
    regions: Regions,
    ship_class: str | None = None,
    progress: bool = False,
) -> dict[str, list]:
    """The fields of each region, by column.

    Args:
        charted: Scene with SIC.
        regions: Its regions.
        ship_class: Adds ``RIO`` and ``RISK`` of such a ship, from the egg
            code; empty where the code does not tell the types of ice.
        progress: Whether to show a progress bar.

    Returns:
        ``poly_id``, the SIGRID-3 fields as two-digit text, ``SIC`` in
        tenths, NaN on land and without data.
    """
    layers = (
        charted[name].values if name in charted else None
        for name in ('SIC', 'SOD', 'FLOE')
    )
    codes = region_codes(regions, count_types(regions, *layers, progress))
    table: dict[str, list] = {'poly_id': list(codes)}
    for column in codes[1]:
        table[column] = [fields[column] for fields in codes.values()]
    table['SIC'] = np.round(regions.concentration, 2).tolist()
    if ship_class is not None:
        rio = rio_of_codes(codes, risk_values(ship_class))
        table['RIO'] = rio.tolist()
        table['RISK'] = [
            LEVELS[level] if level < len(LEVELS) else None
            for level in risk_level(rio, ship_class)
        ]
    return table


def trace_regions(regions: Regions) -> np.ndarray:
    """Outline every region along the edges of cells.

    Returns:
        One shapely polygon for each region, in its order, as (sample, line)
        in edge-based pixels, with a vertex at every corner of a cell.
    """
    outlines = np.empty(len(regions.kinds), object)
    for shape, label in shapes(regions.labels, connectivity=4):
        outlines[int(label) - 1] = shapely.geometry.shape(shape)
    # Cells have whole numbers, so their corners come out exactly.
    outlines = shapely.segmentize(outlines, 1.0)
    y, x = regions.edges(0), regions.edges(1)

    def to_pixels(corners: np.ndarray) -> np.ndarray:
        column, row = corners.round().astype(int).T
        return np.column_stack([x[column], y[row]])

    return shapely.transform(outlines, to_pixels)


def contour_lines(
    charted: xr.Dataset, regions: Regions, crs: CRS, smallest: float
) -> gpd.GeoDataFrame:
    """Lines of equal smoothed concentration, field ``PERCENT``.

    Args:
        charted: Scene with tie points.
        regions: Its regions.
        crs: Projection of the lines.
        smallest: Closed lines around fewer km2 are left out.
    """
    y, x = (np.convolve(regions.edges(i), (0.5, 0.5), 'valid') for i in (0, 1))
    found, percent = [], []
    if min(regions.labels.shape) > 1:
        contours = contour_generator(
            x,
            y,
            np.ma.masked_invalid(regions.smoothed),
            line_type=LineType.Separate,
        )
        least = smallest * 1e6 / charted.attrs['pixel_spacing'] ** 2
        for level in MARGINAL_ZONE:
            for points in contours.lines(level / 10):
                line = shapely.LineString(points)
                if line.is_closed and shapely.Polygon(line).area < least:
                    continue
                found.append(line)
                percent.append(level)
    project = _projector(charted, crs)
    lines = shapely.transform(np.array(found, object), project)
    return gpd.GeoDataFrame({'PERCENT': percent}, geometry=lines, crs=crs)


def _to_lonlat(geolocation: Geolocation, points: np.ndarray) -> np.ndarray:
    latitude, longitude = geolocation.at(points[:, 1], points[:, 0])
    return np.column_stack([longitude, latitude])


def _projector(
    charted: xr.Dataset, crs: CRS
) -> Callable[[np.ndarray], np.ndarray]:
    """A function from (sample, line) to positions in the projection."""
    geolocation = Geolocation.from_scene(charted)
    transformer = Transformer.from_crs(_WGS84, crs, always_xy=True)

    def project(points: np.ndarray) -> np.ndarray:
        lonlat = _to_lonlat(geolocation, points)
        return np.column_stack(transformer.transform(*lonlat.T))

    return project


def _place(
    charted: xr.Dataset,
    regions: Regions,
    table: dict[str, list],
    crs: CRS,
    simplify: float,
) -> gpd.GeoDataFrame:
    """Polygons of the regions in the projection, with their fields."""
    outlines = trace_regions(regions)
    geolocation = Geolocation.from_scene(charted)
    ellipsoid = Geod(ellps='WGS84')
    sizes = [
        ellipsoid.geometry_area_perimeter(outline)
        for outline in shapely.transform(
            outlines, lambda points: _to_lonlat(geolocation, points)
        )
    ]
    placed = shapely.transform(outlines, _projector(charted, crs))
    whole = shapely.is_valid(placed).all()
    if not (whole and shapely.coverage_is_valid(placed)):
        raise ValueError(
            'crs must hold the scene together, but polygons overlap in '
            f'{crs.name}. Take a polar projection around the scene.'
        )
    if simplify:
        placed = shapely.coverage_simplify(placed, simplify)
    sized = table | {
        'AREA': [abs(area) for area, _ in sizes],
        'PERIMETER': [length for _, length in sizes],
    }
    return gpd.GeoDataFrame(sized, geometry=placed, crs=crs)


def _to_degrees(layer: gpd.GeoDataFrame, longest: float) -> gpd.GeoDataFrame:
    """In WGS84, cut at 180 degrees; long edges become several."""
    layer = layer.set_geometry(layer.geometry.segmentize(longest))
    layer = layer.to_crs(_WGS84)
    cut = np.array([cut_at_180(it) for it in layer.geometry], object)
    # Straight lines in degrees can touch a few kilometres from a pole.
    torn = ~shapely.is_valid(cut)
    cut[torn] = shapely.make_valid(
        cut[torn], method='structure', keep_collapsed=False
    )
    return layer.set_geometry(cut, crs=_WGS84)


def cut_at_180(
    geometry: shapely.Polygon | shapely.LineString,
) -> shapely.Geometry:
    """Cut a polygon or line in degrees that crosses 180 degrees.

    In a plane around the nearer pole nothing jumps. A wedge too thin to see
    is taken out there, and its edges become -180 and 180.

    Args:
        geometry: Longitude and latitude in degrees, within [-180, 180], with
            vertices close to each other.

    Returns:
        The same, or its parts. A polygon around a pole goes up to it along
        180 degrees, over it and back.
    """
    points = shapely.get_coordinates(geometry)
    if (np.abs(np.diff(points[:, 0])) <= 180).all():
        return geometry
    side = np.copysign(1.0, points[:, 1].mean())
    far = 180 * _WEDGE
    wedge = shapely.Polygon([(0, 0), (-far, 180), (far, 180)])
    plane = shapely.transform(geometry, lambda at: _to_plane(at, side))
    # What is left does not surround the pole, so no hole touches it.
    parts = shapely.get_parts(plane.difference(wedge))
    if geometry.geom_type == 'LineString':
        return shapely.MultiLineString(
            [_from_plane(shapely.get_coordinates(it), side) for it in parts]
        )
    return shapely.MultiPolygon(
        [shapely.Polygon(*_rings(part, side)) for part in parts]
    )


def _rings(
    polygon: shapely.Polygon, side: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rings in degrees of a polygon in the plane around a pole."""
    shell, *holes = (
        shapely.get_coordinates(ring)[:-1]
        for ring in (polygon.exterior, *polygon.interiors)
    )
    pole = np.flatnonzero(~shell.any(axis=1))
    degrees = _from_plane(np.roll(shell, -pole.sum(), axis=0), side)
    if len(pole):
        # The pole is a line in degrees, from one neighbour to the other.
        ends = degrees[[-1, 1]] * (1, 0) + (0, 90 * side)
        degrees = np.vstack([ends, degrees[1:]])
    return degrees, [_from_plane(hole, side) for hole in holes]


def _to_plane(degrees: np.ndarray, side: float) -> np.ndarray:
    """Equidistant from a pole, in degrees; 180 degrees point upwards."""
    radius, angle = 90 - side * degrees[:, 1], np.radians(degrees[:, 0])
    return np.column_stack([radius * np.sin(angle), -radius * np.cos(angle)])


def _from_plane(plane: np.ndarray, side: float) -> np.ndarray:
    longitude = np.degrees(np.arctan2(plane[:, 0], -plane[:, 1]))
    at_edge = 180 - np.abs(longitude) < np.degrees(2 * _WEDGE)
    longitude = np.where(at_edge, np.copysign(180, longitude), longitude)
    return np.column_stack([longitude, side * (90 - np.hypot(*plane.T))])
