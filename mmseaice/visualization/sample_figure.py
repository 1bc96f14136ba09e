"""One sample as a model gets it: channels, labels, validity and place."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from mmseaice.charts import get_task
from mmseaice.scenes.cells import resample_chart

from . import canvas
from .images import robust_limits, same_span, shrink_factor, thumbnail
from .palettes import chart_to_rgb, colour_shares

_PANEL = 3.6  # inches, width of one panel
_BAR, _LEGEND = 0.75, 1.0  # inches, height below a panel

#: Least span of a scale, in standard deviations: what hardly differs for a
#: model shall not look as if it did.
_LEAST_SPAN = 2.0

_SAR = ('HH', 'HV')
_VALID_COLOUR = (90, 90, 90)
_WINDOW_COLOUR = '#d55e00'


class ChannelScale(NamedTuple):
    """What the values of a channel mean.

    Args:
        name: Name of the channel.
        units: Unit before normalisation.
        mean: What a normalised 0 stands for, in ``units``; None if the
            values are not normalised.
        std: What a normalised step of 1 stands for.
    """

    name: str
    units: str = ''
    mean: float | None = None
    std: float = 1.0

    def to_units(self, values: np.ndarray) -> np.ndarray:
        """Undo the normalisation."""
        return values * self.std + (self.mean or 0)

    def to_normalised(self, values: np.ndarray) -> np.ndarray:
        """Normalise values in ``units``."""
        return (values - (self.mean or 0)) / self.std


class ScenePlace(NamedTuple):
    """Where in its scene a sample lies.

    Args:
        image: The whole scene (h, w), NaN where invalid.
        scale: What is shown of it, not normalised.
        extent: Height and width of the scene in km.
        window: First line, first sample, height and width of the sample in
            km from the corner of the scene; may reach over its border.
    """

    image: np.ndarray
    scale: ChannelScale
    extent: tuple[float, float]
    window: tuple[float, float, float, float]


def draw_sample_figure(
    image: np.ndarray,
    scales: Sequence[ChannelScale],
    out: str | os.PathLike,
    *,
    valid: np.ndarray | None = None,
    charts: Mapping[str, np.ndarray] | None = None,
    place: ScenePlace | None = None,
    title: str = '',
) -> Path:
    """Draw one panel for the place, each channel, the validity, each chart.

    A channel's colours follow its normalised values, on a scale that
    outliers do not stretch and that spans two standard deviations at least.
    The bar below carries them at its upper side, and the unit that they had
    before at its lower side. Mean and deviation of the valid pixels stand
    above the panel. Pixels without data are pale blue, pixels without label
    grey; legends tell the share of each class.

    Args:
        image: Channels as the model gets them, (C, H, W).
        scales: What the C channels mean.
        out: File to write, format by its suffix.
        valid: Bool (H, W), True where the image is a measurement; None if
            the sample does not say.
        charts: Class numbers (h, w) by task, 255 without label. The grid
            may be finer than that of the image.
        place: Where the sample lies; None for one without a scene.
        title: Title of the figure.

    Returns:
        The path of the figure.

    Raises:
        ValueError: If shapes or the number of channels do not agree.
    """
    shape = image.shape[-2:]
    if image.shape != (len(scales), *shape):
        raise ValueError(
            f'image must have the shape ({len(scales)}, H, W) of as many '
            f'channels as scales, but got {image.shape}.'
        )
    if valid is not None and valid.shape != shape:
        raise ValueError(
            f'valid must have the shape {shape} of the image, but got '
            f'{valid.shape}.'
        )
    panels: list[tuple[Callable[[Axes, Axes], None], float]] = []
    if place is not None:
        panels.append((partial(_place_panel, place=place), _BAR))
    for values, scale in zip(image, scales, strict=True):
        panel = partial(
            _channel_panel, values=values, scale=scale, valid=valid
        )
        panels.append((panel, _BAR))
    if valid is not None:
        panels.append((partial(_validity_panel, valid=valid), _BAR))
    for task, chart in (charts or {}).items():
        panel = partial(_chart_panel, chart=chart, task=task)
        panels.append((panel, _LEGEND))

    rows = math.ceil(len(panels) / (4 if len(panels) <= 8 else 6))
    columns = math.ceil(len(panels) / rows)
    height = _PANEL * min(max(shape[0] / shape[1], 0.35), 1.6)
    heights = []
    for row in range(rows):
        cells = panels[row * columns : (row + 1) * columns]
        heights += [height, max(below for _, below in cells)]
    figure = canvas.new_figure(
        _PANEL * columns, sum(heights) + 0.45 * rows + 0.6
    )
    grid = figure.subplots(
        2 * rows, columns, squeeze=False, height_ratios=heights
    )
    for axes in (*grid[1::2].flat, *grid[::2].flat[len(panels) :]):
        axes.axis('off')
    cells = zip(grid[::2].flat, grid[1::2].flat, strict=True)
    for (panel, _), (axes, foot) in zip(panels, cells, strict=False):
        panel(axes, foot)
    # The empty line keeps it off the titles of the panels.
    figure.suptitle(f'{title}\n', fontsize=canvas.TITLE_SIZE)
    return canvas.save_figure(figure, out)


def _channel_panel(
    axes: Axes,
    foot: Axes,
    *,
    values: np.ndarray,
    scale: ChannelScale,
    valid: np.ndarray | None,
) -> None:
    """Show a channel (H, W), a bar of its two scales below."""
    known = np.isfinite(values) if valid is None else valid
    values = np.where(known, values, np.nan)
    shown = values
    if shrink_factor(values.shape) > 1:
        shown = scale.to_normalised(
            thumbnail(scale.to_units(values), decibel=scale.units == 'dB')
        )
    limits = robust_limits(shown)
    if scale.mean is not None:
        limits = same_span([limits, (0, _LEAST_SPAN)])[0]
    cmap = 'gray' if scale.name in _SAR else 'viridis'
    mappable = canvas.show_grey(axes, shown, limits, cmap=cmap)
    facts = 'no valid pixel'
    if known.any():
        facts = (
            f'mean {np.nanmean(values, dtype=float):z.2f}, '
            f'std {np.nanstd(values, dtype=float):.2f}'
        )
    canvas.bare(axes, f'{scale.name}\n{facts}')
    _draw_bar(foot, mappable, scale)


def _draw_bar(foot: Axes, shown: ScalarMappable, scale: ChannelScale) -> None:
    """Draw a colour bar with units below and normalised values above."""
    bar = foot.figure.colorbar(
        shown,
        cax=foot.inset_axes((0.06, 0.66, 0.88, 0.17)),
        orientation='horizontal',
        extend='both',
        ticks=MaxNLocator(5),
        ticklocation='bottom' if scale.mean is None else 'top',
    )
    units = bar.ax
    if scale.mean is not None:
        bar.ax.tick_params(labelsize=canvas.LABEL_SIZE - 1, pad=1)
        units = bar.ax.secondary_xaxis(
            'bottom', functions=(scale.to_units, scale.to_normalised)
        )
        units.xaxis.set_major_locator(MaxNLocator(5))
    units.tick_params(labelsize=canvas.LABEL_SIZE - 1, pad=2)
    label = scale.units if scale.units != '1' else 'without unit'
    if scale.mean is not None:
        label = f'below: {label}; above: normalised'
    units.set_xlabel(label, fontsize=canvas.LABEL_SIZE - 1, labelpad=1)


def _validity_panel(axes: Axes, foot: Axes, *, valid: np.ndarray) -> None:
    """Show where (H, W) there is data."""
    factor = shrink_factor(valid.shape)
    shown = resample_chart(valid.astype(np.uint8), factor, 'nearest')
    colours = np.array([canvas.NO_DATA_COLOUR, _VALID_COLOUR], np.uint8)
    axes.imshow(colours[shown], interpolation='nearest')
    canvas.bare(axes, f'valid\n{canvas.percent(valid.mean())} of the pixels')
    handles = [canvas.patch('valid', _VALID_COLOUR), canvas.no_data_patch()]
    _small_legend(foot, handles)


def _chart_panel(
    axes: Axes, foot: Axes, *, chart: np.ndarray, task: str
) -> None:
    """Show a chart (h, w), the share of each class in its legend."""
    shares = colour_shares(chart, task)
    factor = shrink_factor(chart.shape)
    shown = resample_chart(chart, factor, 'nearest')
    axes.imshow(chart_to_rgb(shown, task), interpolation='nearest')
    name = get_task(task).title
    canvas.bare(axes, f'{name}\nin brackets: share of the pixels')
    canvas.draw_legend(foot, task, shares=shares)


def _place_panel(axes: Axes, foot: Axes, *, place: ScenePlace) -> None:
    """Show the scene in km, and the window of the sample in it."""
    height, width = place.extent
    image = thumbnail(place.image, decibel=place.scale.units == 'dB')
    canvas.show_grey(
        axes, image, robust_limits(image), extent=(0, width, height, 0)
    )
    y, x, lines, samples = place.window
    axes.add_patch(
        Rectangle(
            (x, y),
            samples,
            lines,
            facecolor='none',
            edgecolor=_WINDOW_COLOUR,
            linewidth=1.6,
            path_effects=[withStroke(linewidth=3.2, foreground='white')],
        )
    )
    # A padded window reaches over the border of its scene.
    room = 0.02 * max(height, width)
    axes.set_xlim(min(0, x) - room, max(width, x + samples) + room)
    axes.set_ylim(max(height, y + lines) + room, min(0, y) - room)
    axes.set_title(
        f'the scene in {place.scale.name}\n'
        f'sample: {lines:.3g} x {samples:.3g} km',
        fontsize=canvas.LABEL_SIZE + 1,
    )
    axes.set_xlabel('km', fontsize=canvas.LABEL_SIZE - 1, labelpad=1)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelsize=canvas.LABEL_SIZE - 1)
    window = Patch(
        facecolor='none',
        edgecolor=_WINDOW_COLOUR,
        linewidth=1.6,
        label='this sample, before flips',
    )
    _small_legend(foot, [window, canvas.no_data_patch()])


def _small_legend(foot: Axes, handles: list[Patch]) -> None:
    foot.legend(
        handles=handles,
        loc='upper center',
        ncols=len(handles),
        fontsize=canvas.LABEL_SIZE - 1,
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1,
    )
