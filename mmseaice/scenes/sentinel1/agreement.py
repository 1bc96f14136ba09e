"""Do the parts of a Sentinel-1 product belong together, and to a place?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from ...errors import SceneFileError
from ..geolocation import geodetic_to_ecef
from ..naming import parse_product_id
from .annotation import Annotation, TieGrid

#: Seconds by which times of one product may differ.
_SECONDS = 1.0
#: Share by which tie points may be nearer or farther than their pixels say.
_STRETCH = 0.2
#: Degrees; EW sees from 18.9 to 47.
_INCIDENCE = (10.0, 60.0)
#: Metres above the ellipsoid, from trenches of the geoid to Everest.
_HEIGHT = (-600.0, 9500.0)

_UNPACK = 'Do the files come from two products? Unpack it again.'
_FETCH = 'Fetch the product again.'


def check_name(annotation: Annotation, folder: Path) -> None:
    """Hold an annotation against the names of its file and folder.

    A folder of another name than the product says nothing.

    Raises:
        SceneFileError: If its polarisation or its start is another, or a
            time does not exist.
    """
    for time in (annotation.start, annotation.stop):
        _time(annotation.path, time)
    words = annotation.path.stem.lower().split('-')
    if annotation.polarisation.lower() not in words:
        raise SceneFileError(
            annotation.path,
            'the polarisation of its name',
            f'{annotation.polarisation}',
            _UNPACK,
        )
    try:
        start = parse_product_id(folder.name).start
    except ValueError:
        return
    if _differ(annotation.path, annotation.start, start):
        raise SceneFileError(
            annotation.path,
            f'a startTime of {start}, as in the name of its folder',
            f'{annotation.start}',
            _UNPACK,
        )


def check_pair(first: Annotation, second: Annotation) -> None:
    """Refuse annotations that are not of one product.

    Raises:
        SceneFileError: If time, orbit, data take, size or place differ.
    """
    different = [
        f'{name} {ours} and {theirs}'
        for name, ours, theirs in (
            ('platforms', first.platform, second.platform),
            ('orbits', first.absolute_orbit, second.absolute_orbit),
            ('data takes', first.datatake, second.datatake),
            ('images of', first.shape, second.shape),
        )
        if ours != theirs
    ]
    for name in ('start', 'stop'):
        times = getattr(first, name), getattr(second, name)
        if _differ(first.path, *times):
            different.append(f'{name} times {times[0]} and {times[1]}')
    if not different and not _same_grid(first.ties, second.ties):
        different.append('two geolocation grids')
    if different:
        raise SceneFileError(
            first.path,
            f'the annotation of one product with {second.path.name}',
            ', '.join(different),
            _UNPACK,
        )


def check_place(annotation: Annotation) -> None:
    """Refuse tie points that no radar image on Earth has.

    Raises:
        SceneFileError: If a place, angle or height is out of range, or
            points do not lie as far apart as their pixels.
    """
    ties = annotation.ties
    for name, values, (low, high), unit in (
        ('latitudes', ties.latitude, (-90, 90), 'degrees'),
        ('longitudes', ties.longitude, (-180, 360), 'degrees'),
        ('incidence angles', ties.incidence, _INCIDENCE, 'degrees'),
        ('heights', ties.height, _HEIGHT, 'm'),
    ):
        if values.min() < low or values.max() > high:
            raise SceneFileError(
                annotation.path,
                f'{name} of {low:g} to {high:g} {unit}',
                f'{values.min():g} to {values.max():g}',
                _FETCH,
            )
    _check_distances(annotation)


def _check_distances(annotation: Annotation) -> None:
    """Hold the distances of neighbouring points against their pixels."""
    ties = annotation.ties
    points = np.stack(geodetic_to_ecef(ties.latitude, ties.longitude), -1)
    # By how much terrain is shown nearer than the sea below it.
    shift = ties.height / np.tan(np.radians(ties.incidence))
    positions = (ties.line[:, None], ties.sample[None])
    for axis, (at, metres) in enumerate(
        zip(positions, annotation.spacing, strict=True)
    ):
        found = np.linalg.norm(np.diff(points, axis=axis), axis=-1)
        wanted = np.diff(at, axis=axis) * metres
        allowed = _STRETCH * wanted + np.abs(np.diff(shift, axis=axis))
        off = np.abs(found - wanted) > allowed + metres
        if off.any():
            place = np.unravel_index(off.argmax(), off.shape)
            wanted = np.broadcast_to(wanted, found.shape)
            raise SceneFileError(
                annotation.path,
                f'tie points {wanted[place] / 1000:.2f} km apart, as their '
                'pixels are',
                f'{found[place] / 1000:.2f} km at line '
                f'{ties.line[place[0]]:g}, sample {ties.sample[place[1]]:g}',
                _FETCH,
            )


def _same_grid(first: TieGrid, second: TieGrid) -> bool:
    """Whether two grids are at the same pixels and places, to 100 m."""
    for name in ('line', 'sample'):
        ours, theirs = getattr(first, name), getattr(second, name)
        if not np.array_equal(ours, theirs):
            return False
    ours, theirs = (
        np.stack(geodetic_to_ecef(ties.latitude, ties.longitude))
        for ties in (first, second)
    )
    return bool((np.linalg.norm(ours - theirs, axis=0) < 100).all())


def _differ(path: Path, first: str, second: str) -> bool:
    """Whether two times such as '20180607T184326' are not the same."""
    off = _time(path, first) - _time(path, second)
    return abs(off.total_seconds()) > _SECONDS


def _time(path: Path, text: str) -> datetime:
    """A time of an annotation."""
    try:
        return datetime.strptime(text, '%Y%m%dT%H%M%S')
    except ValueError as error:
        raise SceneFileError(
            path, 'times that exist', f'{error}', _FETCH
        ) from error
