"""Refuse scenes that cannot serve, and say why."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from ..charts import IGNORE
from ..errors import EmptyChartError, EmptySceneError, MissingVariableError


def check_scene(scene: xr.Dataset, tasks: Iterable[str] = ()) -> None:
    """Check that a scene has valid SAR and the labels that are asked for.

    Args:
        scene: Canonical scene.
        tasks: Charts that must have at least one labelled pixel, by name.

    Raises:
        EmptySceneError: If no SAR pixel is valid.
        MissingVariableError: If a chart is absent.
        EmptyChartError: If a chart has no labelled pixel.
    """
    path = scene.attrs.get('path') or scene.attrs.get('scene_id', 'scene')
    for name in ('HH', 'HV'):
        if name in scene and not np.isfinite(scene[name].values).any():
            raise EmptySceneError(
                path,
                f'valid pixels in {name}',
                f'none (mask {scene.attrs.get("mask", "")!r})',
                'Leave the scene out of the list, or choose another mask.',
            )
    for task in tasks:
        if task not in scene:
            raise MissingVariableError(
                path,
                f'a chart {task}',
                f'only {", ".join(map(str, scene.data_vars))}',
                "A test scene's charts are in its '_prep_reference.nc'.",
            )
        if (scene[task].values == IGNORE).all():
            raise EmptyChartError(
                path,
                f'labelled pixels in {task}',
                f'{IGNORE} everywhere',
                'Leave the scene out of the list for this task.',
            )
