"""Read GeoTIFFs of sigma0, in swath geometry or on a map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import xarray as xr
from pyproj import CRS
from pyproj.exceptions import ProjError
from rasterio.errors import RasterioError

from ...errors import SceneFileError
from ..assemble import Parts
from ..checks import check_scene
from ..geolocation import Geolocation
from ..naming import iso_time
from .control_points import TiePoints, fit_ties, map_ties
from .land import open_land
from .safe import NOISE_FLOOR

Units = Literal['auto', 'linear', 'dB']

_UNITS = ('auto', 'linear', 'dB')
_POLARISATIONS = ('HH', 'HV')
_NAME = re.compile(r'(?P<platform>S1[A-D])_.*?(?P<start>\d{8}T\d{6})')

#: Spacings (m) that pixels are meant to have; on the ground they differ by
#: some per cent.
_NOMINAL = (10.0, 20.0, 40.0, 80.0)
_TOLERANCE = 0.03
#: Largest ratio of the two spacings of a pixel.
_ASPECT = 1.1


def _read_bands(
    path: Path,
) -> tuple[np.ndarray, tuple[str, ...], TiePoints]:
    """Bands as float32 (n, H, W) with NaN for no data, their names, ties."""
    try:
        with rasterio.open(path) as file:
            if np.dtype(file.dtypes[0]).kind != 'f':
                raise SceneFileError(
                    path,
                    'sigma0 as floating-point numbers',
                    f'{file.dtypes[0]}',
                    'Digital numbers need calibration: read the SAFE folder '
                    'of the product instead.',
                )
            bands = file.read(masked=True).astype(np.float32).filled(np.nan)
            names = tuple(str(text or '') for text in file.descriptions)
            ties = _find_ties(path, file)
    except (RasterioError, OSError) as error:
        raise SceneFileError(
            path,
            'a GeoTIFF',
            f'what cannot be read as one ({str(error).splitlines()[0]})',
            'Is it complete? Fetch it again.',
        ) from error
    bands[~np.isfinite(bands)] = np.nan
    return bands, names, ties


def _find_ties(path: Path, file: rasterio.DatasetReader) -> TiePoints:
    points, crs = file.gcps
    try:
        if points and crs:
            return fit_ties(points, CRS.from_user_input(crs), file.shape)
        if file.crs:
            crs = CRS.from_user_input(file.crs)
            return map_ties(file.transform, crs, file.shape)
    except (ValueError, ProjError) as error:
        raise SceneFileError(
            path,
            'control points, or a map grid, that say where the image is',
            f'{error}'.rstrip('.'),
            'Write it again with a coordinate system of the Earth, such as '
            'with gdal_translate -a_srs -gcp.',
        ) from error
    raise SceneFileError(
        path,
        'ground control points, or a map grid, with a coordinate system',
        'an image without a place on Earth',
        'Write it again with them, such as with gdal_translate -gcp.',
    )


def _name_bands(
    path: Path,
    names: tuple[str, ...],
    polarisation: str | Sequence[str] | None,
) -> tuple[str, ...]:
    """Polarisation of each band: as given, described, or two in order."""
    if polarisation is not None:
        given = polarisation
        given = (given,) if isinstance(given, str) else tuple(given)
        if not set(given) <= set(_POLARISATIONS) or not given:
            raise ValueError(
                f'polarisation must be among {", ".join(_POLARISATIONS)}, '
                f'but got {polarisation!r}.'
            )
        found = given
    else:
        texts = names if len(names) > 1 or names[0] else (path.stem,)
        found = tuple(
            next((p for p in _POLARISATIONS if _says(text, p)), '')
            for text in texts
        )
        if not any(names) and len(names) == 2:
            found = _POLARISATIONS
    if len(found) != len(names) or len(set(found)) < len(found) or '' in found:
        raise SceneFileError(
            path,
            'bands that are HH and HV, or one of them',
            f'{len(names)} bands, {found} by name',
            "Say what they are, such as polarisation='HV'.",
        )
    return found


def _says(text: str, polarisation: str) -> bool:
    """Whether a polarisation is a word of a text."""
    words = re.split(r'[^A-Za-z0-9]+', text.upper())
    return polarisation in words


def _to_decibel(
    path: Path, bands: np.ndarray, units: Units, floor: float
) -> None:
    """Turn bands into dB in place, nothing below the floor.

    Backscatter in dB is negative nearly everywhere, linear nearly nowhere.
    In linear power 0 is no data.
    """
    finite = bands[np.isfinite(bands)]
    if not finite.size:
        return
    if units == 'auto':
        negative = float((finite < 0).mean())
        if 0.1 < negative < 0.5:
            raise SceneFileError(
                path,
                'sigma0 in linear power or in dB',
                f'{negative:.0%} negative values, which may be either',
                "Say which it is: units='linear' or units='dB'.",
            )
        units = 'dB' if negative >= 0.5 else 'linear'
    # Exports fill with 0 what they do not know, in dB as well.
    bands[bands == 0] = np.nan
    if units == 'linear':
        if np.median(finite) > 10:
            raise SceneFileError(
                path,
                'sigma0 in linear power, of about 0.0001 to 1',
                f'a median of {np.median(finite):g}',
                'Calibrate the image to sigma0 first.',
            )
        np.maximum(bands, np.float32(10 ** (floor / 10)), out=bands)
        np.log10(bands, out=bands)
        bands *= 10
    np.maximum(bands, np.float32(floor), out=bands)


def _spacing(path: Path, ties: TiePoints) -> float:
    """Pixel spacing in metres, the nominal one where that is near.

    Raises:
        SceneFileError: If pixels are far from square, or the surface misses
            the control points by more than two of them.
    """
    metres = ties.spacing
    if not min(metres) > 0:
        raise SceneFileError(
            path,
            'pixels that cover the ground',
            f'{metres[0]:g} m from line to line and {metres[1]:g} m from '
            'sample to sample',
            'Are its control points, or its map grid, those of the image?',
        )
    if max(metres) > _ASPECT * min(metres):
        raise SceneFileError(
            path,
            'square pixels',
            f'{metres[0]:.1f} m from line to line and {metres[1]:.1f} m from '
            'sample to sample',
            'Project the image, such as with gdalwarp -t_srs EPSG:3413 -tr '
            '40 40.',
        )
    mean = (metres[0] + metres[1]) / 2
    if ties.residual > 2 * mean:
        raise SceneFileError(
            path,
            'control points on a smooth surface',
            f'points {ties.residual:.0f} m off (root mean square)',
            'Look for points in a wrong place, or give more of them.',
        )
    for nominal in _NOMINAL:
        if abs(mean / nominal - 1) <= _TOLERANCE:
            return nominal
    return round(mean, 2)


def _identify(path: Path) -> dict[str, Any]:
    """What the file name says, as far as it is one of Sentinel-1."""
    match = _NAME.search(path.name)
    start = match['start'] if match else ''
    return {
        'scene_id': f'{start}_geotiff' if start else path.stem,
        'product_id': '',
        'ice_service': '',
        'acquisition_time': iso_time(start) if start else '',
        'absolute_orbit': 0,
        'chart_id': '',
    }


def read_geotiff(
    path: str | Path,
    *,
    polarisation: str | Sequence[str] | None = None,
    units: Units = 'auto',
    noise_floor: float = NOISE_FLOOR,
    land_mask: str | Path | None = None,
) -> xr.Dataset:
    """Read a GeoTIFF of sigma0 as a canonical scene.

    The image lies in swath geometry with ground control points, or on a map.
    What it lacks, the scene lacks: one of ``HH`` and ``HV``, always
    ``incidence_angle``. Scenes of a map are turned against those of a swath,
    which models are trained on. The attribute ``measured_spacing`` has the
    pixel spacing (m) on the ground, which ``pixel_spacing`` rounds to the
    nominal 10, 20, 40 or 80 m where within 3 %; ``tie_residual`` says by how
    much (m) the tie points miss the control points, root mean square.

    Args:
        path: The file, floating-point numbers, one band or two.
        polarisation: 'HH', 'HV', or one for each band. By default bands say
            it in their descriptions, a single one in the file name; two that
            say nothing are HH and HV.
        units: 'linear' power, 'dB', or 'auto' to see it from the values.
        noise_floor: Sigma0 in dB that nothing falls below.
        land_mask: Polygons or raster of land, see :func:`.open_land`; SAR is
            blanked there, and the scene's mask is 'land'.

    Raises:
        SceneFileError: If the file cannot be read, is not calibrated, has no
            place on Earth, pixels that are not square, or bands of unknown
            polarisation.
        ValueError: If an argument is out of range.
    """
    path = Path(path)
    if units not in _UNITS:
        raise ValueError(
            f'units must be one of {", ".join(_UNITS)}, but got {units!r}.'
        )
    if not path.is_file():
        raise SceneFileError(path, 'a GeoTIFF', 'no file', 'Check the path.')
    bands, texts, ties = _read_bands(path)
    names = _name_bands(path, texts, polarisation)
    spacing = _spacing(path, ties)
    _to_decibel(path, bands, units, noise_floor)
    blank = np.isnan(bands).any(axis=0)
    if land_mask is not None:
        place = Geolocation(ties.latitude, ties.longitude, ties.y, ties.x)
        land = open_land(land_mask, place, blank.shape)
        blank |= land(*(np.arange(n) + 0.5 for n in blank.shape))
    parts = Parts(path)
    for name, band in zip(names, bands, strict=True):
        band[blank] = np.nan
        parts.add_channel(name, band)
    parts.add_ties(ties.latitude, ties.longitude)
    attrs = _identify(path) | {
        'pixel_spacing': spacing,
        'release': '',
        'kind': 'geotiff',
        'mask': 'none' if land_mask is None else 'land',
        'label_rule': '',
        'resampling': '',
        'amsr2_swaths': '',
        'amsr2_delays': '',
        'noise_floor': float(noise_floor),
        'measured_spacing': round(float(np.mean(ties.spacing)), 2),
        'tie_residual': round(ties.residual, 2),
        'path': str(path),
    }
    scene = parts.assemble({'y_tie': ties.y, 'x_tie': ties.x}, attrs)
    check_scene(scene)
    return scene
