"""Scores of a study against one of its options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from . import canvas

#: Colours that the colour-blind tell apart (Okabe and Ito), dark enough for
#: a line; with the markers they also part in grey.
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#e69f00')
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')

#: From this ratio of the largest to the smallest value on, the axis is
#: logarithmic.
_LOG_FROM = 20

_REPEATED = 'Means, and all runs from the lowest to the highest'

Curves = Mapping[str, Mapping[float | str, Sequence[float]]]


def draw_sweep_figure(
    curves: Curves,
    out: str | os.PathLike,
    *,
    x_label: str,
    y_label: str,
    title: str = '',
) -> Path:
    """Draw one line per curve: means, and the seeds around them.

    Pale dots are the single runs. Where places are numbers, a line joins the
    means and a band spans from the lowest to the highest run; where they are
    names, there is nothing to join.

    Args:
        curves: For each label, the scores of all seeds by place; places are
            all numbers or all names. Names keep the order of the first curve
            that has them.
        out: File to write, format by its suffix.
        x_label: What the places are.
        y_label: What the scores are.
        title: Title of the figure.

    Returns:
        The path of the figure.
    """
    figure = canvas.new_figure(5.6, 4.2)
    axes = figure.subplots()
    places = list(dict.fromkeys(p for c in curves.values() for p in c))
    named = any(isinstance(place, str) for place in places)
    at = {p: float(i if named else p) for i, p in enumerate(places)}
    for number, (label, points) in enumerate(curves.items()):
        # Side by side, as long as they stay close to their place.
        shift = (number - (len(curves) - 1) / 2) * 0.5 / len(curves)
        _draw_curve(
            axes,
            np.array([at[place] + named * shift for place in points]),
            list(points.values()),
            label=label,
            style={
                'color': COLOURS[number % len(COLOURS)],
                'marker': MARKERS[number % len(MARKERS)],
                'linestyle': 'none' if named else '-',
            },
        )
    _set_places(axes, at, named)
    axes.set_xlabel(x_label, fontsize=canvas.LABEL_SIZE + 1)
    axes.set_ylabel(y_label, fontsize=canvas.LABEL_SIZE + 1)
    axes.tick_params(labelsize=canvas.LABEL_SIZE)
    axes.grid(axis='y', color='0.88', linewidth=0.6)
    axes.spines[['top', 'right']].set_visible(False)
    axes.set_title(title, fontsize=canvas.TITLE_SIZE)
    repeated = any(len(v) > 1 for c in curves.values() for v in c.values())
    if repeated or any(curves):
        figure.legend(
            loc='outside lower center',
            title=_REPEATED if repeated else None,
            ncols=1,
            frameon=False,
            fontsize=canvas.LABEL_SIZE,
            title_fontsize=canvas.LABEL_SIZE,
        )
    return canvas.save_figure(figure, out)


def _draw_curve(
    axes: Axes,
    x: np.ndarray,
    runs: Sequence[Sequence[float]],
    *,
    label: str,
    style: Mapping[str, str],
) -> None:
    """Draw the runs at the places ``x`` and what they have in common."""
    counts = sorted({len(values) for values in runs})
    told = f'{counts[0]} to {counts[-1]}' if counts[1:] else f'{counts[0]}'
    word = 'run' if told == '1' else 'runs'
    axes.plot(
        x,
        [np.mean(values) for values in runs],
        **style,
        markersize=5,
        linewidth=1.6,
        label=f'{label} ({told} {word})' if label else f'{told} {word}',
        zorder=3,
    )
    if counts == [1]:
        return
    colour = style['color']
    low, high = ([f(values) for values in runs] for f in (min, max))
    if style['linestyle'] != 'none' and len(x) > 1:
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    else:
        axes.vlines(x, low, high, color=colour, linewidth=1.2)
    for place, values in zip(x, runs, strict=True):
        axes.scatter(
            np.full(len(values), place),
            values,
            s=12,
            color=colour,
            alpha=0.4,
            linewidths=0,
        )


def _set_places(
    axes: Axes, at: Mapping[float | str, float], named: bool
) -> None:
    """Put a tick at every place, and numbers of all sizes far apart."""
    values = list(at.values())
    positive = not named and min(values) > 0
    if positive and max(values) >= _LOG_FROM * min(values):
        axes.set_xscale('log')
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(values))
    texts = [p if isinstance(p, str) else f'{p:g}' for p in at]
    long = named and max(map(len, texts)) > 12
    axes.set_xticks(
        values,
        texts,
        rotation=25 if long else 0,
        ha='right' if long else 'center',
    )
    if named:
        axes.set_xlim(-0.4, len(values) - 0.6)
