"""Write ready-to-train files with the project's own steps.

The raw arrays go through the polygon conversion, the 40 to 80 m rule and
the standardisation that every raw scene goes through, so that both files of
a scene agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import xarray as xr

from ...charts import IGNORE, polygons_to_charts
from ..resample import apply_ready_rule
from ..standardise import standardise
from ..ties import interpolate_ties
from ..variables import CHANNELS, LABEL_THRESHOLDS
from .attributes import (
    CHART_TITLES,
    SAR_NAMES,
    chart_attributes,
    coarse_attributes,
    distance_attributes,
    ready_global_attributes,
    sar_attributes,
)
from .regimes import FAST_ICE, NONE
from .scene import SimulatedScene
from .write import COARSE, FULL, new_file

TestCharts = Literal['chart', 'truth']
TEST_CHARTS = get_args(TestCharts)

_STRIP = 512  # raw lines converted at once; even
_TIE = ('sar_sample_2dgrid_points', 'sar_line_2dgrid_points')
_TRUTH = 'what the simulation put into each pixel, not an ice chart'


def _raw_strip(scene: SimulatedScene, start: int, release: str) -> xr.Dataset:
    """Lines from ``start`` of the scene, as read from its raw file."""
    lines = slice(start, start + _STRIP)
    HH, HV = scene.HH[lines].copy(), scene.HV[lines].copy()
    ids = np.nan_to_num(scene.polygon_id[lines]).astype(np.uint16)
    angle = interpolate_ties(
        scene.ties.incidence,
        scene.ties.line - start,
        scene.ties.sample,
        HH.shape,
    )
    blank = np.isnan(HH) | np.isnan(HV) | (ids == 0)
    for field in (HH, HV, angle):
        field[blank] = np.nan
    charts = polygons_to_charts(
        ids, scene.polygon_codes, 'autoice', *LABEL_THRESHOLDS[release]
    )
    fields = charts | {
        'HH': HH,
        'HV': HV,
        'incidence_angle': angle,
        'distance_zone': scene.distance_zone[lines],
    }
    return xr.Dataset(
        {name: (('y', 'x'), field) for name, field in fields.items()},
        attrs={'kind': 'raw', 'resampling': '', 'pixel_spacing': 40.0},
    )


def ready_arrays(
    scene: SimulatedScene, release: str = 'Dec-2022'
) -> dict[str, np.ndarray]:
    """The full-resolution arrays of a ready-to-train file.

    Args:
        scene: The scene.
        release: Decides thresholds and statistics.

    Returns:
        SIC, SOD, FLOE (uint8, 255 for no label), and HH, HV,
        incidence_angle, distance_zone (float32, standardised, 0 for no
        data), each (lines // 2, samples // 2).
    """
    height, width = (count // 2 for count in scene.shape)
    out: dict[str, np.ndarray] = {}
    for start in range(0, 2 * height, _STRIP):
        strip = apply_ready_rule(_raw_strip(scene, start, release))
        for name, field in strip.items():
            values = field.values
            if name not in CHART_TITLES:
                values = standardise(values.astype(float), name, release)
                values = np.nan_to_num(values, nan=0.0).astype(np.float32)
            full = out.setdefault(
                name, np.empty((height, width), values.dtype)
            )
            full[start // 2 : start // 2 + len(values)] = values
    return out


def truth_charts(
    scene: SimulatedScene, arrays: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What every 80 m pixel really holds, as the classes of charts.

    Args:
        scene: The scene.
        arrays: Its :func:`ready_arrays`, for where they have no SAR.

    Returns:
        SIC to the nearest tenth, SOD and FLOE, uint8 (H, W); 255 on land
        and without SAR, and for FLOE on fast ice, whose floes have no size.
    """
    percent, stage, floe = (
        scene.truth[name] for name in ('concentration', 'stage', 'floe')
    )
    hidden = stage == NONE
    # As files are read: no SAR where all three are 0.
    hidden |= ~np.any(
        [arrays[name] for name in ('HH', 'HV', 'incidence_angle')], axis=0
    )
    charts = {
        'SIC': (percent.astype(np.uint16) + 5) // 10,
        'SOD': stage,
        'FLOE': np.where(floe == FAST_ICE, IGNORE, floe),
    }
    return {
        task: np.where(hidden, IGNORE, chart).astype(np.uint8)
        for task, chart in charts.items()
    }


def write_ready(
    scene: SimulatedScene,
    folder: Path,
    *,
    release: str = 'Dec-2022',
    test: bool = False,
    test_charts: TestCharts = 'chart',
) -> list[Path]:
    """Write the ready-to-train file of a scene.

    Args:
        scene: The scene.
        folder: Where to; the file is called '<short>_prep.nc'.
        release: 'Dec-2022' or 'Oct-2022'.
        test: Leave the charts out and write them to
            '<short>_prep_reference.nc' beside it.
        test_charts: What goes there: the 'chart', or the 'truth' of every
            pixel, with a global attribute ``charts`` that says so.

    Returns:
        Paths of the files.
    """
    arrays = ready_arrays(scene, release)
    charts = {task: arrays[task] for task in CHART_TITLES}
    path = folder / f'{scene.identity.scene_id}_prep.nc'
    reference = path.with_name(f'{path.stem}_reference.nc')
    with new_file(path) as file:
        if not test:
            for task, chart in charts.items():
                file.add(task, FULL, chart, chart_attributes(task))
        file.add('sar_grid2d_latitude', _TIE, scene.ties.latitude)
        file.add('sar_grid2d_longitude', _TIE, scene.ties.longitude)
        blank = {'variable_fill_value': 0}
        for name, source in SAR_NAMES.items():
            about = sar_attributes(scene, name) | blank
            file.add(source, FULL, arrays[name], about)
        angle, zone = 'incidence_angle', 'distance_zone'
        file.add(CHANNELS[angle].source, FULL, arrays[angle], blank)
        about = distance_attributes()
        file.add(CHANNELS[zone].source, FULL, arrays[zone], about)
        for name, about in coarse_attributes(scene).items():
            values = (scene.brightness | scene.weather)[name]
            values = standardise(values, name, release).astype(np.float32)
            file.add(name, COARSE, values, about)
        about = ready_global_attributes(scene.identity, path.name)
        file.set_global(about)
    if not test:
        return [path]
    about = ready_global_attributes(scene.identity, reference.name)
    if test_charts == 'truth':
        charts = truth_charts(scene, arrays)
        about['charts'] = _TRUTH
    with new_file(reference) as file:
        for task, chart in charts.items():
            file.add(task, FULL, chart, chart_attributes(task))
        file.set_global(about)
    return [path, reference]
