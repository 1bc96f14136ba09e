"""An analyst's charts of a scene that was charted, if its file holds any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from ..charts import IGNORE, TASKS, get_task
from ..errors import MMSeaIceError
from ..evaluation.functional import autoice_scores, round_to_classes
from ..scenes import CHART_SPACING, open_scene


def find_reference(path: Path, charted: xr.Dataset) -> xr.Dataset | None:
    """Charts of the file that a scene was read from, on the same grid.

    Args:
        path: The file. Only ready-to-train ones hold charts at 80 m.
        charted: The charted scene.

    Returns:
        SIC, SOD and FLOE, uint8, 255 without a label; None if the file has
        no labels.
    """
    if path.suffix != '.nc' or charted.attrs.get('kind') != 'ready':
        return None
    try:
        scene = open_scene(path, variables=(), optional=tuple(TASKS))
    except MMSeaIceError:
        return None
    found = scene[[name for name in TASKS if name in scene]]
    whole = scene.attrs['pixel_spacing'] == CHART_SPACING
    if not whole or found.sizes.get('y') != charted.sizes['y']:
        return None
    labelled = any((chart.values != IGNORE).any() for chart in found.values())
    return found if labelled else None


def score_charted(
    charted: xr.Dataset, reference: xr.Dataset
) -> dict[str, float]:
    """The challenge's scores of one scene, in percent.

    Pixels that were not charted are left out; a task without labels or
    without a chart too.
    """
    truth, prediction = {}, {}
    for task in TASKS:
        if task not in charted or task not in reference:
            continue
        chart = round_to_classes(charted[task].values, get_task(task))
        blank = np.isnan(chart) | (chart == IGNORE)
        labels = np.where(blank, IGNORE, reference[task].values)
        if (labels == IGNORE).all():
            continue
        truth[task], prediction[task] = [labels], [chart]
    scores = autoice_scores(truth, prediction)
    return {name: score for name, score in scores.items() if score == score}
