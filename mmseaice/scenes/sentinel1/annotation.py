"""What the annotation of a Sentinel-1 image says of it.

Names of elements: Sentinel-1 Product Specification, S1-RS-MDA-52-7441.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from ...errors import SceneFileError
from ..geolocation import ecef_to_geodetic, geodetic_to_ecef
from .xml_file import XMLFile

_POINTS = 'geolocationGrid/geolocationGridPointList/geolocationGridPoint'
_SWATHS = 'swathMerging/swathMergeList/swathMerge'


@dataclass(frozen=True)
class TieGrid:
    """Geolocation grid of an image, arrays of shape (n, m).

    Args:
        line: Pixel index of each row of points, (n,).
        sample: Pixel index of each column, (m,).
        latitude: Degrees north.
        longitude: Degrees east.
        incidence: Incidence angle in degrees.
        height: Metres above the ellipsoid.
    """

    line: np.ndarray
    sample: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    incidence: np.ndarray
    height: np.ndarray

    def at_sea_level(self, spacing: float) -> TieGrid:
        """Where the same pixels are on the ellipsoid.

        A point says where the terrain is that its pixel shows. Terrain is
        imaged nearer to the satellite than the sea below it, by its height
        over the tangent of the incidence angle; beside mountains, and where
        the product gives the sea a height, places between the points would
        be off by kilometres.

        Args:
            spacing: Pixel spacing on the ground in m.
        """
        if not self.height.any():
            return self
        shift = self.height / np.tan(np.radians(self.incidence)) / spacing
        parts = np.stack(geodetic_to_ecef(self.latitude, self.longitude))
        level = np.empty_like(parts)
        for row, moved in enumerate(self.sample + shift):
            if not (np.diff(moved) > 0).all():
                # Steeper than radar can show: these stay as they are.
                level[:, row] = parts[:, row]
                continue
            curve = CubicSpline(moved, parts[:, row], axis=1)
            level[:, row] = curve(self.sample)
        latitude, longitude = ecef_to_geodetic(*level)
        return replace(
            self,
            latitude=latitude,
            longitude=longitude,
            height=np.zeros_like(self.height),
        )


@dataclass(frozen=True)
class SwathBounds:
    """A rectangle of the image that one sub-swath fills; ends belong to it.

    Args:
        swath: 'EW1' to 'EW5'.
        lines: First and last line.
        samples: First and last sample.
    """

    swath: str
    lines: tuple[int, int]
    samples: tuple[int, int]


@dataclass(frozen=True)
class Annotation:
    """The annotation of one polarisation.

    Args:
        path: The file.
        platform: 'S1A' or a sister.
        product_type: 'GRD', 'SLC'.
        mode: 'EW', 'IW'.
        polarisation: 'HH', 'HV'.
        start: Time of the first line as '20180607T184326', UTC.
        stop: Time of the last line.
        absolute_orbit: Number of the orbit since launch.
        datatake: Data take, six hexadecimal digits.
        shape: Lines and samples of the image.
        spacing: Metres from line to line and from sample to sample.
        is_denoised: Whether the processor removed the thermal noise.
        ties: Geolocation grid.
        swaths: Where the sub-swaths of a merged image are.
    """

    path: Path
    platform: str
    product_type: str
    mode: str
    polarisation: str
    start: str
    stop: str
    absolute_orbit: int
    datatake: str
    shape: tuple[int, int]
    spacing: tuple[float, float]
    is_denoised: bool
    ties: TieGrid
    swaths: tuple[SwathBounds, ...]


def _compact(time: str) -> str:
    """Turn '2018-06-07T18:43:26.505937' into '20180607T184326'."""
    return time[:19].replace('-', '').replace(':', '')


def _read_ties(file: XMLFile) -> TieGrid:
    """Shape the points into a grid; their order in the file is not trusted."""
    points = file.all(_POINTS)
    if not points:
        raise SceneFileError(
            file.path,
            'a geolocation grid',
            'an annotation without',
            'Without it nobody knows where the scene is. Fetch the product '
            'again.',
        )
    names = ('line', 'pixel', 'latitude', 'longitude')
    names += ('incidenceAngle', 'height')
    table = np.array([[file.number(n, p) for n in names] for p in points])
    lines, samples = np.unique(table[:, 0]), np.unique(table[:, 1])
    shape = (len(lines), len(samples))
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    whole = len(table) == shape[0] * shape[1] and (
        (table[:, 0].reshape(shape) == lines[:, None]).all()
        and (table[:, 1].reshape(shape) == samples).all()
    )
    if not whole or min(shape) < 3:
        raise SceneFileError(
            file.path,
            'points that fill a grid of at least 3 lines and 3 samples',
            f'{len(table)} points on {shape[0]} lines and {shape[1]} samples',
            'Fetch the product again.',
        )
    return TieGrid(lines, samples, *table[:, 2:].T.reshape(-1, *shape))


def _read_swaths(file: XMLFile) -> tuple[SwathBounds, ...]:
    bounds = []
    for swath in file.all(_SWATHS):
        name = file.text('swath', swath)
        for box in swath.findall('swathBoundsList/swathBounds'):
            lines, samples = (
                tuple(int(file.number(f'{end}{axis}', box)) for end in ends)
                for axis, ends in (
                    ('AzimuthLine', ('first', 'last')),
                    ('RangeSample', ('first', 'last')),
                )
            )
            bounds.append(SwathBounds(name, lines, samples))
    return tuple(bounds)


def read_annotation(path: Path) -> Annotation:
    """Read the annotation of one image, whatever its product type.

    Raises:
        SceneFileError: If the file cannot be read, or lacks something.
    """
    file = XMLFile(path)
    image = 'imageAnnotation/imageInformation'
    return Annotation(
        path=file.path,
        platform=file.text('adsHeader/missionId'),
        product_type=file.text('adsHeader/productType'),
        mode=file.text('adsHeader/mode'),
        polarisation=file.text('adsHeader/polarisation'),
        start=_compact(file.text('adsHeader/startTime')),
        stop=_compact(file.text('adsHeader/stopTime')),
        absolute_orbit=int(file.number('adsHeader/absoluteOrbitNumber')),
        datatake=f'{int(file.number("adsHeader/missionDataTakeId")):06X}',
        shape=(
            int(file.number(f'{image}/numberOfLines')),
            int(file.number(f'{image}/numberOfSamples')),
        ),
        spacing=(
            file.number(f'{image}/azimuthPixelSpacing'),
            file.number(f'{image}/rangePixelSpacing'),
        ),
        is_denoised=file.text(
            'imageAnnotation/processingInformation/'
            'thermalNoiseCorrectionPerformed'
        )
        == 'true',
        ties=_read_ties(file),
        swaths=_read_swaths(file),
    )
