"""One row per scene of a store: what, when, where, and how much of what."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..charts.codes import TASKS
from ..utils.csv_file import write_csv
from ..utils.json_file import write_json
from .splits.strata import region, season
from .store import SceneStore


def scene_row(scene_id: str, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Describe one scene in plain values, degrees and metres.

    Args:
        scene_id: Its id.
        attrs: Its attributes as :meth:`.SceneStore.describe` gives them.

    Returns:
        The row. ``footprint`` is a list of (latitude, longitude) corners,
        absent for a scene without tie points; shares are of all pixels for
        ``valid_share`` and of labelled pixels for a class.
    """
    spacing, (lines, samples) = next(iter(attrs['shapes'].items()))
    row = {
        'scene_id': scene_id,
        'product_id': attrs['product_id'],
        'ice_service': attrs['ice_service'],
        'acquisition_time': attrs['acquisition_time'],
        'season': season(attrs['acquisition_time']),
        'absolute_orbit': attrs['absolute_orbit'],
        'chart_id': attrs['chart_id'],
        'region': region(attrs),
        'release': attrs['release'],
        'pixel_spacing': float(spacing),
        'lines': lines,
        'samples': samples,
        'valid_share': round(attrs['valid_share'], 4),
    }
    if 'footprint' in attrs:
        corners = np.asarray(attrs['footprint'])
        latitude, longitude = _centre(corners)
        west, east = _longitudes(corners[:, 1], longitude)
        row |= {
            'latitude': round(latitude, 4),
            'longitude': round(longitude, 4),
            'south': round(float(corners[:, 0].min()), 4),
            'north': round(float(corners[:, 0].max()), 4),
            'west': round(west, 4),
            'east': round(east, 4),
            'footprint': corners.round(4).tolist(),
        }
    for task, counts in attrs['class_histogram'].items():
        total = sum(counts)
        for name, count in zip(TASKS[task].classes, counts, strict=True):
            share = round(count / total, 4) if total else None
            row[f'{task} {name}'] = share
    return row


def _centre(corners: np.ndarray) -> tuple[float, float]:
    """The mean of the corners on the sphere, in degrees."""
    latitude, longitude = np.radians(corners).T
    x = (np.cos(latitude) * np.cos(longitude)).mean()
    y = (np.cos(latitude) * np.sin(longitude)).mean()
    z = np.sin(latitude).mean()
    centre = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)
    return tuple(np.degrees(centre).tolist())


def _longitudes(longitude: np.ndarray, centre: float) -> tuple[float, float]:
    """Western and eastern end; across the date line, west is above east."""
    offset = (longitude - centre + 180) % 360 - 180
    ends = (centre + np.array([offset.min(), offset.max()]) + 180) % 360 - 180
    return tuple(ends.tolist())


def scene_table(
    store: SceneStore, scene_ids: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """One :func:`scene_row` for each scene.

    Args:
        store: The store.
        scene_ids: Scenes, None for all.
    """
    scenes = store.describe(scene_ids)
    return [scene_row(name, attrs) for name, attrs in scenes.items()]


def write_scene_csv(
    path: str | os.PathLike, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write rows as CSV, without the footprints."""
    write_csv(
        path,
        [{k: v for k, v in row.items() if k != 'footprint'} for row in rows],
    )


def write_scene_geojson(
    path: str | os.PathLike, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write footprints and what is known of them as GeoJSON (RFC 7946).

    A footprint that crosses the date line is drawn on with longitudes
    beyond 180 degrees, which every common viewer understands.
    """
    features = []
    for row in rows:
        properties = {k: v for k, v in row.items() if k != 'footprint'}
        geometry = None
        if 'footprint' in row:
            ring = [
                [_near(longitude, row['longitude']), latitude]
                for latitude, longitude in row['footprint']
            ]
            # Rings of RFC 7946 run anticlockwise.
            if _area(ring) < 0:
                ring.reverse()
            ring.append(ring[0])
            geometry = {'type': 'Polygon', 'coordinates': [ring]}
        features.append(
            {
                'type': 'Feature',
                'id': row['scene_id'],
                'properties': properties,
                'geometry': geometry,
            }
        )
    write_json(path, {'type': 'FeatureCollection', 'features': features})


def _near(longitude: float, centre: float) -> float:
    """The turn of a longitude that is nearest to the centre."""
    return round(centre + (longitude - centre + 180) % 360 - 180, 4)


def _area(ring: list[list[float]]) -> float:
    """Twice the signed area, positive if the ring runs anticlockwise."""
    x, y = np.array(ring).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
