"""Layers of a charted scene, as small as a screen shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmseaice.charts import (
    IGNORE,
    IGNORE_COLOUR,
    LAND_COLOUR,
    TASKS,
    get_task,
)
from mmseaice.errors import PredictionError
from mmseaice.scenes import resample_field
from mmseaice.scenes.stream import LAND

from .images import robust_limits, same_span

#: Colour map of uncertainties, dark where the model is sure.
UNCERTAINTY_COLOURS = 'viridis'

#: What every picture of a chart says.
WARNING = 'Not for navigation'

_LINES_AT_ONCE = 512


@dataclass(frozen=True)
class Uncertainty:
    """How unsure a charted scene is of one task.

    Args:
        name: Short name.
        title: What it is, with its unit.
        values: Float32 (h, w), NaN where not charted.
        highest: Largest value there can be; the smallest is 0.
    """

    name: str
    title: str
    values: np.ndarray
    highest: float


def charted_tasks(charted: xr.Dataset) -> list[str]:
    """Names of the tasks that a charted scene has, in their usual order.

    Raises:
        PredictionError: If it has none.
    """
    tasks = [name for name in TASKS if name in charted]
    if not tasks:
        raise PredictionError(
            charted.attrs.get('scene_id', 'scene'),
            f'one of the charts {", ".join(TASKS)}',
            f'{", ".join(map(str, charted)) or "nothing"}',
            'Run the inference with a model that charts one of them.',
        )
    return tasks


def reduction(shape: tuple[int, int], max_side: int) -> int:
    """Whole number of pixels per cell that brings a scene to ``max_side``.

    Cell ``i`` covers the pixels ``[i n, (i + 1) n)``, so at most ``n - 1``
    pixels are left over at the far edges.

    Args:
        shape: Lines and samples of the scene.
        max_side: Longest side (cells) that is wanted.

    Raises:
        ValueError: If ``max_side`` is not positive.
    """
    if max_side < 1:
        raise ValueError(
            f'size must be a number of pixels, at least 1, but got {max_side}.'
        )
    return min(-(-max(shape) // max_side), min(shape))


def sample(layer: xr.DataArray, factor: int) -> np.ndarray:
    """The pixel at the centre of each cell; no other is read.

    Args:
        layer: Any layer (H, W).
        factor: Pixels per cell and axis.

    Returns:
        Values (H // factor, W // factor).
    """
    ends = (size // factor * factor for size in layer.shape)
    lines, samples = (slice(factor // 2, end, factor) for end in ends)
    return np.array(layer[lines, samples].values)


def mean_backscatter(layer: xr.DataArray, factor: int) -> np.ndarray:
    """Mean power of each cell in dB, read by blocks of lines.

    Args:
        layer: Backscatter in dB (H, W), NaN where missing.
        factor: Pixels per cell and axis.

    Returns:
        Float32 (H // factor, W // factor), NaN where less than half of a
        cell has data.
    """
    step = max(_LINES_AT_ONCE // factor, 1) * factor
    end = layer.shape[0] // factor * factor
    parts = []
    for start in range(0, end, step):
        block = layer[start : min(start + step, end)].values
        parts.append(
            resample_field(block, np.isfinite(block), factor, decibel=True)
        )
    return np.concatenate(parts)


def read_backscatter(
    charted: xr.Dataset, factor: int
) -> dict[str, tuple[np.ndarray, tuple[float, float]]]:
    """HH and HV, as far as a scene has them, with limits of a grey scale.

    Args:
        charted: The charted scene.
        factor: Pixels per cell and axis.

    Returns:
        Mean power in dB (h, w) and the values shown black and white, in
        equal steps of grey per dB.
    """
    images = {
        name: mean_backscatter(charted[name], factor)
        for name in ('HH', 'HV')
        if name in charted
    }
    limits = [robust_limits(image) for image in images.values()]
    limits = same_span(limits) if limits else []
    pairs = zip(images.values(), limits, strict=True)
    return dict(zip(images, pairs, strict=True))


def read_uncertainty(
    charted: xr.Dataset, task: str, factor: int
) -> Uncertainty | None:
    """The uncertainty of one task, or None if the scene has none of it.

    An interval goes before a standard deviation.

    Args:
        charted: The charted scene.
        task: Name of the task.
        factor: Pixels per cell and axis.
    """
    low, high = f'{task}_low', f'{task}_high'
    if low in charted and high in charted:
        low, high = (sample(charted[name], factor) for name in (low, high))
        name = 'interval width'
        return Uncertainty(name, f'{name} (%)', 10 * (high - low), 100)
    if f'{task}_std' in charted:
        values = 10 * sample(charted[f'{task}_std'], factor)
        name = 'standard deviation'
        return Uncertainty(name, f'{name} (%)', values, 50)
    if f'{task}_entropy' in charted:
        values = sample(charted[f'{task}_entropy'], factor)
        return Uncertainty('entropy', 'entropy (0 sure, 1 unsure)', values, 1)
    return None


def chart_index(
    values: np.ndarray, status: np.ndarray, task: str
) -> np.ndarray:
    """Row of :func:`chart_colours` for each pixel of a chart.

    Args:
        values: Classes (h, w), or real SIC in tenths, which is rounded;
            255 or NaN without a class.
        status: 0 charted, 1 land, 2 no data, shape (h, w). A class wins
            over land, since a reference may chart what a model did not.
        task: Name of the task.

    Returns:
        uint8 (h, w): the class, then one row for land and one for no data.
    """
    count = get_task(task).num_classes
    unknown = ~np.isfinite(values) | (values == IGNORE)
    classes = np.rint(np.where(unknown, 0, values)).clip(0, count - 1)
    blank = np.where(status == LAND, count, count + 1)
    return np.where(unknown, blank, classes).astype(np.uint8)


def chart_colours(task: str) -> np.ndarray:
    """Colours of the classes of a task, of land and of no data.

    Returns:
        uint8 (classes + 2, 3).
    """
    palette = get_task(task).palette
    return np.array([*palette, LAND_COLOUR, IGNORE_COLOUR], np.uint8)
