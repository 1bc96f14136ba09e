"""Refuse scenes that cannot serve, and say why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    path = _name_of(scene.attrs)
    for name in ('HH', 'HV', 'incidence_angle'):
        if name in scene and not np.isfinite(scene[name].values).any():
            raise empty_scene(scene.attrs, name)
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


def empty_scene(attrs: Mapping[str, Any], channel: str) -> EmptySceneError:
    """The error of a scene without one valid pixel.

    Args:
        attrs: Attributes of the scene.
        channel: What has none.
    """
    return EmptySceneError(
        _name_of(attrs),
        f'valid pixels in {channel}',
        f'none (mask {attrs.get("mask", "")!r})',
        'Leave the scene out of the list, or choose another mask.',
    )


def _name_of(attrs: Mapping[str, Any]) -> str:
    """The path of a scene, or its id."""
    return str(attrs.get('path') or attrs.get('scene_id', 'scene'))
