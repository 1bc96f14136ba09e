"""What a masked autoencoder saw, and what it made of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from . import canvas
from .images import robust_limits

_PANEL = 3.0  # inches, side of one panel
_COLUMNS = ('original', 'seen by the encoder', 'reconstruction')
_UNSCORED = '0.85'
_HATCH = {'facecolor': '#efe6d2', 'edgecolor': '#b59f6b', 'hatch': '////'}


def draw_reconstruction_figure(
    original: np.ndarray,
    reconstruction: np.ndarray,
    hidden: np.ndarray,
    out: str | os.PathLike,
    *,
    channels: Sequence[str],
    valid: np.ndarray | None = None,
    units: str | Sequence[str] = 'dB',
    scale: Literal['channel', 'figure'] = 'channel',
    title: str = '',
) -> Path:
    """Draw one row per channel: original, masked, reconstruction, error.

    The panels of a row share one grey scale, taken from the original. The
    third panel shows the decoder's output in hidden patches and the input
    elsewhere; the fourth the difference, on hidden valid pixels only.
    Hidden patches are hatched and pixels without data pale blue.

    Args:
        original: Input in ``units``, (C, H, W).
        reconstruction: Decoder output in the same units, (C, H, W), any
            normalisation of the target undone.
        hidden: Bool (H, W), True where the encoder saw nothing.
        out: File to write, format by its suffix.
        channels: Names of the C channels.
        valid: Bool (H, W), False where the input is no measurement.
        units: Units of the values, for the colour bars; one for all channels
            or one each.
        scale: 'channel' for a grey scale per row, 'figure' for one over
            all channels.
        title: Title of the figure.

    Returns:
        The path of the figure.

    Raises:
        ValueError: If shapes or the number of names do not agree.
    """
    shape = (len(channels), *hidden.shape)
    for name, array in (('original', original), ('recon', reconstruction)):
        if array.shape != shape:
            raise ValueError(
                f'{name} must have the shape {shape}, but got {array.shape}.'
            )
    if scale not in ('channel', 'figure'):
        raise ValueError(
            f"scale must be 'channel' or 'figure', but got {scale!r}."
        )
    if valid is None:
        valid = np.ones(hidden.shape, bool)
    original = np.where(valid, original, np.nan)
    reconstruction = np.where(valid, reconstruction, np.nan)
    error = np.where(hidden, reconstruction - original, np.nan)
    if isinstance(units, str):
        units = [units] * len(channels)

    height = _PANEL * hidden.shape[0] / hidden.shape[1]
    figure = canvas.new_figure(
        4 * _PANEL + 2, (height + 0.3) * len(channels) + 0.5
    )
    grid = figure.subplots(len(channels), 4, squeeze=False)
    for index, row in enumerate(grid):
        rows = slice(None) if scale == 'figure' else index
        limits, reach = robust_limits(original[rows]), _reach(error[rows])
        seen = np.where(hidden, np.nan, original[index])
        pasted = np.where(hidden, reconstruction[index], original[index])
        for axes, column, image in zip(
            row, _COLUMNS, (original[index], seen, pasted), strict=False
        ):
            canvas.bare(axes, column if index == 0 else '')
            axes.patch.set(**_HATCH)
            shown = canvas.show_grey(axes, image, limits, invalid=~valid)
        row[0].set_ylabel(channels[index], fontsize=canvas.TITLE_SIZE)
        _colour_bar(figure, shown, row[2], units[index])
        canvas.bare(row[3], f'error, rms {_rms(error[index]):.3g}')
        row[3].set_facecolor(_UNSCORED)
        shown = row[3].imshow(
            error[index],
            cmap='RdBu_r',
            vmin=-reach,
            vmax=reach,
            interpolation='nearest',
        )
        _colour_bar(figure, shown, row[3], units[index])
    figure.legend(
        handles=[
            Patch(**_HATCH, label='hidden'),
            canvas.no_data_patch(),
            Patch(color=_UNSCORED, label='seen, so without error'),
        ],
        loc='outside lower left',
        ncols=3,
        fontsize=canvas.LABEL_SIZE - 1,
        frameon=False,
    )
    figure.suptitle(title, fontsize=canvas.TITLE_SIZE)
    return canvas.save_figure(figure, out)


def _reach(error: np.ndarray) -> float:
    """The end of a colour scale that outliers do not stretch."""
    finite = np.abs(error[np.isfinite(error)])
    return float(np.percentile(finite, 98)) if finite.size else 1.0


def _rms(error: np.ndarray) -> float:
    finite = error[np.isfinite(error)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else np.nan


def _colour_bar(
    figure: Figure, shown: AxesImage, axes: Axes, units: str
) -> None:
    bar = figure.colorbar(shown, ax=axes, extend='both', shrink=0.9)
    bar.set_label(units, fontsize=canvas.LABEL_SIZE)
    bar.ax.tick_params(labelsize=canvas.LABEL_SIZE - 1)
