"""Read a Sentinel-1 EW GRDM product from its SAFE folder.

Pixels come through rasterio, that is GDAL; annotation through the standard
library's ElementTree. xarray-sentinel 0.9 would bring dask, pandas,
rioxarray and xmlschema, keeps of the azimuth noise the first vector alone,
and refuses noise vectors whose pixels differ from line to line; sarsen
builds on it and removes no noise.

The noise that is removed is that of ESA's annotation. Scenes of AI4Arctic
were denoised by NERSC's algorithm (Park et al. 2018,
doi 10.1109/TGRS.2017.2765248; Korosov et al. 2022,
doi 10.1109/TGRS.2021.3131036), which scales the noise to the image and
levels the sub-swaths. Here dark HV is darker, steps between sub-swaths
remain, and what falls below the floor is clipped:
:func:`.swath_statistics` shows how much. Products of 2014 and 2015 may hold
noise vectors of 0 or of another scale; they are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from rasterio.errors import RasterioError
from rasterio.windows import Window

from ...errors import SceneFileError
from ..assemble import Parts, check_variables, count_from
from ..checks import check_scene
from ..geolocation import Geolocation
from .annotation import SwathBounds, TieGrid
from .land import Land, open_land
from .lookup import LookupTable, read_calibration
from .noise import read_noise
from .product import PIXEL_SPACING, ImageFiles, find_images, identify_product

#: Sigma0 in dB that nothing falls below once noise is removed.
NOISE_FLOOR = -40.0


class _Image:
    """One polarisation: pixels, calibration and noise."""

    def __init__(self, files: ImageFiles, denoise: bool) -> None:
        self.path = files.measurement
        self.shape = files.annotation.shape
        self._removes = denoise and not files.annotation.is_denoised
        # A truncated file shows at its end, and better now than hours later.
        # Tables come after, since the image proves its size.
        self._pixels(self.shape[0] - 1, self.shape[0])
        self._scale = read_calibration(files.calibration, self.shape[1])
        self._noise = read_noise(files.noise, self.shape)

    def _pixels(self, start: int, stop: int) -> np.ndarray:
        """Digital numbers, float32 (stop - start, W), 0 for no data."""
        try:
            with rasterio.open(self.path) as file:
                if file.shape != self.shape:
                    raise SceneFileError(
                        self.path,
                        f'an image of {self.shape} pixels',
                        f'{file.shape}',
                        'Unpack the product again.',
                    )
                if file.dtypes != ('uint16',):
                    raise SceneFileError(
                        self.path,
                        'one band of uint16',
                        ', '.join(file.dtypes),
                        'Unpack the product again; an image that another '
                        'program wrote is no measurement.',
                    )
                window = Window(0, start, self.shape[1], stop - start)
                return file.read(1, window=window).astype(np.float32)
        except (RasterioError, OSError) as error:
            raise SceneFileError(
                self.path,
                'a whole TIFF image',
                f'what cannot be read ({str(error).splitlines()[0]})',
                'Is it truncated? Unpack the product again.',
            ) from error

    def nesz(self, start: int, stop: int) -> np.ndarray:
        """Noise-equivalent sigma0, linear."""
        scale = self._scale.read_lines(start, stop)
        return self._noise.read_lines(start, stop) / np.square(scale)

    def sigma0(self, start: int, stop: int, floor: float) -> np.ndarray:
        """Sigma0 in dB, NaN for no data, nothing below the floor."""
        power = self._pixels(start, stop)
        blank = power == 0
        np.square(power, out=power)
        if self._removes:
            power -= self._noise.read_lines(start, stop)
        power /= np.square(self._scale.read_lines(start, stop))
        least = np.float32(10 ** (floor / 10))
        low = power < least
        np.log10(power, where=~low, out=power)
        power *= 10
        power[low] = floor
        power[blank] = np.nan
        return power


class SafeScene:
    """An EW GRDM product, read by blocks of lines.

    Args:
        path: The SAFE folder, or the manifest in it.
        noise_floor: Sigma0 in dB that nothing falls below.
        denoise: Whether to remove the thermal noise, unless the processor
            did.

    Attributes:
        path: The folder.
        shape: Lines and samples.
        attrs: Attributes of the canonical scene.
        ties: Geolocation grid at sea level, at pixel indices.
        swaths: Rectangles of the sub-swaths.
        noise_floor: As given.

    Raises:
        SceneFileError: If the product is no EW GRDM with HH and HV, lacks a
            file, or one is truncated.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        noise_floor: float = NOISE_FLOOR,
        denoise: bool = True,
    ) -> None:
        self.path, files = find_images(path)
        annotation = files['HH'].annotation
        self.shape: tuple[int, int] = annotation.shape
        self.ties: TieGrid = annotation.ties.at_sea_level(PIXEL_SPACING)
        self.swaths: tuple[SwathBounds, ...] = annotation.swaths
        self.noise_floor = float(noise_floor)
        self._images = {n: _Image(f, denoise) for n, f in files.items()}
        self._incidence = LookupTable(
            self.ties.line,
            [self.ties.sample] * len(self.ties.line),
            list(self.ties.incidence),
            self.shape[1],
        )
        product = identify_product(annotation, self.path)
        self.attrs: dict[str, Any] = {
            **product.attrs,
            'scene_id': f'{product.start}_grd',
            'pixel_spacing': PIXEL_SPACING,
            'release': '',
            'kind': 'grd',
            'mask': 'none',
            'label_rule': '',
            'resampling': '',
            'amsr2_swaths': '',
            'amsr2_delays': '',
            'noise_floor': self.noise_floor,
            'path': str(self.path),
        }

    @property
    def geolocation(self) -> Geolocation:
        """Where the pixels are on Earth."""
        ties = self.ties
        positions = (ties.line + 0.5, ties.sample + 0.5)
        return Geolocation(ties.latitude, ties.longitude, *positions)

    def nesz(self, name: str, start: int, stop: int) -> np.ndarray:
        """Noise-equivalent sigma0 of some lines.

        Args:
            name: 'HH' or 'HV'.
            start: First line.
            stop: One past the last line.

        Returns:
            Linear power, float32 (stop - start, samples).
        """
        return self._images[name].nesz(start, stop)

    def read_lines(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """``HH``, ``HV`` (dB) and ``incidence_angle`` (degrees) of lines.

        Args:
            start: First line.
            stop: One past the last line.

        Returns:
            float32 (stop - start, samples) each, NaN together where HH or HV
            has no data. Pixels that were clipped are exactly at the floor.

        Raises:
            SceneFileError: If the pixels cannot be read.
            ValueError: If there are no such lines.
        """
        if not 0 <= start < stop <= self.shape[0]:
            raise ValueError(
                f'start and stop must be lines within 0..{self.shape[0]}, '
                f'but got {start} and {stop}.'
            )
        fields = {
            name: image.sigma0(start, stop, self.noise_floor)
            for name, image in self._images.items()
        }
        fields['incidence_angle'] = self._incidence.read_lines(start, stop)
        blank = np.isnan(fields['HH']) | np.isnan(fields['HV'])
        for field in fields.values():
            field[blank] = np.nan
        return fields

    def read_scene(
        self,
        lines: tuple[int, int] | None = None,
        *,
        variables: tuple[str, ...] | None = None,
        optional: tuple[str, ...] = (),
        land: Land | None = None,
    ) -> xr.Dataset:
        """A canonical scene of some lines, see :func:`read_safe`.

        Args:
            lines: First line and one past the last, None for all; positions
                count from the first.
            variables: Names to load, None for all.
            optional: Names to load as well if the product has them.
            land: Where there is land; None blanks nothing.

        Raises:
            SceneFileError: If the pixels cannot be read, or a variable is
                asked for that no product has.
        """
        start, stop = lines or (0, self.shape[0])
        parts = Parts(self.path, variables, optional)
        fields = self.read_lines(start, stop)
        attrs = dict(self.attrs)
        for name in self._images:
            clipped = int((fields[name] == self.noise_floor).sum())
            attrs[f'clipped_{name}'] = clipped
        if land is not None:
            attrs['mask'] = 'land'
            y = np.arange(start, stop) + 0.5
            blank = land(y, np.arange(self.shape[1]) + 0.5)
            for field in fields.values():
                field[blank] = np.nan
        for name, field in fields.items():
            if parts.wants(name):
                parts.add_channel(name, field)
        parts.add_ties(self.ties.latitude, self.ties.longitude)
        positions = {
            'y_tie': self.ties.line + 0.5,
            'x_tie': self.ties.sample + 0.5,
        }
        return parts.assemble(count_from(start, positions), attrs)


def read_safe(
    path: str | Path,
    *,
    noise_floor: float = NOISE_FLOOR,
    denoise: bool = True,
    variables: Iterable[str] | None = None,
    optional: Iterable[str] = (),
    land_mask: str | Path | None = None,
) -> xr.Dataset:
    """Read an EW GRDM product as a canonical scene.

    ``HH`` and ``HV`` are sigma0 in dB at 40 m, ``incidence_angle`` is in
    degrees, all NaN where there is no data. The attributes ``clipped_HH``
    and ``clipped_HV`` count the pixels at ``noise_floor``. Without a land
    mask, nobody knows where land is: the scene's mask is 'none'.

    Args:
        path: The SAFE folder, or the manifest in it.
        noise_floor: Sigma0 in dB that nothing falls below.
        denoise: Whether to remove the thermal noise.
        variables: Names to load, None for all.
        optional: Names to load as well if the product has them.
        land_mask: Polygons or raster of land, see :func:`.open_land`; SAR is
            blanked there, and the scene's mask is 'land'.

    Raises:
        SceneFileError: If the product is no EW GRDM with HH and HV, lacks a
            file, or one is truncated; if the land mask cannot be read.
        ValueError: If a variable is none of a scene.
    """
    names = check_variables(variables)
    others = check_variables(optional) or ()
    scene = SafeScene(path, noise_floor=noise_floor, denoise=denoise)
    land = None
    if land_mask is not None:
        land = open_land(land_mask, scene.geolocation, scene.shape)
    read = scene.read_scene(variables=names, optional=others, land=land)
    check_scene(read)
    return read
