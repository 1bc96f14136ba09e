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
        tasks: Charts that must be there, by name, with a labelled pixel in
            at least one of them: a real scene may have no SOD or FLOE.

    Raises:
        EmptySceneError: If no SAR pixel is valid.
        MissingVariableError: If a chart is absent.
        EmptyChartError: If no chart has a labelled pixel.
    """
    path = scene.attrs.get('path') or scene.attrs.get('scene_id', 'scene')
    for name in ('HH', 'HV', 'incidence_angle'):
        if name in scene and not np.isfinite(scene[name].values).any():
            raise EmptySceneError(
                path,
                f'valid pixels in {name}',
                f'none (mask {scene.attrs.get("mask", "")!r})',
                'Leave the scene out of the list, or choose another mask.',
            )
    tasks = tuple(tasks)
    for task in tasks:
        if task not in scene:
            raise MissingVariableError(
                path,
                f'a chart {task}',
                f'only {", ".join(map(str, scene.data_vars))}',
                "A test scene's charts are in its '_prep_reference.nc'.",
            )
    if tasks and all((scene[task].values == IGNORE).all() for task in tasks):
        raise EmptyChartError(
            path,
            f'labelled pixels in {", ".join(tasks)}',
            f'{IGNORE} everywhere',
            'Leave the scene out of the list, or choose other tasks.',
        )
