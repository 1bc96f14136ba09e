"""Files of polygons and lines that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
from pyogrio import read_dataframe
from pyogrio.errors import DataLayerError, DataSourceError

from ...utils.atomic import atomic_path

#: Libraries' names of the formats, by suffix.
DRIVERS = {'.gpkg': 'GPKG', '.shp': 'ESRI Shapefile', '.geojson': 'GeoJSON'}


def write_layers(
    layers: Mapping[str, gpd.GeoDataFrame], path: Path
) -> list[Path]:
    """Write layers to a folder beside the place, then move what is whole.

    Args:
        layers: By name; ``polygons`` has the name of the path alone where a
            format has one layer in each file.
        path: Path with a suffix of :data:`DRIVERS`.

    Returns:
        The files, of a shapefile those with the suffix '.shp'.

    Raises:
        OSError: If one cannot be written; what was there before stays.
    """
    try:
        return _write(layers, path)
    except (DataLayerError, DataSourceError) as error:
        raise OSError(
            f'{path} could not be written: {error}. Is the disk full?'
        ) from error


def _write(layers: Mapping[str, gpd.GeoDataFrame], path: Path) -> list[Path]:
    driver = DRIVERS[path.suffix]
    options = {'RFC7946': 'YES'} if driver == 'GeoJSON' else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    final = []
    with TemporaryDirectory(prefix=f'.{path.stem}.', dir=path.parent) as tmp:
        for name, layer in layers.items():
            polygons = name == 'polygons'
            file = path
            if driver != 'GPKG' and not polygons:
                file = path.with_name(f'{path.stem}_{name}{path.suffix}')
            layer.to_file(
                Path(tmp) / file.name,
                driver=driver,
                engine='pyogrio',
                layer=name if driver == 'GPKG' else None,
                geometry_type='MultiPolygon'
                if polygons
                else 'MultiLineString',
                promote_to_multi=True,
                **options,
            )
            final.append(file)
            # On a full disk the library writes empty files, and is content.
            if _count(Path(tmp) / file.name, name) != len(layer):
                raise OSError(
                    f'{file} could not be written: the disk took a part of '
                    'it. Is it full?'
                )
        # The file that is opened comes last, when its others are there.
        parts = sorted(Path(tmp).iterdir(), key=lambda p: p.suffix == '.shp')
        for part in parts:
            with atomic_path(path.parent / part.name) as target:
                os.replace(part, target)
    return list(dict.fromkeys(final))


def _count(path: Path, layer: str) -> int:
    """Features that can be read back, -1 if none can."""
    name = layer if path.suffix == '.gpkg' else None
    try:
        return len(read_dataframe(path, layer=name, read_geometry=False))
    except (DataLayerError, DataSourceError):
        return -1
