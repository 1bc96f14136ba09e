"""Random fields, smooth and fractal.

All sizes are in pixels of the grid that is asked for. Fields are float32
and cost a few operations per pixel, so that a whole scene fits in seconds.
"""

from __future__ import annotations

import numpy as np


def _spline_taps(length: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """First lattice node and the 4 cubic B-spline weights of each pixel."""
    position = (np.arange(length) + 0.5) / scale
    node = np.floor(position).astype(int)
    t = position - node
    weights = np.stack(
        [
            (1 - t) ** 3 / 6,
            (3 * t**3 - 6 * t**2 + 4) / 6,
            (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
            t**3 / 6,
        ],
        axis=1,
    )
    return node, weights.astype(np.float32)


def interpolate_lattice(
    lattice: np.ndarray, shape: tuple[int, int], scale: float
) -> np.ndarray:
    """Cubic B-spline surface over lattice values.

    Args:
        lattice: Node values, shape (m, n) with m >= shape[0] / scale + 4.
        shape: Output shape (H, W).
        scale: Pixels between two nodes.

    Returns:
        Float32 array of shape (H, W).
    """
    node_y, weight_y = _spline_taps(shape[0], scale)
    node_x, weight_x = _spline_taps(shape[1], scale)
    rows = sum(lattice[:, node_x + k] * weight_x[:, k] for k in range(4))
    out = np.empty(shape, np.float32)
    starts = np.flatnonzero(np.diff(node_y, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], shape[0]], strict=True):
        first = node_y[start]
        np.matmul(
            weight_y[start:stop], rows[first : first + 4], out[start:stop]
        )
    return out


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, int], scale: float
) -> np.ndarray:
    """Smooth Gaussian field of zero mean and about unit variance.

    Args:
        rng: Source of randomness.
        shape: Output shape (H, W).
        scale: Pixels between independent values.
    """
    size = [int(n / scale) + 5 for n in shape]
    lattice = rng.standard_normal(size, dtype=np.float32)
    return interpolate_lattice(lattice / np.float32(0.475), shape, scale)


def fractal_field(
    rng: np.random.Generator,
    shape: tuple[int, int],
    scale: float,
    finest: float,
    persistence: float = 0.5,
) -> np.ndarray:
    """Sum of smooth fields whose scale halves from one to the next.

    Args:
        rng: Source of randomness.
        shape: Output shape (H, W).
        scale: Pixels between independent values of the coarsest part.
        finest: No part is finer than this.
        persistence: Amplitude of a part relative to the next coarser one.

    Returns:
        Float32 field of about unit variance, shape (H, W).
    """
    total = smooth_field(rng, shape, scale)
    amplitude, power = 1.0, 1.0
    while scale / 2 >= finest:
        scale, amplitude = scale / 2, amplitude * persistence
        part = smooth_field(rng, shape, scale)
        part *= np.float32(amplitude)
        total += part
        power += amplitude**2
    total /= np.float32(np.sqrt(power))
    return total


def double(values: np.ndarray) -> np.ndarray:
    """Refine a grid by two with linear interpolation between centres.

    Args:
        values: Array (H, W).

    Returns:
        Array (2 H, 2 W) of the same dtype.
    """
    for axis in (0, 1):
        padded = np.concatenate(
            [
                values.take([0], axis),
                values,
                values.take([-1], axis),
            ],
            axis,
        )
        count = values.shape[axis]
        index = [slice(None)] * 2
        index[axis] = slice(0, count)
        before = padded[tuple(index)]
        index[axis] = slice(2, count + 2)
        after = padded[tuple(index)]
        shape = list(values.shape)
        shape[axis] *= 2
        fine = np.empty(shape, values.dtype)
        index[axis] = slice(0, None, 2)
        fine[tuple(index)] = 0.75 * values + 0.25 * before
        index[axis] = slice(1, None, 2)
        fine[tuple(index)] = 0.75 * values + 0.25 * after
        values = fine
    return values
