"""A confusion matrix as a picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from mmseaice.charts import get_task

from . import canvas


def draw_confusion_figure(
    counts: np.ndarray, task: str, out: str | os.PathLike
) -> Path:
    """Draw a confusion matrix, each row in percent of its true pixels.

    Empty cells hold no number, and shares under half a percent read '<1'.

    Args:
        counts: Pixels (num_classes, num_classes), rows truth, columns
            prediction. The row of a class without true pixels is grey.
        task: Name of the task, for class names.
        out: File to write, format by its suffix.

    Returns:
        The path of the figure.
    """
    row = get_task(task)
    size = 2.2 + 0.55 * row.num_classes
    figure = canvas.new_figure(size + 1.2, size)
    axes = figure.subplots()
    support = counts.sum(axis=1, keepdims=True)
    percent = np.full(counts.shape, np.nan)
    np.divide(100 * counts, support, out=percent, where=support > 0)

    axes.set_facecolor('0.85')
    shown = axes.imshow(percent, cmap='Blues', vmin=0, vmax=100)
    for (i, j), value in np.ndenumerate(percent):
        if value > 0:
            axes.text(
                j,
                i,
                _cell_text(value),
                ha='center',
                va='center',
                fontsize=canvas.LABEL_SIZE,
                color='white' if value > 55 else 'black',
            )
    shares = support[:, 0] / max(1, counts.sum())
    axes.set_yticks(
        range(row.num_classes),
        [
            f'{name}\n{100 * share:.1f} % of pixels'
            for name, share in zip(row.classes, shares, strict=True)
        ],
        fontsize=canvas.LABEL_SIZE - 1,
    )
    axes.set_xticks(
        range(row.num_classes),
        row.classes,
        rotation=40,
        ha='right',
        rotation_mode='anchor',
        fontsize=canvas.LABEL_SIZE,
    )
    axes.set_ylabel('chart')
    axes.set_xlabel('prediction')
    axes.set_title(row.title, fontsize=canvas.TITLE_SIZE)
    bar = figure.colorbar(shown, ax=axes, shrink=0.8)
    bar.set_label('percent of the true class', fontsize=canvas.LABEL_SIZE)
    return canvas.save_figure(figure, out)


def _cell_text(percent: float) -> str:
    return f'{percent:.0f}' if percent >= 0.5 else '<1'
