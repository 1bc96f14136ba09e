"""Where scenes are: footprints on a map of the Arctic."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.patches import Polygon
from matplotlib.projections.polar import PolarAxes

from . import canvas

#: One colour per list, readable for the colour-blind (Okabe and Ito).
_COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
_STEP = 5  # degrees of latitude between circles


def draw_footprint_figure(
    footprints: Mapping[str, Sequence[np.ndarray]],
    out: str | os.PathLike,
    title: str = '',
) -> Path:
    """Draw scenes as outlines around the North Pole, one colour per list.

    Distance from the centre is proportional to that from the pole; the
    meridian of 45 degrees west points down.

    Args:
        footprints: Corners as (latitude, longitude) in degrees, each of
            shape (n, 2), by the name of their list.
        out: File to write, format by its suffix.
        title: Title of the figure.

    Returns:
        The path of the figure.
    """
    figure = canvas.new_figure(7, 7.2)
    axes: PolarAxes = figure.add_subplot(projection='polar')
    axes.set_theta_offset(np.radians(-45))
    southern = 60.0
    handles = []
    colours = dict(zip(footprints, _cycle(len(footprints)), strict=True))
    for name, scenes in footprints.items():
        style = {'facecolor': colours[name], 'alpha': 0.25}
        edge = {'facecolor': 'none', 'edgecolor': colours[name], 'lw': 0.7}
        for corners in scenes:
            latitude, longitude = np.asarray(corners, float).T
            southern = min(southern, latitude.min())
            # A side may cross the seam of the angles.
            angle = np.unwrap(np.radians(longitude))
            outline = np.stack([angle, 90 - latitude], axis=1)
            axes.add_patch(Polygon(outline, **style))
            axes.add_patch(Polygon(outline, **edge))
        label = f'{name} ({len(scenes)})'
        handles.append(Polygon([(0, 0)], **style, label=label))
    limit = 90 - np.floor(southern / _STEP) * _STEP
    circles = np.arange(_STEP, limit + 1, _STEP)
    axes.set_ylim(0, limit)
    axes.set_yticks(circles, [f'{90 - circle:.0f} N' for circle in circles])
    axes.set_xticks(
        np.radians(np.arange(0, 360, 45)),
        ['0', '45 E', '90 E', '135 E', '180', '135 W', '90 W', '45 W'],
    )
    axes.tick_params(labelsize=canvas.LABEL_SIZE)
    axes.grid(color='0.8', linewidth=0.6)
    figure.legend(
        handles=handles,
        loc='outside lower center',
        ncols=3,
        frameon=False,
        fontsize=canvas.LABEL_SIZE,
    )
    figure.suptitle(title, fontsize=canvas.TITLE_SIZE)
    return canvas.save_figure(figure, out)


def _cycle(count: int) -> list[str]:
    """So many colours, repeated where there are more lists than colours."""
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]
