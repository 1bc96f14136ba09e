"""Borders of chart polygons drawn in the wrong place."""

from __future__ import annotations

import numpy as np

from .simulator.fields import smooth_field

#: Distance between independent displacements, in multiples of their size.
#: Nearer, and neighbouring borders would be torn or folded.
_REACH = 5

#: The same in pixels, at least: a field has to be smooth on their grid.
_SMOOTH = 8

#: Parts of the way to the displaced place that are tried one by one.
_STEPS = (1.0, 0.5, 0.25, 0.0)

#: Lines at a time, to bound the memory.
_STRIP = 256


def displacement_field(
    shape: tuple[int, int], rms: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random displacements, independent on both axes.

    Values farther apart than five times ``rms`` are nearly independent.

    Args:
        shape: Grid (H, W).
        rms: Root mean square, over the grid, of the displacements' length.
        rng: Source of randomness.

    Returns:
        How far down and to the right, float32 (H, W) each; all in pixels.
    """
    scale = max(_REACH * rms, _SMOOTH)
    field = [smooth_field(rng, shape, scale) for _ in range(2)]
    power = sum(np.mean(np.square(part), dtype=np.float64) for part in field)
    factor = np.float32(rms / np.sqrt(power))
    for part in field:
        part *= factor
    return field[0], field[1]


def displace_polygons(
    polygon_ids: np.ndarray,
    metres: float,
    pixel_spacing: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Displace the borders between polygons, and no other.

    Every pixel takes the id of a pixel nearby, some
    :func:`displacement_field` away; beyond the edge of the scene it is the
    edge's. Where there is no polygon there will be none, and everywhere
    else there will be one: a pixel whose source has none looks half of the
    way, then a quarter, and keeps its id if that does not help. A polygon
    much smaller than ``metres`` may vanish.

    Args:
        polygon_ids: Polygon id per pixel, shape (H, W). Masked, NaN, 0 and
            65535 are no polygon.
        metres: Root mean square of the displacements; 0 changes nothing.
        pixel_spacing: In metres.
        rng: Source of randomness.

    Returns:
        New ids of the same shape and type.

    Raises:
        ValueError: If ``metres`` is negative or not finite.
    """
    if not 0 <= metres < np.inf:
        raise ValueError(
            f'metres must be finite and 0 or more, but got {metres}.'
        )
    ids = np.ma.getdata(polygon_ids)
    out = ids.copy()
    if metres == 0:
        return out
    inside = ~np.ma.getmaskarray(polygon_ids)
    inside &= np.isfinite(ids) & (ids != 0) & (ids != 65535)
    field = displacement_field(ids.shape, metres / pixel_spacing, rng)
    last = np.array(ids.shape)[:, None] - 1
    for start in range(0, len(ids), _STRIP):
        strip = slice(start, start + _STRIP)
        pixel = np.stack(np.nonzero(inside[strip]))
        way = np.stack([part[strip][tuple(pixel)] for part in field])
        pixel[0] += start
        for step in _STEPS:
            source = np.rint(pixel + step * way).astype(np.intp)
            source = tuple(np.clip(source, 0, last))
            found = inside[source]
            out[tuple(pixel[:, found])] = ids[source][found]
            pixel, way = pixel[:, ~found], way[:, ~found]
    return out
