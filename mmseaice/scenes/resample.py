"""The one resampler: a canonical scene on a coarser grid.

Two rules exist. 'ready' is the step from 40 to 80 m as the producers of the
ready-to-train files took it; 'area' is every other step, and starts from
80 m. Training, inference and evaluation all come through here. The
geometry of cells is in :mod:`mmseaice.scenes.cells`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from ..charts.codes import IGNORE
from .cells import (
    CHART_RULES,
    CellMean,
    ChartRule,
    MajorityCharts,
    resample_chart,
    resample_field,
    summands,
)
from .variables import CHANNELS

__all__ = [
    'CHART_RULES',
    'ChartRule',
    'apply_ready_rule',
    'resample_chart',
    'resample_field',
    'resample_scene',
]

#: Channels in dB, averaged in linear power.
DECIBEL = tuple(n for n, channel in CHANNELS.items() if channel.units == 'dB')

#: Coordinates that count pixels of the full grid.
PIXEL_COORDINATES = ('y_tie', 'x_tie', 'y_2km', 'x_2km')

#: A new variable on the coarser grid from its name and old values.
Coarsen = Callable[[str, np.ndarray], np.ndarray]


def apply_ready_rule(raw_scene: xr.Dataset) -> xr.Dataset:
    """Take a raw 40 m scene to 80 m as the ready-to-train files were made.

    SAR (in dB), incidence angle and distance are the mean and charts the
    maximum of 2 x 2 pixels. One missing pixel makes the cell missing in
    SAR, incidence angle and charts; the distance is never masked. An odd
    last line or sample is dropped.

    A polygon of unknown concentration is 255 in the charts but not missing:
    its SAR stays, as in the ready files.

    Raises:
        ValueError: If the scene is not a raw scene as read from its file.
    """
    if not is_raw(raw_scene):
        raise ValueError(
            'raw_scene must be a raw scene at 40 m, but got '
            f'{_describe(raw_scene)}.'
        )
    means = {
        name: _mean_2x2(raw_scene[name].values)
        for name in ('HH', 'HV', 'incidence_angle', 'distance_zone')
        if name in raw_scene
    }
    masked = [name for name in means if name != 'distance_zone']
    missing = np.any([np.isnan(means[name]) for name in masked], axis=0)
    for name in masked:
        means[name][missing] = np.nan

    spacing = 2 * raw_scene.attrs['pixel_spacing']

    def coarsen(name: str, values: np.ndarray) -> np.ndarray:
        if name in means:
            return means[name]
        if name == 'polygon_id':
            return resample_chart(values, 2, 'nearest')
        chart = resample_chart(values, 2, 'max')
        chart[missing] = IGNORE
        return chart

    return _coarser_scene(raw_scene, spacing, coarsen, 'ready')


def _mean_2x2(values: np.ndarray) -> np.ndarray:
    """Mean of 2 x 2 blocks, NaN as soon as one of the four is."""
    height, width = (size // 2 * 2 for size in values.shape)
    quarters = [
        values[row:height:2, col:width:2] for row in (0, 1) for col in (0, 1)
    ]
    return np.mean(quarters, axis=0, dtype=np.float64).astype(np.float32)


def resample_scene(
    scene: xr.Dataset,
    spacing: float,
    *,
    charts: ChartRule = 'majority',
    min_valid: float = 0.5,
    memory: dict[Any, Any] | None = None,
) -> xr.Dataset:
    """Bring a canonical scene to a coarser pixel spacing.

    A raw scene passes through :func:`apply_ready_rule` first. Coarse fields
    and tie points stay as they are; their coordinates follow the new grid.

    Args:
        scene: A scene as :func:`~mmseaice.scenes.open_scene` returns it.
        spacing: New pixel spacing in metres. The present spacing returns
            the scene unchanged.
        charts: How charts are resampled, see :func:`resample_chart`.
        min_valid: Share of a cell's area that must be valid (SAR) or
            labelled (charts).
        memory: A dictionary that is passed with the same scene again, for
            other spacings: what does not depend on them is kept in it.

    Returns:
        A new scene; what did not change shares memory with the old one.

    Raises:
        ValueError: If the spacing is finer than the scene's, the scene is
            smaller than one cell, or it was resampled before.
    """
    if spacing == scene.attrs['pixel_spacing']:
        return scene.copy()
    if charts not in CHART_RULES:
        raise ValueError(
            f'charts must be one of {", ".join(CHART_RULES)}, but got '
            f'{charts!r}.'
        )
    if 'area' in scene.attrs.get('resampling', ''):
        raise ValueError(
            'scene must be as read from its file or at 80 m, but got '
            f'{_describe(scene)}. Resample the original scene instead.'
        )
    if is_raw(scene):
        scene = apply_ready_rule(scene)
    present = scene.attrs['pixel_spacing']
    if spacing == present:
        return scene
    if not spacing > present:
        raise ValueError(
            f'spacing must be at least {present:g} m, but got {spacing:g} m.'
        )
    factor = spacing / present
    memory = {} if memory is None else memory
    mean = None
    majorities = {}
    if charts == 'majority':
        names = tuple(n for n in scene if scene[n].dtype == np.uint8)
        if names and names not in memory:
            memory[names] = MajorityCharts([scene[n].values for n in names])
        if names:
            found = memory[names](factor, min_valid)
            majorities = dict(zip(names, found, strict=True))

    def coarsen(name: str, values: np.ndarray) -> np.ndarray:
        nonlocal mean
        if name in majorities:
            return majorities[name]
        if name == 'polygon_id' or values.dtype == np.uint8:
            how = 'nearest' if name == 'polygon_id' else charts
            return resample_chart(values, factor, how)
        decibel = name in DECIBEL
        if name not in memory:
            valid = np.isfinite(values)
            memory[name] = valid, summands(values, valid, decibel=decibel)
        valid, terms = memory[name]
        if mean is None or not np.array_equal(valid, mean.valid):
            mean = CellMean(valid, factor, min_valid)
        return mean.average(terms, decibel=decibel)

    return _coarser_scene(scene, spacing, coarsen, 'area')


def is_raw(scene: xr.Dataset) -> bool:
    """Whether a scene still has the pixels of a raw file."""
    attrs = scene.attrs
    return attrs.get('kind') == 'raw' and not attrs.get('resampling')


def _describe(scene: xr.Dataset) -> str:
    attrs = scene.attrs
    rule = attrs.get('resampling') or 'none'
    return (
        f'a {attrs.get("kind", "nameless")} scene at '
        f'{attrs.get("pixel_spacing")} m (resampling: {rule})'
    )


def _coarser_scene(
    scene: xr.Dataset, spacing: float, coarsen: Coarsen, rule: str
) -> xr.Dataset:
    """Apply ``coarsen(name, values)`` to the full grid, keep the rest."""
    factor = spacing / scene.attrs['pixel_spacing']
    full = [name for name in scene if scene[name].dims == ('y', 'x')]
    out = scene.drop_vars(full)
    for name in full:
        old = scene[name]
        out[name] = (('y', 'x'), coarsen(name, old.values), old.attrs)
    out = out[list(scene)].assign_coords(
        {
            name: (name, scene[name].values / factor, scene[name].attrs)
            for name in PIXEL_COORDINATES
            if name in scene.coords
        }
    )
    before = scene.attrs.get('resampling')
    out.attrs = scene.attrs | {
        'pixel_spacing': float(spacing),
        'resampling': f'{before}+{rule}' if before else rule,
    }
    return out
