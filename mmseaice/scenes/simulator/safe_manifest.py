"""The manifest of a simulated Sentinel-1 product."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from ..naming import ProductId
from ..sentinel1.annotation import TieGrid
from .safe_xml import line_time, node

_NAMESPACES = {
    'xfdu': 'urn:ccsds:schema:xfdu:1',
    'safe': 'http://www.esa.int/safe/sentinel-1.0',
    'gml': 'http://www.opengis.net/gml',
}


_PREFIXES = {'s1Level1ProductSchema': 'product'}
_IMAGE = 's1Level1MeasurementSchema'


def _identifier(path: Path, schema: str) -> str:
    """Name of a file in the manifest, as real ones make it."""
    return _PREFIXES.get(schema, '') + path.stem.replace('-', '')


def _wrapped(name: str, content: Element) -> Element:
    data = node('xmlData', [content])
    wrap = node('metadataWrap', [data], {'mimeType': 'text/xml'})
    return node('metadataObject', [wrap], {'ID': name})


def _content_units(files: Mapping[Path, str]) -> Element:
    """Which annotation belongs to which image."""
    names = {_identifier(*item): item for item in files.items()}
    units = []
    for name, (path, schema) in names.items():
        about = {'unitType': 'Metadata Unit', 'repID': schema}
        if schema == _IMAGE:
            key = path.stem.replace('-', '')
            others = [
                f'{n}Annotation' for n in names if n.endswith(key) and n != key
            ]
            about['unitType'] = 'Measurement Data Unit'
            about['dmdID'] = ' '.join(others)
        pointer = node('dataObjectPointer', '', {'dataObjectID': name})
        units.append(node('xfdu:contentUnit', [pointer], about))
    whole = {
        'unitType': 'SAFE Archive Information Package',
        'textInfo': 'Sentinel-1 EW Level-1 GRD Product',
    }
    package = node('xfdu:contentUnit', units, whole)
    return node('informationPackageMap', [package])


def _data_object(folder: Path, path: Path, schema: str) -> Element:
    """Place, size and checksum of a file."""
    data = path.read_bytes()
    href = f'./{path.relative_to(folder).as_posix()}'
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    place = {'locatorType': 'URL', 'href': href}
    stream = node(
        'byteStream',
        [
            node('fileLocation', '', place),
            node('checksum', digest, {'checksumName': 'MD5'}),
        ],
        {'size': str(len(data))},
    )
    about = {'ID': _identifier(path, schema), 'repID': schema}
    return node('dataObject', [stream], about)


def _metadata(product: ProductId, ties: TieGrid, lines: int) -> list[Element]:
    """Time, platform, orbit and footprint."""
    times = [
        node('safe:startTime', line_time(product, 0)),
        node('safe:stopTime', line_time(product, lines - 1)),
    ]
    platform = [
        node('safe:familyName', 'SENTINEL-1'),
        node('safe:number', product.platform[-1]),
    ]
    orbit = [
        node('safe:orbitNumber', product.absolute_orbit, {'type': 'start'})
    ]
    footprint = ' '.join(
        f'{ties.latitude[spot]:.6f},{ties.longitude[spot]:.6f}'
        for spot in ((0, -1), (0, 0), (-1, 0), (-1, -1))
    )
    frame = node('safe:footPrint', [node('gml:coordinates', footprint)])
    frame = node('safe:frameSet', [node('safe:frame', [frame])])
    parts = {
        'acquisitionPeriod': node('safe:acquisitionPeriod', times),
        'platform': node('safe:platform', platform),
        'measurementOrbitReference': node('safe:orbitReference', orbit),
        'measurementFrameSet': frame,
    }
    return [_wrapped(name, part) for name, part in parts.items()]


def manifest(
    folder: Path,
    product: ProductId,
    lines: int,
    ties: TieGrid,
    files: Mapping[Path, str],
) -> Element:
    """The manifest of a product.

    Args:
        folder: The SAFE folder.
        product: Who the product is.
        lines: Lines of its images.
        ties: Geolocation grid.
        files: Schema of each file.
    """
    annotation = []
    for path, schema in files.items():
        if schema != _IMAGE:
            name = _identifier(path, schema)
            pointer = node('dataObjectPointer', '', {'dataObjectID': name})
            about = {'ID': f'{name}Annotation', 'category': 'DMD'}
            annotation.append(node('metadataObject', [pointer], about))
    metadata = [*annotation, *_metadata(product, ties, lines)]
    objects = [_data_object(folder, *item) for item in files.items()]
    return node(
        'xfdu:XFDU',
        [
            _content_units(files),
            node('metadataSection', metadata),
            node('dataObjectSection', objects),
        ],
        {f'xmlns:{name}': url for name, url in _NAMESPACES.items()},
    )
