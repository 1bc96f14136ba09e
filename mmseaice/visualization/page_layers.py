"""The images of an HTML page: numbers that are colours and texts."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from PIL import Image

from mmseaice.charts import IGNORE_COLOUR, LAND_COLOUR, get_task
from mmseaice.scenes.stream import LAND

from .charted_layers import (
    UNCERTAINTY_COLOURS,
    Uncertainty,
    chart_colours,
    chart_index,
    charted_tasks,
    read_backscatter,
    read_uncertainty,
    sample,
)
from .images import NO_DATA_COLOUR
from .palettes import NO_DATA, legend_entries

#: Steps of grey and of uncertainty. More of them double the size of the
#: file; speckle hides the steps.
_GREYS, _STEPS = 32, 20

_BLANKS = (('land', LAND_COLOUR), (NO_DATA, IGNORE_COLOUR))


@dataclass(frozen=True)
class Layer:
    """One image of the page.

    Args:
        name: Short name, for the switch.
        group: 'sar' or 'chart': what it can be exchanged with.
        title: What it is.
        image: PNG of palette numbers as a ``data:`` URI.
        values: Text of each palette number.
        legend: Names and colours of single numbers.
        ramp: Texts ``low`` and ``high`` and ``colours`` of a scale.
    """

    name: str
    group: str
    title: str
    image: str
    values: list[str]
    legend: list[tuple[str, str]]
    ramp: dict[str, Any] | None = None


def page_layers(charted: xr.Dataset, factor: int) -> Iterator[Layer]:
    """Make the images of a scene.

    Args:
        charted: The charted scene.
        factor: Pixels per cell and axis.

    Yields:
        SAR first, then charts, then how unsure each of them is.

    Raises:
        PredictionError: If the scene has no chart.
    """
    tasks = charted_tasks(charted)
    for name, (image, limits) in read_backscatter(charted, factor).items():
        yield _sar_layer(name, image, limits)
    status = sample(charted['status'], factor)
    for task in tasks:
        row = get_task(task)
        index = chart_index(sample(charted[task], factor), status, task)
        entries = [*legend_entries(task)[:-1], *_BLANKS]
        yield Layer(
            name=task,
            group='chart',
            title=f'{row.title}: prediction',
            image=_data_uri(index, chart_colours(task)),
            values=[*row.classes, *(name for name, _ in _BLANKS)],
            legend=[(name, _hex(colour)) for name, colour in entries],
        )
    for task in tasks:
        if found := read_uncertainty(charted, task, factor):
            yield _uncertainty_layer(task, found, status)


def _sar_layer(
    name: str, image: np.ndarray, limits: tuple[float, float]
) -> Layer:
    """Backscatter (h, w) in steps of grey, pale blue without data."""
    low, high = limits
    colours = np.linspace(0, 255, _GREYS).round().astype(np.uint8)
    colours = np.repeat(colours[:, None], 3, axis=1)
    levels = _levels(image, low, high, _GREYS)
    missing = 'no SAR data'
    return Layer(
        name=name,
        group='sar',
        title=f'{name} (dB)',
        image=_data_uri(levels, np.vstack([colours, NO_DATA_COLOUR])),
        values=[
            *(f'{v:.1f} dB' for v in _middles(low, high, _GREYS)),
            missing,
        ],
        legend=[(missing, _hex(NO_DATA_COLOUR))],
        ramp=_ramp(f'{low:.1f}', f'{high:.1f}', colours),
    )


def _uncertainty_layer(
    task: str, found: Uncertainty, status: np.ndarray
) -> Layer:
    """Uncertainty in steps of colour, land and no data in their greys."""
    colours = colormaps[UNCERTAINTY_COLOURS](np.linspace(0, 1, _STEPS))
    colours = (255 * colours[:, :3]).round().astype(np.uint8)
    levels = _levels(found.values, 0, found.highest, _STEPS)
    levels[(levels == _STEPS) & (status != LAND)] += 1
    blanks = [colour for _, colour in _BLANKS]
    texts = [f'{v:.3g}' for v in _middles(0, found.highest, _STEPS)]
    return Layer(
        name=f'{task} {found.name}',
        group='chart',
        title=f'{task}: {found.title}',
        image=_data_uri(levels, np.vstack([colours, *blanks])),
        values=[*texts, *(name for name, _ in _BLANKS)],
        legend=[(name, _hex(colour)) for name, colour in _BLANKS],
        ramp=_ramp('0', f'{found.highest:g}', colours),
    )


def _levels(
    image: np.ndarray, low: float, high: float, count: int
) -> np.ndarray:
    """Number of the step, uint8; ``count`` where there is no value."""
    missing = ~np.isfinite(image)
    share = (np.where(missing, low, image) - low) / (high - low)
    levels = (share * count).clip(0, count - 1)
    return np.where(missing, count, levels).astype(np.uint8)


def _middles(low: float, high: float, count: int) -> np.ndarray:
    """The value in the middle of each step."""
    return low + (np.arange(count) + 0.5) * (high - low) / count


def _ramp(low: str, high: str, colours: np.ndarray) -> dict[str, Any]:
    """What the legend of a scale needs."""
    return {'low': low, 'high': high, 'colours': [*map(_hex, colours)]}


def _data_uri(index: np.ndarray, colours: np.ndarray) -> str:
    """Palette numbers (h, w) as a PNG of one byte per pixel, unfiltered.

    The script of the page reads the numbers, so it relies on both.
    """
    # Pillow packs more than one pixel into a byte if the palette is short.
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(colours)] = colours
    image = Image.fromarray(index)
    image.putpalette(palette.tobytes())
    file = io.BytesIO()
    image.save(file, 'PNG', compress_level=9)
    text = base64.b64encode(file.getvalue()).decode()
    return f'data:image/png;base64,{text}'


def _hex(colour: Sequence[int]) -> str:
    """A colour (0..255) as CSS writes it."""
    return '#' + ''.join(f'{int(part):02x}' for part in colour)
