"""One picture of a charted scene: SAR, predictions, what analysts say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmseaice.charts import LAND_COLOUR, TASKS, get_task
from mmseaice.scenes import Geolocation

from . import canvas
from .charted_layers import (
    UNCERTAINTY_COLOURS,
    WARNING,
    chart_colours,
    chart_index,
    charted_tasks,
    read_backscatter,
    read_uncertainty,
    reduction,
    sample,
)
from .graticule import compass, draw_compass, draw_graticule, graticule
from .palettes import NO_DATA, NOT_CHARTED
from .scene_figure import draw_scale_bar


def draw_quicklook(
    charted: xr.Dataset,
    path: str | os.PathLike,
    *,
    reference: xr.Dataset | None = None,
    size: int = 600,
) -> Path:
    """Draw a charted scene as one PNG.

    The first column is the SAR, HH above HV; each further one is a task: the
    prediction, how unsure the model is of it, the chart of an analyst, and
    the legend. All are in radar geometry, the first line at the top; lines
    of latitude and longitude and two arrows tell where north is. Classes are
    those of the pixel at the centre of each cell, SAR is its mean power.

    Args:
        charted: A charted scene; what it lacks is left out.
        path: File to write, format by its suffix.
        reference: An analyst's charts SIC, SOD, FLOE on the same grid, 255
            without label.
        size: Longest side of a panel in pixels.

    Returns:
        The path of the picture.

    Raises:
        PredictionError: If the scene has no chart.
        ValueError: If the reference is on another grid, or ``size`` is no
            number of pixels.
    """
    tasks = charted_tasks(charted)
    shape = charted['status'].shape
    factor = reduction(shape, size)
    status = sample(charted['status'], factor)
    sar = read_backscatter(charted, factor)
    unsure = {task: read_uncertainty(charted, task, factor) for task in tasks}
    sources = {'prediction': charted, 'chart': _on_grid(reference, shape)}
    rows = ['prediction', *(['unsure'] if any(unsure.values()) else [])]
    rows += ['chart'] if reference is not None else []
    blank = f'{NO_DATA}, or {NOT_CHARTED}' if 'chart' in rows else NO_DATA

    figure, grid = _layout(
        status.shape, size, len(rows), len(tasks) + bool(sar)
    )
    extent = (0, status.shape[1] * factor, status.shape[0] * factor, 0)
    _draw_sar(figure, grid[:, 0], sar, extent)
    for column, task in zip(grid.T[bool(sar) :], tasks, strict=True):
        for axes, row in zip(column, rows, strict=False):
            if row != 'unsure':
                title = f'{get_task(task).title}: {row}'
                axes = canvas.bare(axes, title)
                if task in sources[row]:
                    values = sample(sources[row][task], factor)
                    index = chart_index(values, status, task)
                    _show(axes, chart_colours(task)[index], extent)
            elif found := unsure[task]:
                canvas.bare(axes, f'{task}: {found.title}')
                empty = np.full(status.shape, np.nan)
                index = chart_index(empty, status, task)
                _show(axes, chart_colours(task)[index], extent)
                limits = {'vmin': 0, 'vmax': found.highest}
                limits |= {'cmap': UNCERTAINTY_COLOURS}
                shown = _show(axes, found.values, extent, **limits)
                _bar(figure, axes, shown)
        canvas.draw_legend(column[len(rows)], task, blank=blank)
    _draw_places(grid, charted, extent)
    _draw_notes(figure, charted)
    return canvas.save_figure(figure, path)


def _on_grid(
    reference: xr.Dataset | None, shape: tuple[int, int]
) -> Mapping[str, xr.DataArray]:
    """The charts of a reference that has the grid of the scene."""
    charts = {} if reference is None else reference
    charts = {name: charts[name] for name in TASKS if name in charts}
    for name, chart in charts.items():
        if chart.shape != shape:
            raise ValueError(
                'reference must have the lines and samples of the charted '
                f'scene, {shape}, but got {chart.shape} for {name}. Open it '
                'at the spacing of the chart.'
            )
    return charts


def _layout(
    shape: tuple[int, int], size: int, rows: int, columns: int
) -> tuple[Figure, np.ndarray]:
    """An empty figure, and its axes: panels, then a row for legends."""
    height, width = (side * size / max(shape) / canvas.DPI for side in shape)
    # HV needs a place below HH even where one row is all.
    heights = [height] * rows + [0.95 if rows > 1 else max(height, 0.95)]
    figure = canvas.new_figure(
        max(columns * (width + 0.75), 7), sum(heights) + 0.45 * rows + 1.2
    )
    grid = figure.subplots(
        rows + 1, columns, squeeze=False, height_ratios=heights
    )
    for axes in grid.flat:
        axes.axis('off')
    return figure, grid


def _show(
    axes: Axes, image: np.ndarray, extent: tuple[int, ...], **options: Any
) -> Any:
    """Show an image in pixel coordinates of the scene, sharp."""
    axes.axis('on')
    return axes.imshow(
        image, extent=extent, interpolation='nearest', **options
    )


def _bar(figure: Figure, axes: Axes, shown: Any, **options: Any) -> None:
    """Put a colour bar to the right of a panel."""
    box = axes.inset_axes((1.02, 0, 0.03, 1))
    bar = figure.colorbar(shown, cax=box, **options)
    bar.ax.tick_params(labelsize=canvas.LABEL_SIZE - 2)


def _draw_sar(
    figure: Figure,
    column: np.ndarray,
    sar: Mapping[str, tuple[np.ndarray, tuple[float, float]]],
    extent: tuple[int, ...],
) -> None:
    """Show HH and HV one above the other, each with its limits."""
    for axes, (name, (image, limits)) in zip(
        column, sar.items(), strict=False
    ):
        axes.axis('on')
        canvas.bare(axes, f'{name} (dB)')
        shown = canvas.show_grey(axes, image, limits, extent=extent)
        _bar(figure, axes, shown, extend='both')


def _draw_places(
    grid: np.ndarray, charted: xr.Dataset, extent: tuple[int, ...]
) -> None:
    """Draw the graticule on all panels, arrows and scale on the first."""
    shape = extent[2], extent[1]
    geolocation = Geolocation.from_scene(charted)
    lines = graticule(geolocation, shape)
    panels = [axes for axes in grid.flat if axes.images]
    for axes in panels:
        draw_graticule(axes, lines, shape)
    draw_compass(panels[0], compass(geolocation, shape), shape)
    spacing = float(charted.attrs['pixel_spacing'])
    draw_scale_bar(panels[0], shape, shape[1] * spacing)


def _draw_notes(figure: Figure, charted: xr.Dataset) -> None:
    """Say what the picture is, and what the greys are."""
    said = charted.attrs.get
    lines = [
        str(said('scene_id', '')),
        f'{said("acquisition_time", "")} UTC,  model {said("model", "")}',
        f'{WARNING}.  Radar geometry, first line at the top.',
    ]
    figure.suptitle(
        '\n'.join(lines), fontsize=canvas.TITLE_SIZE, parse_math=False
    )
    figure.legend(
        handles=[canvas.patch('land', LAND_COLOUR), canvas.no_data_patch()],
        loc='outside lower left',
        ncols=2,
        frameon=False,
        fontsize=canvas.LABEL_SIZE - 1,
        handlelength=1.2,
    )
