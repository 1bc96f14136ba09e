"""Annotation of a simulated Sentinel-1 product, in the words of real ones.

Elements and their order: Sentinel-1 Product Specification,
S1-RS-MDA-52-7441; of each file the parts that readers use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from ...utils.atomic import atomic_path
from ..naming import ProductId
from ..sentinel1.annotation import TieGrid
from .geometry import LINES_PER_SECOND, PIXEL

SWATHS = ('EW1', 'EW2', 'EW3', 'EW4', 'EW5')


@dataclass(frozen=True)
class Tables:
    """Calibration and noise of one polarisation.

    Args:
        lines: Lines of calibration and range noise vectors, (n,).
        pixels: Pixels of both, (m,).
        scale: Calibration A to sigma0 = DN^2 / A^2, (m,).
        noise: Range noise in DN^2, (n, m).
        edges: First sample of each sub-swath, and the number of samples.
        burst_lines: Lines of the azimuth noise vectors, (k,).
        factors: Azimuth noise by sub-swath, (5, k).
    """

    lines: np.ndarray
    pixels: np.ndarray
    scale: np.ndarray
    noise: np.ndarray
    edges: tuple[int, ...]
    burst_lines: np.ndarray
    factors: np.ndarray


def node(
    name: str, content: Any = '', attributes: dict[str, str] | None = None
) -> Element:
    """An element of text, of child elements, or of an array of numbers."""
    element = Element(name, attributes or {})
    if isinstance(content, np.ndarray):
        element.set('count', str(content.size))
        whole = content.dtype.kind in 'iu'
        words = (str(v) if whole else f'{v:.6e}' for v in content.tolist())
        element.text = ' '.join(words)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        element.extend(content)
    else:
        element.text = str(content)
    return element


def listing(name: str, children: Iterable[Element]) -> Element:
    """An element of several others, which it counts."""
    children = list(children)
    return node(name, children, {'count': str(len(children))})


def write_xml(path: Path, root: Element) -> None:
    """Write a document that appears under its name only when complete."""
    ElementTree.indent(root)
    with atomic_path(path) as part:
        tree = ElementTree.ElementTree(root)
        tree.write(part, encoding='UTF-8', xml_declaration=True)


def line_time(product: ProductId, line: float) -> str:
    """Time of a line in ISO 8601 with microseconds, UTC."""
    start = datetime.strptime(product.start, '%Y%m%dT%H%M%S')
    time = start + timedelta(seconds=float(line) / LINES_PER_SECOND)
    return time.isoformat(timespec='microseconds')


def _header(
    product: ProductId, polarisation: str, number: int, lines: int
) -> Element:
    return node(
        'adsHeader',
        [
            node('missionId', product.platform),
            node('productType', 'GRD'),
            node('polarisation', polarisation),
            node('mode', 'EW'),
            node('swath', 'EW'),
            node('startTime', line_time(product, 0)),
            node('stopTime', line_time(product, lines - 1)),
            node('absoluteOrbitNumber', product.absolute_orbit),
            node('missionDataTakeId', int(product.datatake, 16)),
            node('imageNumber', f'{number:03d}'),
        ],
    )


def _box(edges: Sequence[int], swath: int, lines: int) -> list[Element]:
    return [
        node('firstAzimuthLine', 0),
        node('firstRangeSample', edges[swath]),
        node('lastAzimuthLine', lines - 1),
        node('lastRangeSample', edges[swath + 1] - 1),
    ]


def _geolocation(product: ProductId, ties: TieGrid) -> Element:
    points = []
    for i, line in enumerate(ties.line):
        time = line_time(product, line)
        for j, sample in enumerate(ties.sample):
            values = {
                'latitude': ties.latitude[i, j],
                'longitude': ties.longitude[i, j],
                'height': ties.height[i, j],
                'incidenceAngle': ties.incidence[i, j],
            }
            point = [
                node('azimuthTime', time),
                node('line', int(line)),
                node('pixel', int(sample)),
            ]
            point += [node(n, f'{v:.15e}') for n, v in values.items()]
            points.append(node('geolocationGridPoint', point))
    return node(
        'geolocationGrid', [listing('geolocationGridPointList', points)]
    )


def product_annotation(
    product: ProductId,
    polarisation: str,
    number: int,
    shape: tuple[int, int],
    ties: TieGrid,
    tables: Tables,
) -> Element:
    """The annotation of one image."""
    lines, samples = shape
    image = [
        node('productFirstLineUtcTime', line_time(product, 0)),
        node('productLastLineUtcTime', line_time(product, lines - 1)),
        node('productComposition', 'Slice'),
        node('pixelValue', 'Detected'),
        node('outputPixels', '16 bit Unsigned Integer'),
        node('rangePixelSpacing', f'{PIXEL:e}'),
        node('azimuthPixelSpacing', f'{PIXEL:e}'),
        node('azimuthTimeInterval', f'{1 / LINES_PER_SECOND:.15e}'),
        node('numberOfSamples', samples),
        node('numberOfLines', lines),
    ]
    processing = [
        node('srgrConversionApplied', 'true'),
        node('detectionPerformed', 'true'),
        node('thermalNoiseCorrectionPerformed', 'false'),
        node('ellipsoidName', 'WGS84'),
    ]
    swaths = []
    for k, name in enumerate(SWATHS):
        bounds = [node('azimuthTime', line_time(product, 0))]
        bounds += _box(tables.edges, k, lines)
        box = listing('swathBoundsList', [node('swathBounds', bounds)])
        swaths.append(node('swathMerge', [node('swath', name), box]))
    general = [
        node('pass', 'Ascending'),
        node('timelinessCategory', 'NRT-3h'),
        node('projection', 'Ground Range'),
    ]
    return node(
        'product',
        [
            _header(product, polarisation, number, lines),
            node('generalAnnotation', [node('productInformation', general)]),
            node(
                'imageAnnotation',
                [
                    node('imageInformation', image),
                    node('processingInformation', processing),
                ],
            ),
            node('swathMerging', [listing('swathMergeList', swaths)]),
            _geolocation(product, ties),
        ],
    )


def calibration_annotation(
    product: ProductId,
    polarisation: str,
    number: int,
    lines: int,
    tables: Tables,
    beta: float,
) -> Element:
    """The calibration of one image; beta0 = DN^2 / beta^2."""
    constant = np.full(len(tables.pixels), beta)
    vectors = [
        node(
            'calibrationVector',
            [
                node('azimuthTime', line_time(product, line)),
                node('line', int(line)),
                node('pixel', tables.pixels),
                node('sigmaNought', tables.scale),
                node('betaNought', constant),
                node('dn', constant),
            ],
        )
        for line in tables.lines
    ]
    about = [node('absoluteCalibrationConstant', f'{1.0:e}')]
    return node(
        'calibration',
        [
            _header(product, polarisation, number, lines),
            node('calibrationInformation', about),
            listing('calibrationVectorList', vectors),
        ],
    )


def noise_annotation(
    product: ProductId,
    polarisation: str,
    number: int,
    lines: int,
    tables: Tables,
) -> Element:
    """The noise of one image: range vectors, and one block a sub-swath."""
    across = [
        node(
            'noiseRangeVector',
            [
                node('azimuthTime', line_time(product, line)),
                node('line', int(line)),
                node('pixel', tables.pixels),
                node('noiseRangeLut', values),
            ],
        )
        for line, values in zip(tables.lines, tables.noise, strict=True)
    ]
    along = [
        node(
            'noiseAzimuthVector',
            [
                node('swath', name),
                *_box(tables.edges, k, lines),
                node('line', tables.burst_lines),
                node('noiseAzimuthLut', tables.factors[k]),
            ],
        )
        for k, name in enumerate(SWATHS)
    ]
    return node(
        'noise',
        [
            _header(product, polarisation, number, lines),
            listing('noiseRangeVectorList', across),
            listing('noiseAzimuthVectorList', along),
        ],
    )
