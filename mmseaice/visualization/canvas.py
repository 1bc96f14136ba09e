"""Matplotlib figures without pyplot, so without any global state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmseaice.utils.atomic import atomic_path

from .images import NO_DATA_COLOUR, invalid_overlay
from .palettes import NOT_CHARTED, Colour, legend_entries

DPI = 130
TITLE_SIZE = 12
LABEL_SIZE = 9


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of the given size in inches."""
    figure = Figure((width, height), dpi=DPI, layout='constrained')
    # Titles keep clear of the panel above.
    figure.get_layout_engine().set(h_pad=0.08)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, out: str | os.PathLike) -> Path:
    """Write a figure; the suffix of ``out`` names the format."""
    out = Path(out)
    with atomic_path(out) as part:
        figure.savefig(
            part,
            format=out.suffix.lstrip('.') or 'png',
            bbox_inches='tight',
            pad_inches=0.1,
        )
    return out


def bare(axes: Axes, title: str = '') -> Axes:
    """Take ticks off the axes and set their title."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=LABEL_SIZE + 1)
    return axes


def show_grey(
    axes: Axes,
    image: np.ndarray,
    limits: tuple[float, float],
    *,
    invalid: np.ndarray | None = None,
    **options: Any,
) -> Any:
    """Show one channel in grey, invalid pixels in pale blue.

    Args:
        axes: Where to draw.
        image: Values (H, W), NaN where invalid.
        limits: Values shown black and white.
        invalid: Bool (H, W), pixels without data; by default all that are
            not finite.
        **options: More arguments of ``imshow``.

    Returns:
        The image that a colour bar can refer to.
    """
    low, high = limits
    options = {'cmap': 'gray', 'interpolation': 'nearest'} | options
    shown = axes.imshow(image, vmin=low, vmax=high, **options)
    if invalid is None:
        invalid = ~np.isfinite(image)
    axes.imshow(
        invalid_overlay(invalid),
        interpolation='nearest',
        extent=options.get('extent'),
    )
    return shown


def patch(name: str, colour: Colour) -> Patch:
    """Legend entry of a colour (0..255)."""
    return Patch(facecolor=np.divide(colour, 255), edgecolor='0.3', label=name)


def no_data_patch() -> Patch:
    """Legend entry of pixels without SAR, see :func:`show_grey`."""
    return patch('no SAR data', NO_DATA_COLOUR)


def draw_legend(
    axes: Axes,
    task: str,
    columns: int = 2,
    shares: Mapping[Colour, float] | None = None,
    blank: str = NOT_CHARTED,
) -> None:
    """Fill otherwise empty axes with the legend of a task.

    Args:
        axes: Where to draw.
        task: Name of the task.
        columns: Columns of the legend.
        shares: Share of the pixels (0..1) by colour, to stand behind the
            names of those that occur.
        blank: What pixels without a class are called.
    """
    handles = []
    for name, colour in legend_entries(task, blank):
        share = (shares or {}).get(colour, 0)
        label = f'{name} ({percent(share)})' if share else name
        handles.append(patch(label, colour))
    axes.axis('off')
    axes.legend(
        handles=handles,
        loc='upper center',
        ncols=columns,
        fontsize=LABEL_SIZE - 1,
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1,
    )


def percent(share: float) -> str:
    """A share (0..1) as text; only none is '0 %' and only all '100 %'."""
    if 0 < share < 0.005:
        return '<1 %'
    if 0.995 <= share < 1:
        return '>99 %'
    return f'{100 * share:.0f} %'


def score_line(scores: Mapping[str, float], names: Mapping[str, str]) -> str:
    """Scores as text, e.g. 'SIC R2 91.2, SOD F1 88.0'; without the NaN."""
    return ',  '.join(
        f'{title} {scores[name]:.1f}'
        for name, title in names.items()
        if np.isfinite(scores.get(name, np.nan))
    )
