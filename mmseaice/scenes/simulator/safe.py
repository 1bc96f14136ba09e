"""Write a simulated scene as a Sentinel-1 product in a SAFE folder.

What a processor would have measured: thermal noise of five sub-swaths is
added to the simulated sigma0, and the sum is stored as calibrated digital
numbers. Noise-equivalent sigma0 follows the product definition of EW; the
calibration constant is that of real EW GRDM products.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from rasterio.control import GroundControlPoint

from ..naming import ProductId, parse_product_id
from ..sentinel1.annotation import TieGrid
from .geometry import LINES_PER_SECOND, PIXEL, incidence_angle
from .noise import BURST_SECONDS, SUBSWATH_EDGES
from .safe_manifest import manifest
from .safe_xml import (
    Tables,
    calibration_annotation,
    noise_annotation,
    product_annotation,
    write_xml,
)

#: beta0 = DN^2 / BETA^2.
BETA = 237.0

#: Noise-equivalent sigma0 (dB) in the middle of each sub-swath, and by how
#: much (dB) it rises to its borders.
_NESZ = (-26.0, -28.5, -29.5, -30.0, -29.0)
_SAG = 1.5
#: By how much noise breathes with the bursts, as a share.
_SCALLOPING = (0.25, 0.12, 0.1, 0.1, 0.1)

_STEP = 40  # pixels between calibration and noise values
_VECTORS = 6


def _take_ties(scene: xr.Dataset) -> TieGrid:
    line, sample = (scene[n].values - 0.5 for n in ('y_tie', 'x_tie'))
    across = incidence_angle(scene.sizes['x'])
    across = np.interp(sample, np.arange(len(across)), across)
    places = (scene[n].values for n in ('latitude', 'longitude'))
    incidence = np.broadcast_to(across, scene['latitude'].shape)
    height = np.zeros(incidence.shape)
    return TieGrid(line, sample, *places, incidence, height)


def _make_tables(shape: tuple[int, int], channel: int) -> Tables:
    """Calibration and noise of an image; HV noise is a little lower."""
    lines, samples = shape
    angle = incidence_angle(samples)
    inner = np.searchsorted(angle, SUBSWATH_EDGES)
    edges = (0, *(int(edge) for edge in inner), samples)
    # Both sides of a border, so that noise steps there.
    pixels = {0, *range(0, samples, _STEP), samples - 1}
    pixels = np.array(sorted(pixels | set(inner) | set(inner - 1)))
    swath = np.searchsorted(edges, pixels, 'right') - 1
    first, last = np.array(edges[:-1]), np.array(edges[1:])
    middle, half = (first + last) / 2, (last - first) / 2
    across = (pixels - middle[swath]) / half[swath]
    nesz = np.array(_NESZ)[swath] + _SAG * across**2 - 0.5 * channel
    scale = BETA / np.sqrt(np.sin(np.radians(angle[pixels])))
    # Drifts by some per cent along the scene, as with the instrument.
    drift = np.linspace(0.98, 1.03, _VECTORS)[:, None]
    burst = BURST_SECONDS * LINES_PER_SECOND
    burst_lines = np.arange(0, lines + burst / 16, burst / 16).astype(int)
    wave = np.cos(2 * np.pi * burst_lines / burst)
    return Tables(
        lines=np.linspace(0, lines - 1, _VECTORS).astype(int),
        pixels=pixels,
        scale=scale,
        noise=drift * (10 ** (nesz / 10) * scale**2),
        edges=edges,
        burst_lines=burst_lines,
        factors=1 + np.array(_SCALLOPING)[:, None] * wave,
    )


def _noise_of(tables: Tables, shape: tuple[int, int]) -> np.ndarray:
    """Noise of every pixel in DN^2, float64 (lines, samples)."""
    lines, samples = (np.arange(n) for n in shape)
    rows = [np.interp(samples, tables.pixels, row) for row in tables.noise]
    rows = np.stack(rows)
    place = np.interp(lines, tables.lines, np.arange(len(tables.lines)))
    low = np.minimum(place.astype(int), len(rows) - 2)
    noise = rows[low] + (place - low)[:, None] * (rows[low + 1] - rows[low])
    for k, factors in enumerate(tables.factors):
        along = np.interp(lines, tables.burst_lines, factors)
        noise[:, tables.edges[k] : tables.edges[k + 1]] *= along[:, None]
    return noise


def _digital_numbers(
    sigma0: np.ndarray,
    tables: Tables,
    rng: np.random.Generator | None,
    looks: float,
) -> np.ndarray:
    """Digital numbers of sigma0 in dB, uint16, 0 for no data."""
    noise = _noise_of(tables, sigma0.shape)
    if rng is not None:
        noise *= rng.gamma(looks, 1 / looks, noise.shape)
    samples = np.arange(sigma0.shape[1])
    scale = np.interp(samples, tables.pixels, tables.scale)
    power = 10 ** (sigma0.astype(float) / 10) * scale**2 + noise
    numbers = np.clip(np.rint(np.sqrt(power)), 1, 65535)
    return np.where(np.isfinite(sigma0), numbers, 0).astype(np.uint16)


def _write_image(path: Path, numbers: np.ndarray, ties: TieGrid) -> None:
    """Write the pixels with control points, one line a strip."""
    points = [
        GroundControlPoint(row, column, lon, lat, 0.0, f'{i}')
        for i, (row, column, lat, lon) in enumerate(
            zip(
                np.repeat(ties.line, len(ties.sample)),
                np.tile(ties.sample, len(ties.line)),
                ties.latitude.ravel(),
                ties.longitude.ravel(),
                strict=True,
            ),
            1,
        )
    ]
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        height=numbers.shape[0],
        width=numbers.shape[1],
        count=1,
        dtype='uint16',
        blockysize=1,
        gcps=points,
        crs='EPSG:4326',
    ) as file:
        file.write(numbers, 1)


def write_safe(
    scene: xr.Dataset,
    folder: str | Path,
    *,
    seed: int | None = 0,
    looks: float = 10.7,
) -> Path:
    """Write a raw scene as an EW GRDM product.

    A scene of any width spans the whole swath, with all five sub-swaths and
    the incidence angles from near to far range.

    Args:
        scene: Canonical scene at 40 m with ``HH`` and ``HV`` in dB, tie
            points, and the product's name in its attributes, such as a raw
            simulated one that was opened with ``mask='none'``.
        folder: Where the SAFE folder goes.
        seed: Seed of the speckle of the noise; None adds its mean.
        looks: Equivalent number of looks of that speckle.

    Returns:
        Path of the SAFE folder.

    Raises:
        FileExistsError: If there is one already.
        ValueError: If the scene has other pixels, or no product's name.
    """
    if scene.attrs['pixel_spacing'] != PIXEL:
        raise ValueError(
            f'scene must have pixels of {PIXEL:g} m, but got '
            f'{scene.attrs["pixel_spacing"]:g} m.'
        )
    product = parse_product_id(scene.attrs['product_id'])
    path = Path(folder) / f'{product.product_id}.SAFE'
    if path.exists():
        raise FileExistsError(f'{path} exists. Remove it first.')
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    shutil.rmtree(part, ignore_errors=True)
    try:
        _fill(part, scene, product, seed, looks)
        os.rename(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return path


def _fill(
    folder: Path,
    scene: xr.Dataset,
    product: ProductId,
    seed: int | None,
    looks: float,
) -> None:
    """Write all files of a product into a folder."""
    tables_folder = folder / 'annotation' / 'calibration'
    measurement = folder / 'measurement'
    for new in (tables_folder, measurement):
        new.mkdir(parents=True)
    ties = _take_ties(scene)
    shape = scene['HH'].shape
    files: dict[Path, str] = {}
    for number, name in enumerate(('HH', 'HV'), 1):
        rng = None if seed is None else np.random.default_rng([seed, number])
        tables = _make_tables(shape, number - 1)
        short = (
            f'{product.platform}-ew-grd-{name}-{product.start}-{product.stop}'
            f'-{product.absolute_orbit:06d}-{product.datatake}-{number:03d}'
        ).lower()
        about = (product, name, number)
        documents = {
            folder / 'annotation' / f'{short}.xml': (
                's1Level1ProductSchema',
                product_annotation(*about, shape, ties, tables),
            ),
            tables_folder / f'noise-{short}.xml': (
                's1Level1NoiseSchema',
                noise_annotation(*about, shape[0], tables),
            ),
            tables_folder / f'calibration-{short}.xml': (
                's1Level1CalibrationSchema',
                calibration_annotation(*about, shape[0], tables, BETA),
            ),
        }
        for path, (schema, root) in documents.items():
            write_xml(path, root)
            files[path] = schema
        image = measurement / f'{short}.tiff'
        numbers = _digital_numbers(scene[name].values, tables, rng, looks)
        _write_image(image, numbers, ties)
        files[image] = 's1Level1MeasurementSchema'
    write_xml(
        folder / 'manifest.safe',
        manifest(folder, product, shape[0], ties, files),
    )
