"""What probabilities promise against how often they come true."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from mmseaice.charts import get_task
from mmseaice.evaluation.functional.reliability import ReliabilitySums

from . import canvas
from .sweep_figure import COLOURS, MARKERS

#: Panels side by side.
_COLUMNS = 4


def draw_reliability_figure(
    sums: Mapping[str, ReliabilitySums], task: str, out: str | os.PathLike
) -> Path:
    """Draw reliability curves, with the pixels in each bin below.

    The first panel is that of the most likely class of each pixel, whose
    calibration error is the usual one; one panel for each class follows. A
    curve below the diagonal is overconfident. ECE is the expected
    calibration error.

    Args:
        sums: What to compare by its name, such as 'before' and 'after'.
        task: Name of the task, for class names.
        out: File to write, format by its suffix.

    Returns:
        The path of the figure.
    """
    row = get_task(task)
    panels = {'most likely class': None}
    panels |= {name: number for number, name in enumerate(row.classes)}
    lines = -(-len(panels) // _COLUMNS)
    figure = canvas.new_figure(2.5 * _COLUMNS, 3.1 * lines + 0.6)
    grid = figure.subplots(
        2 * lines, _COLUMNS, sharex=True, height_ratios=[3, 1] * lines
    )
    for place in range(lines * _COLUMNS):
        line, column = divmod(place, _COLUMNS)
        above, below = grid[2 * line : 2 * line + 2, column]
        if place < len(panels):
            title = list(panels)[place]
            _draw_panel(above, below, sums, panels[title])
            above.set_title(title, fontsize=canvas.LABEL_SIZE + 1)
            if column:
                above.tick_params(labelleft=False)
                below.tick_params(labelleft=False)
            else:
                above.set_ylabel('came true', fontsize=canvas.LABEL_SIZE)
                below.set_ylabel('pixels', fontsize=canvas.LABEL_SIZE)
            below.tick_params(labelbottom=True)
            below.set_xlabel('probability', fontsize=canvas.LABEL_SIZE)
        else:
            above.axis('off')
            below.axis('off')
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(),
        loc='outside lower center',
        ncols=len(sums),
        frameon=False,
        fontsize=canvas.LABEL_SIZE + 1,
    )
    figure.suptitle(row.title, fontsize=canvas.TITLE_SIZE)
    return canvas.save_figure(figure, out)


def _draw_panel(
    above: Axes,
    below: Axes,
    sums: Mapping[str, ReliabilitySums],
    number: int | None,
) -> None:
    """Curves of one class, and how its pixels spread over the bins."""
    above.plot([0, 1], [0, 1], color='0.6', linewidth=0.8, linestyle='--')
    for index, (name, found) in enumerate(sums.items()):
        curve = found.curve(number)
        colour = COLOURS[1 - index] if len(sums) == 2 else COLOURS[index]
        some = curve.count > 0
        above.plot(
            curve.confidence[some],
            curve.frequency[some],
            color=colour,
            marker=MARKERS[index],
            markersize=3.5,
            linewidth=1.3,
            label=name,
            zorder=3,
        )
        above.text(
            0.03,
            0.97 - 0.11 * index,
            f'ECE {100 * found.ece(number):.1f} %',
            color=colour,
            transform=above.transAxes,
            va='top',
            fontsize=canvas.LABEL_SIZE - 1,
        )
        below.stairs(
            curve.count / max(1, curve.count.sum()),
            np.linspace(0, 1, len(curve.count) + 1),
            color=colour,
            linewidth=1.2,
        )
    above.set(xlim=(0, 1), ylim=(0, 1.03), yticks=[0, 0.5, 1])
    below.set(xlim=(0, 1), ylim=(0, 1), yticks=[0, 1], xticks=[0, 0.5, 1])
    below.yaxis.set_major_formatter(PercentFormatter(1))
    for axes in (above, below):
        axes.tick_params(labelsize=canvas.LABEL_SIZE - 1)
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(color='0.92', linewidth=0.6)
