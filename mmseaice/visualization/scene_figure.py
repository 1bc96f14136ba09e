"""One scene at a glance: SAR, the charts, and what the model says."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from mmseaice.charts import IGNORE, TASKS, get_task
from mmseaice.evaluation.functional import AutoICESums, round_to_classes
from mmseaice.scenes.cells import resample_chart

from . import canvas
from .images import robust_limits, same_span, shrink_factor, thumbnail
from .palettes import NO_DATA, NOT_CHARTED, chart_to_rgb

_PANEL = 3.3  # inches, width of one panel


def draw_scene_figure(
    hh: np.ndarray,
    hv: np.ndarray,
    truth: Mapping[str, np.ndarray],
    prediction: Mapping[str, np.ndarray],
    out: str | os.PathLike,
    *,
    title: str = '',
    spacing: float | None = None,
) -> Path:
    """Draw HH and HV beside chart and prediction of each task.

    The first column shows HH above HV, with equal steps of grey per dB on
    scales that outliers do not stretch; pixels without data are pale blue.
    Each further column shows one task, the chart above and the prediction
    below, with its legend; pixels without a class are grey. All panels are
    in swath geometry, the first line at the top. The title carries the
    scores of this scene.

    Args:
        hh: Backscatter in dB (H, W), NaN where invalid.
        hv: The other polarisation, same grid.
        truth: Charts (h, w) by task, 255 without label; may be empty. The
            grid may be finer or coarser than that of the SAR.
        prediction: Predicted charts (h, w) by task, 255 or NaN where there
            is none; may be empty.
        out: File to write, format by its suffix.
        title: Name of the scene.
        spacing: Pixel spacing of the SAR in metres, for a scale bar.

    Returns:
        The path of the figure.
    """
    tasks = [name for name in TASKS if name in truth or name in prediction]
    height, width = hh.shape
    aspect = min(max(height / width, 0.5), 1.6)
    figure = canvas.new_figure(
        _PANEL * (1 + len(tasks)), 2 * _PANEL * aspect + 1.9
    )
    grid = figure.subplots(
        3,
        1 + len(tasks),
        squeeze=False,
        height_ratios=(_PANEL * aspect, _PANEL * aspect, 0.9),
    )
    sar = {'HH': thumbnail(hh), 'HV': thumbnail(hv)}
    limits = same_span([robust_limits(image) for image in sar.values()])
    grid[2, 0].axis('off')
    for index, (name, image) in enumerate(sar.items()):
        axes = canvas.bare(grid[index, 0], f'{name} (dB)')
        shown = canvas.show_grey(axes, image, limits[index])
        box = (0.14, 0.8 - 0.42 * index, 0.78, 0.12)
        bar = figure.colorbar(
            shown,
            cax=grid[2, 0].inset_axes(box),
            orientation='horizontal',
            extend='both',
        )
        bar.ax.tick_params(labelsize=canvas.LABEL_SIZE - 1)
        bar.ax.set_ylabel(
            name, rotation=0, ha='right', va='center', labelpad=12
        )
    _draw_notes(grid[2, 0])
    if spacing:
        draw_scale_bar(grid[0, 0], sar['HH'].shape, width * spacing)

    for column, task in zip(grid.T[1:], tasks, strict=True):
        name = get_task(task).title
        chart_panel(column[0], truth.get(task), task, f'{name}: chart')
        chart_panel(column[1], prediction.get(task), task, 'prediction')
        canvas.draw_legend(
            column[2], task, blank=f'{NOT_CHARTED}, or {NO_DATA}'
        )
    scores = canvas.score_line(
        _scene_scores(truth, prediction),
        {'SIC': 'SIC R²', 'SOD': 'SOD F1', 'FLOE': 'FLOE F1'}
        | {'combined': 'combined'},
    )
    lines = [line for line in (title, scores) if line]
    figure.suptitle('\n'.join(lines), fontsize=canvas.TITLE_SIZE)
    return canvas.save_figure(figure, out)


def chart_panel(
    axes: Axes, chart: np.ndarray | None, task: str, title: str
) -> None:
    """Show a chart (H, W) in the colours of its task, or say it is absent."""
    canvas.bare(axes, title)
    if chart is None:
        axes.text(0.5, 0.5, 'none', ha='center', transform=axes.transAxes)
        axes.set_frame_on(False)
        return
    chart = np.asarray(chart)
    chart = resample_chart(chart, shrink_factor(chart.shape), 'nearest')
    axes.imshow(chart_to_rgb(chart, task), interpolation='nearest')


def _draw_notes(axes: Axes) -> None:
    """Say below the colour bars what is pale blue, and where line 0 is."""
    axes.legend(
        handles=[canvas.no_data_patch()],
        title='swath geometry, line 0 at the top',
        title_fontsize=canvas.LABEL_SIZE - 1,
        fontsize=canvas.LABEL_SIZE - 1,
        loc='upper center',
        bbox_to_anchor=(0.5, 0.14),
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
    )


def _scene_scores(
    truth: Mapping[str, np.ndarray], prediction: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """AutoICE scores of the predicted part of one scene, SIC in tenths."""
    sums = AutoICESums()
    for task in TASKS:
        if task in truth and task in prediction:
            predicted = round_to_classes(prediction[task], TASKS[task])
            missing = ~np.isfinite(predicted) | (predicted == IGNORE)
            labels = np.where(missing, IGNORE, truth[task])
            sums.update(task, labels, predicted)
    return sums.scores()


def draw_scale_bar(axes: Axes, shape: tuple[int, int], width: float) -> None:
    """Draw a bar of a round length, up to a quarter of the width.

    Args:
        axes: Axes of an image.
        shape: Its pixels (h, w) as drawn.
        width: Its width in metres.
    """
    power = 10 ** math.floor(math.log10(width / 4000))
    steps = (step * power for step in (5, 2, 1))
    length = next(step for step in steps if step <= width / 4000)
    pixels = length * 1000 / width * shape[1]
    left, bottom = 0.04 * shape[1], 0.95 * shape[0]
    axes.plot(
        (left, left + pixels),
        (bottom, bottom),
        color='white',
        linewidth=3,
        path_effects=[withStroke(linewidth=5, foreground='black')],
    )
    axes.text(
        left,
        0.93 * shape[0],
        f'{length:g} km',
        color='white',
        fontsize=canvas.LABEL_SIZE,
        path_effects=[withStroke(linewidth=3, foreground='black')],
    )
