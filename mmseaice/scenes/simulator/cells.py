"""Cellular patterns: the stuff of ice floes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Points handled at once by :func:`cellular`; keeps its memory small.
_CHUNK = 1 << 20


@dataclass
class Cells:
    """Voronoi cells around jittered grid points, sampled at n pixels.

    Args:
        ids: Number of the cell each pixel lies in, int32 (n,).
        count: Number of cells that ids can take.
        centre: Distance to the cell's point, in cell sizes, float32 (n,).
        edge: How much farther the second nearest point is, in cell sizes,
            float32 (n,); about twice the distance to the cell's border.
    """

    ids: np.ndarray
    count: int
    centre: np.ndarray
    edge: np.ndarray


def cellular(
    rng: np.random.Generator, y: np.ndarray, x: np.ndarray, size: float
) -> Cells:
    """Voronoi cells of a jittered grid (Worley 1996) at given pixels.

    Args:
        rng: Source of randomness.
        y: Line of each pixel, float32 (n,), not negative.
        x: Sample of each pixel, float32 (n,), not negative.
        size: Mean cell diameter in pixels.
    """
    rows = int(y.max(initial=0) / size) + 3
    columns = int(x.max(initial=0) / size) + 3
    jitter = rng.random((2, rows * columns), dtype=np.float32)
    ids = np.empty(y.size, np.int32)
    first = np.empty(y.size, np.float32)
    second = np.empty(y.size, np.float32)
    for start in range(0, y.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        v, u = y[part] / np.float32(size), x[part] / np.float32(size)
        row, column = v.astype(np.int32), u.astype(np.int32)
        v -= row
        u -= column
        near = np.full(v.size, np.inf, np.float32)
        next_near = near.copy()
        owner = np.zeros(v.size, np.int32)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                cell = (row + (i + 1)) * columns + (column + (j + 1))
                distance = jitter[0].take(cell) + (np.float32(i) - v)
                distance *= distance
                across = jitter[1].take(cell) + (np.float32(j) - u)
                across *= across
                distance += across
                np.minimum(
                    next_near, np.maximum(near, distance), out=next_near
                )
                np.copyto(owner, cell, where=distance < near)
                np.minimum(near, distance, out=near)
        ids[part] = owner
        first[part] = np.sqrt(near)
        second[part] = np.sqrt(next_near)
    return Cells(ids, rows * columns, first, second - first)
