"""One canonical scene into one Zarr group of a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from ..charts.codes import IGNORE, get_task
from ..errors import MissingChannelError, SceneDimensionError
from .resample import apply_ready_rule, is_raw, resample_scene
from .store_format import (
    CHUNK,
    CHUNK_CHANNELS,
    MISSING,
    QUANTA,
    StoreOptions,
    quantise,
    spacing_name,
)
from .variables import CHANNELS


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
    present = scene.attrs['pixel_spacing']
    # Without the path, a store is the same wherever it was built.
    attrs = {
        name: _plain(value)
        for name, value in scene.attrs.items()
        if name != 'path'
    }
    attrs |= {'source': source, 'shapes': {}}
    if is_raw(scene) and options.spacings != (present,):
        ready = apply_ready_rule(scene)
    else:
        ready = scene
    for spacing in options.spacings:
        try:
            level = resample_scene(
                scene if spacing == present else ready,
                spacing,
                charts=options.charts,
                min_valid=options.min_valid,
            )
        except ValueError as error:
            raise SceneDimensionError(
                source,
                f'a scene that can be brought to {spacing:g} m',
                f'{present:g} m and {dict(scene.sizes)} ({error})',
                'Leave out the spacing or the scene.',
            ) from error
        attrs['shapes'][spacing_name(spacing)] = _write_level(
            group.create_group(spacing_name(spacing)), level, options
        )
        if spacing == options.spacings[0]:
            attrs |= _shares(level, options)
    _write_coarse(group, scene, options)
    _write_tie_points(group, scene)
    group.attrs.update(attrs)
    _flush(folder)


def _write_level(
    group: zarr.Group, level: xr.Dataset, options: StoreOptions
) -> list[int]:
    """Write image and charts of one spacing, return their size [H, W]."""
    names = options.full_channels
    quanta = [QUANTA[name] for name in names]
    _write(
        group,
        'image',
        np.stack([quantise(level[n].values, QUANTA[n]) for n in names]),
        {'channels': list(names), 'quanta': quanta, 'missing': MISSING},
        MISSING,
        CHUNK_CHANNELS,
    )
    if options.tasks:
        _write(
            group,
            'charts',
            np.stack([level[name].values for name in options.tasks]),
            {'tasks': list(options.tasks)},
            IGNORE,
            len(options.tasks),
        )
    return [level.sizes['y'], level.sizes['x']]


def _codecs(shuffle: str) -> tuple:
    """Compression, and a checksum because Blosc overlooks damage."""
    blosc = BloscCodec(cname='zstd', clevel=5, shuffle=shuffle)
    return blosc, Crc32cCodec()


def _write(
    group: zarr.Group,
    name: str,
    data: np.ndarray,
    attrs: dict[str, Any],
    fill_value: int,
    planes: int,
) -> None:
    """Write an array of (planes, y, x) chunks in one shard."""
    chunk = (min(planes, len(data)), CHUNK, CHUNK)
    sizes = zip(data.shape, chunk, strict=True)
    group.create_array(
        name,
        data=data,
        chunks=chunk,
        shards=tuple(-(-size // part) * part for size, part in sizes),
        compressors=_codecs('bitshuffle'),
        config={'write_empty_chunks': True},
        fill_value=fill_value,
        attributes=attrs,
        dimension_names=('plane', 'y', 'x'),
    )


def _write_coarse(
    group: zarr.Group, scene: xr.Dataset, options: StoreOptions
) -> None:
    """Write the 2 km fields and where their cells are, in metres."""
    if not options.coarse_channels:
        return
    fields = np.stack([scene[n].values for n in options.coarse_channels])
    attrs = {'channels': list(options.coarse_channels)}
    _write_small(group, 'coarse', scene, fields, attrs, '2km')


def _write_tie_points(group: zarr.Group, scene: xr.Dataset) -> None:
    """Write latitude and longitude and where their points are, in metres."""
    names = ['latitude', 'longitude']
    if not all(name in scene for name in names):
        return
    points = np.stack([scene[name].values for name in names])
    _write_small(group, 'tie_points', scene, points, {}, 'tie')


def _write_small(
    group: zarr.Group,
    name: str,
    scene: xr.Dataset,
    data: np.ndarray,
    attrs: dict[str, Any],
    grid: str,
) -> None:
    """Write an array as one chunk, its positions in metres from the edge."""
    spacing = scene.attrs['pixel_spacing']
    for axis in ('y', 'x'):
        positions = scene[f'{axis}_{grid}'].values * spacing
        attrs[f'{axis}_metres'] = positions.astype(float).tolist()
    group.create_array(
        name,
        data=data,
        chunks=data.shape,
        compressors=_codecs('shuffle'),
        config={'write_empty_chunks': True},
        fill_value=np.nan,
        attributes=attrs,
        dimension_names=('plane', 'y', 'x'),
    )


def _shares(level: xr.Dataset, options: StoreOptions) -> dict[str, Any]:
    """Valid and labelled shares and class counts of the finest spacing."""
    valid = np.all(
        [np.isfinite(level[name].values) for name in options.full_channels],
        axis=0,
    )
    counts = {
        name: np.bincount(level[name].values.ravel(), minlength=IGNORE + 1)
        for name in options.tasks
    }
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


def _plain(value: Any) -> Any:
    """A numpy scalar or array as JSON can hold it."""
    return value.tolist() if hasattr(value, 'tolist') else value


def _flush(folder: Path) -> None:
    """Bring every file to the disk before the group gets its name."""
    for path in folder.rglob('*'):
        if path.is_file():
            with open(path, 'rb') as file:
                os.fsync(file.fileno())
