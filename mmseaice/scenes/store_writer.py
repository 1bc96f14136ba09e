"""One canonical scene into one Zarr group of a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from ..charts.codes import IGNORE, get_task
from ..errors import MissingChannelError, SceneDimensionError
from .overview import make_overview
from .resample import apply_ready_rule, is_raw, resample_scene
from .shard import write_array
from .store_format import (
    BASE_SPACING,
    CHUNK,
    CHUNK_CHANNELS,
    MISSING,
    QUANTA,
    StoreOptions,
    quantise,
    spacing_name,
)
from .variables import CHANNELS

#: Compression of classes and ids, which are the same over wide areas.
_FAST = {'cname': 'lz4hc', 'shuffle': 'noshuffle'}

#: From this spacing (m) on, images take so little room that they may be read
#: in half the time for a twentieth more of it.
_FAST_FROM = 200


def write_scene(
    folder: Path, scene: xr.Dataset, options: StoreOptions, source: str
) -> None:
    """Write one scene as a Zarr group of its own.

    Args:
        folder: Folder of the new group.
        scene: Canonical scene as read from its file.
        options: Options of the store.
        source: Name of the scene's file, noted in the group.

    Raises:
        MissingChannelError: If the scene lacks a channel of the store.
        SceneDimensionError: If the scene cannot be had at a spacing.
    """
    for name in options.channels:
        if name not in scene:
            raise MissingChannelError(
                source,
                f'channel {name!r}',
                f'only {", ".join(n for n in CHANNELS if n in scene)}',
                'Leave the channel out of the store.',
            )
    group = zarr.create_group(folder, zarr_format=3)
    # Without the path, a store is the same wherever it was built.
    attrs = {
        name: _plain(value)
        for name, value in scene.attrs.items()
        if name != 'path'
    }
    attrs |= {'source': source, 'shapes': {}}
    for spacing, level in _levels(scene, options, source):
        name = spacing_name(spacing)
        attrs['shapes'][name] = [level.sizes['y'], level.sizes['x']]
        _write_level(folder, level, spacing, options)
        if spacing == options.spacings[0]:
            attrs |= _shares(level, options)
    attrs |= _write_polygons(folder, scene, options)
    _write_coarse(folder, scene, options)
    _write_tie_points(folder, scene)
    group.attrs.update(attrs)
    _flush(folder)


def _levels(
    scene: xr.Dataset, options: StoreOptions, source: str
) -> Iterator[tuple[float, xr.Dataset]]:
    """The scene at each spacing of the store, finest first.

    Where the image is derived, only the charts are resampled.
    """
    present = scene.attrs['pixel_spacing']
    ready = scene
    if is_raw(scene) and options.spacings != (present,):
        ready = apply_ready_rule(scene)
    memory: dict[str, Any] = {}
    for spacing in options.spacings:
        try:
            source_level = scene if spacing == present else ready
            if options.tasks and spacing in options.derived_spacings:
                source_level = ready[list(options.tasks)]
            level = resample_scene(
                source_level,
                spacing,
                charts=options.charts,
                min_valid=options.min_valid,
                memory=memory,
            )
        except ValueError as error:
            raise SceneDimensionError(
                source,
                f'a scene that can be brought to {spacing:g} m',
                f'{present:g} m and {dict(scene.sizes)} ({error})',
                'Leave out the spacing or the scene.',
            ) from error
        yield spacing, level


def _write_level(
    folder: Path, level: xr.Dataset, spacing: float, options: StoreOptions
) -> None:
    """Write image, charts and, of the finest spacing, the overview."""
    names = options.full_channels
    if spacing not in options.derived_spacings:
        steps = [quantise(level[n].values, QUANTA[n]) for n in names]
        quanta = [QUANTA[name] for name in names]
        write_array(
            folder / f'image_{spacing_name(spacing)}',
            np.stack(steps),
            (min(CHUNK_CHANNELS, len(names)), CHUNK, CHUNK),
            MISSING,
            {'channels': list(names), 'quanta': quanta, 'missing': MISSING},
            cname='lz4hc' if spacing >= _FAST_FROM else 'zstd',
        )
    if options.tasks:
        write_array(
            folder / f'charts_{spacing_name(spacing)}',
            np.stack([level[name].values for name in options.tasks]),
            (len(options.tasks), CHUNK, CHUNK),
            IGNORE,
            {'tasks': list(options.tasks)},
            **_FAST,
        )
    if spacing == options.spacings[0]:
        make_overview(level, options).write(folder / 'overview')


def _write_polygons(
    folder: Path, scene: xr.Dataset, options: StoreOptions
) -> dict[str, Any]:
    """Write the polygons of a raw scene, return its code table."""
    if 'polygon_id' not in scene:
        return {}
    codes = scene['polygon_codes'].values.tolist()
    spacing = scene.attrs['pixel_spacing']
    if spacing != options.spacings[0]:
        spacing = BASE_SPACING
        scene = apply_ready_rule(scene[['polygon_id']])
    write_array(
        folder / 'polygons',
        scene['polygon_id'].values[None],
        (1, CHUNK, CHUNK),
        0,
        {'spacing': spacing},
        **_FAST,
    )
    return {'polygon_codes': codes}


def _write_coarse(
    folder: Path, scene: xr.Dataset, options: StoreOptions
) -> None:
    """Write the 2 km fields and where their cells are, in metres."""
    if not options.coarse_channels:
        return
    fields = np.stack([scene[n].values for n in options.coarse_channels])
    attrs = {'channels': list(options.coarse_channels)}
    _write_small(folder, 'coarse', scene, fields, attrs, '2km')


def _write_tie_points(folder: Path, scene: xr.Dataset) -> None:
    """Write latitude and longitude and where their points are, in metres."""
    names = ['latitude', 'longitude']
    if not all(name in scene for name in names):
        return
    points = np.stack([scene[name].values for name in names])
    _write_small(folder, 'tie_points', scene, points, {}, 'tie')


def _write_small(
    folder: Path,
    name: str,
    scene: xr.Dataset,
    data: np.ndarray,
    attrs: dict[str, Any],
    grid: str,
) -> None:
    """Write planes and their positions in metres from the edge."""
    spacing = scene.attrs['pixel_spacing']
    for axis in ('y', 'x'):
        positions = scene[f'{axis}_{grid}'].values * spacing
        attrs[f'{axis}_metres'] = positions.astype(float).tolist()
    # One plane is read at a time.
    write_array(folder / name, data, (1, *data.shape[1:]), np.nan, attrs)


def _shares(level: xr.Dataset, options: StoreOptions) -> dict[str, Any]:
    """Valid and labelled shares and class counts of the finest spacing."""
    valid = np.all(
        [np.isfinite(level[name].values) for name in options.full_channels],
        axis=0,
    )
    counts = {name: _histogram(level[name].values) for name in options.tasks}
    return {
        'valid_share': float(valid.mean()),
        'labelled_share': {
            name: float(1 - count[IGNORE] / valid.size)
            for name, count in counts.items()
        },
        'class_histogram': {
            name: count[: get_task(name).num_classes].tolist()
            for name, count in counts.items()
        },
    }


def _histogram(chart: np.ndarray) -> np.ndarray:
    """Pixels of each value 0..255 of a chart, int64 (256,)."""
    flat = chart.ravel()
    even = flat[: flat.size // 2 * 2]
    # Two pixels at a time take half the time.
    pairs = np.bincount(even.view(np.uint16), minlength=1 << 16)
    pairs = pairs.reshape(256, 256)
    return (
        pairs.sum(axis=0)
        + pairs.sum(axis=1)
        + np.bincount(flat[even.size :], minlength=256)
    )


def _plain(value: Any) -> Any:
    """A numpy scalar or array as JSON can hold it."""
    return value.tolist() if hasattr(value, 'tolist') else value


def _flush(folder: Path) -> None:
    """Bring every file to the disk before the group gets its name."""
    files = [path for path in folder.rglob('*') if path.is_file()]
    # Together, because the disk then takes them in one go.
    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(_flush_file, files))


def _flush_file(path: Path) -> None:
    with open(path, 'rb') as file:
        os.fsync(file.fileno())
