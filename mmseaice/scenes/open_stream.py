"""Open whatever holds a scene, to be read block by block."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import SceneFileError
from .geolocation import Geolocation
from .netcdf import NetCDFFile
from .open import open_scene
from .sentinel1.product import is_safe
from .store import SceneStore
from .stored_scene import StoredScene
from .stream import NEEDED, LineStream, SceneStream, StoreStream
from .variables import CHANNELS, PLACE_CHANNELS

#: What may be a scene.
Scene = str | os.PathLike | xr.Dataset | StoredScene

#: Stands for a land mask without land.
NO_LAND = 'none'

#: Suffixes of images with tie points.
GEOTIFFS = ('.tif', '.tiff')
_PLACES = ['latitude', 'longitude']


def stream_scene(
    scene: Scene,
    channels: Sequence[str],
    spacing: float,
    *,
    min_valid: float = 0.5,
    mask: str | None = None,
    land_mask: str | os.PathLike | None = None,
    polarisation: str | Sequence[str] | None = None,
) -> SceneStream:
    """Open a scene to be read block by block.

    Args:
        scene: A NetCDF file of AI4Arctic; a Sentinel-1 EW GRDM product, its
            SAFE folder; a GeoTIFF of sigma0; a scene of a store, or its
            folder; or a canonical scene in memory.
        channels: Channels of the image.
        spacing: Pixel spacing of the image in m.
        min_valid: Share of a cell that must be valid.
        mask: See :func:`~mmseaice.scenes.open_scene`; NetCDF files only.
        land_mask: Polygons or raster of land, see
            :func:`~mmseaice.scenes.sentinel1.land.open_land`; SAR is
            blanked there. 'none' says that a scene of which nobody knows
            has no land.
        polarisation: 'HH', 'HV' or one for each band of a GeoTIFF that does
            not say it.

    Raises:
        SceneFileError: If a file cannot be read, or is no scene.
        StoreError: If the store lacks a spacing.
        MissingChannelError: If the scene lacks HH, HV or incidence angle,
            and they are among the channels.
        ValueError: If a stored scene is given a land mask.
    """
    about = dict(channels=channels, spacing=spacing, min_valid=min_valid)
    if land_mask not in (None, NO_LAND) and _is_stored(scene):
        raise ValueError(
            'land_mask must be None for a scene of a store, whose SAR was '
            f'blanked when it was built, but got {os.fspath(land_mask)!r}.'
        )
    if isinstance(scene, StoredScene):
        stream = StoreStream(scene, **about)
        stream.note_file(scene.path)
    elif isinstance(scene, xr.Dataset):
        stream = _stream_memory(scene, about)
    else:
        stream = _stream_path(Path(scene), about, mask, polarisation)
        stream.note_file(scene)
        stream.stamps.append((mask, polarisation))
    if land_mask == NO_LAND:
        if stream.attrs['mask'] == 'none':
            stream.blank_land(_no_land, NO_LAND)
    elif land_mask is not None:
        from .sentinel1.land import open_land

        place = Geolocation.from_scene(stream.places)
        land = open_land(land_mask, place, stream.fine_shape)
        found = land(*(np.arange(0.5, n, 8) for n in stream.fine_shape))
        if not found.any() or found.all():
            says = 'nothing but' if found.any() else 'no'
            warnings.warn(
                f'{stream.name}: {land_mask} has {says} land in this scene. '
                'Is it the right file?',
                stacklevel=3,
            )
        stream.blank_land(land, Path(land_mask).name)
        stream.note_file(land_mask)
    return stream


def _is_stored(scene: Scene) -> bool:
    """Whether a scene is one of a store."""
    if isinstance(scene, StoredScene):
        return True
    in_memory = isinstance(scene, xr.Dataset)
    return not in_memory and (Path(scene) / 'zarr.json').is_file()


def _no_land(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Sea as far as the scene goes."""
    return np.zeros((len(y), len(x)), bool)


def _stream_path(
    path: Path,
    about: dict,
    mask: str | None,
    polarisation: str | Sequence[str] | None,
) -> SceneStream:
    """Tell what a path is, and open it."""
    if path.suffix.lower() in GEOTIFFS:
        from .sentinel1.geotiff import read_geotiff

        image = read_geotiff(path, polarisation=polarisation)
        return _stream_memory(image, about)
    if is_safe(path):
        return _stream_safe(path, about)
    if (path / 'zarr.json').is_file():
        return _stream_stored(path, about)
    if path.is_dir():
        raise SceneFileError(
            path,
            'a scene',
            'a folder that is neither a SAFE nor a scene of a store',
            'Name the scene, or the files in it.',
        )
    return _stream_netcdf(path, about, mask)


def _stream_memory(scene: xr.Dataset, about: dict) -> LineStream:
    """Stream a canonical scene that is in memory."""
    full = next(n for n in ('HH', 'HV') if n in scene)

    def read(start: int, stop: int) -> xr.Dataset:
        part = scene.isel(y=slice(start, stop))
        lines = [n for n in ('y_tie', 'y_2km') if n in part.coords]
        return part.assign_coords({n: part[n] - start for n in lines})

    return LineStream(
        dict(scene.attrs),
        scene[full].shape,
        scene[_PLACES].drop_attrs(),
        list(scene),
        read,
        **about,
    )


def _stream_netcdf(path: Path, about: dict, mask: str | None) -> LineStream:
    """Stream a NetCDF file, of which some lines are read at a time."""
    names = [n for n in about['channels'] if n not in PLACE_CHANNELS]
    # The two polarisations tell together where there is SAR.
    needed = dict.fromkeys(['HH', 'HV', *(n for n in names if n in NEEDED)])
    optional = [n for n in names if n not in needed]
    release = 'auto'

    def read(start: int, stop: int) -> xr.Dataset:
        return open_scene(
            path,
            release=release,
            mask=mask,
            variables=list(needed),
            optional=dict.fromkeys([*optional, 'distance_zone']),
            lines=(start, stop),
        )

    with NetCDFFile(path) as file:
        size = file.shape(CHANNELS['HH'].source)
    head = read(0, 2)
    # It need not be found again for every block.
    release = head.attrs['release']
    places = head[_PLACES].drop_attrs()
    attrs = dict(head.attrs)
    return LineStream(attrs, size, places, list(head), read, **about)


def _stream_safe(path: Path, about: dict) -> LineStream:
    """Stream a Sentinel-1 product."""
    from .sentinel1.safe import SafeScene

    product = SafeScene(path)

    def read(start: int, stop: int) -> xr.Dataset:
        return product.read_scene((start, stop))

    head = read(0, 2)
    places = head[_PLACES].drop_attrs()
    attrs = dict(product.attrs)
    return LineStream(attrs, product.shape, places, list(head), read, **about)


def _stream_stored(path: Path, about: dict) -> StoreStream:
    """Stream a scene of a store from its folder."""
    store = SceneStore(path.parent)
    return StoreStream(store[path.name], **about)
