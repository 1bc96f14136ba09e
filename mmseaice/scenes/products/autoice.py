"""The AutoICE challenge's upload package: charts of many scenes, one file.

A NetCDF-4 file with a variable ``<scene id>_<task>`` for each chart, such as
``20180124T194759_dmi_SOD``: uint8 class numbers on the 80 m grid of the
scene, on dimensions of its own, zlib level 1, no attributes. The challenge
asks for 60 of them, SIC, SOD and FLOE of its 20 test scenes, with a class on
every pixel that it scores. Source: the challenge's starter kit.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from ...charts import IGNORE, TASKS, Task
from ...errors import PredictionError
from ...utils.atomic import atomic_path
from ..netcdf import NetCDFFile
from ..splits import read_published_split

SPACING = 80.0

#: The test scenes of the challenge; the two releases differ in them.
PUBLISHED = ('test_dec2022', 'test_oct2022')

_NAME = re.compile(rf'(?P<scene>.+)_(?P<task>{"|".join(TASKS)})')
_LINES = 512


def write_upload_package(
    charted: Iterable[xr.Dataset], path: str | Path
) -> Path:
    """Write charted scenes as an upload package, one scene at a time.

    SIC is rounded to whole tenths, and what is not charted becomes 255,
    which the challenge allows only where its reference is 255 as well.

    Args:
        charted: Charted scenes at 80 m with SIC, SOD and FLOE.
        path: File to write, ``upload_package.nc`` for the challenge.

    Returns:
        The path.

    Raises:
        PredictionError: If a scene comes twice, lacks a task, or has
            another pixel spacing.
        ValueError: If there is no scene.

    Warns:
        UserWarning: If the scenes are not the 20 of the challenge.
    """
    path = Path(path)
    names: list[str] = []
    with (
        atomic_path(path) as part,
        netCDF4.Dataset(part, 'w', format='NETCDF4') as file,
    ):
        file.set_fill_off()
        for scene in charted:
            name = str(scene.attrs['scene_id'])
            _check_scene(scene, name, names)
            for task in TASKS.values():
                _write_chart(file, f'{name}_{task.name}', scene, task)
            names.append(name)
        if not names:
            raise ValueError('charted must hold a scene, but got none.')
    _warn_unless_published(path, names)
    return path


def _check_scene(scene: xr.Dataset, name: str, before: list[str]) -> None:
    """Refuse what cannot stand in a package."""
    if name in before:
        raise PredictionError(
            f'scene {name}', 'each scene once', 'a second one'
        )
    found = [task for task in TASKS if task in scene]
    if len(found) < len(TASKS):
        raise PredictionError(
            f'scene {name}',
            f'charts of {", ".join(TASKS)}',
            f'only {", ".join(found) or "others"}',
            'An upload package needs a model of all tasks.',
        )
    spacing = scene.attrs.get('pixel_spacing')
    if spacing != SPACING:
        raise PredictionError(
            f'scene {name}',
            f'charts at {SPACING:g} m',
            f'{spacing} m',
            'Chart the scene on the grid of the ready-to-train files.',
        )


def _write_chart(
    file: netCDF4.Dataset, name: str, scene: xr.Dataset, task: Task
) -> None:
    """Write one chart; it may lie on disk and is read by blocks of lines."""
    chart = scene[task.name]
    classes = np.empty(chart.shape, np.uint8)
    for start in range(0, len(classes), _LINES):
        block = slice(start, start + _LINES)
        classes[block] = _to_classes(chart[block].values, task)
    dims = tuple(f'{name}_dim{axis}' for axis in (0, 1))
    for dim, size in zip(dims, classes.shape, strict=True):
        file.createDimension(dim, size)
    variable = file.createVariable(
        name, 'u1', dims, compression='zlib', complevel=1
    )
    variable.set_auto_maskandscale(False)
    variable[:] = classes


def _to_classes(values: np.ndarray, task: Task) -> np.ndarray:
    """The nearest classes as uint8, 255 for NaN and 255."""
    known = np.isfinite(values) & (values != IGNORE)
    values = np.rint(np.where(known, values, 0))
    classes = values.clip(0, task.num_classes - 1).astype(np.uint8)
    return np.where(known, classes, np.uint8(IGNORE))


def _warn_unless_published(path: Path, names: list[str]) -> None:
    """Say which scenes the challenge would miss, or not know."""
    lists = [
        {scene.scene_id for scene in read_published_split(name)}
        for name in PUBLISHED
    ]
    wanted = max(lists, key=lambda scenes: len(scenes & set(names)))
    if wanted == set(names):
        return
    missing, more = sorted(wanted - set(names)), sorted(set(names) - wanted)
    warnings.warn(
        f"{path}: the challenge's package holds {len(wanted)} scenes, this "
        f'one {len(names)}'
        + (f'; {_some(missing)} missing' if missing else '')
        + (f'; {_some(more)} not of the challenge' if more else '')
        + '.',
        stacklevel=3,
    )


def _some(names: list[str]) -> str:
    return (
        f'{len(names)} ({", ".join(names[:3])}{", ..." * (names[3:] != [])})'
    )


def package_variables(file: NetCDFFile) -> dict[str, dict[str, str]]:
    """Variables of an upload package by scene and task.

    Args:
        file: An open file.

    Returns:
        Names of variables; empty if the file is no upload package, which
        holds nothing else than charts.
    """
    found: dict[str, dict[str, str]] = {}
    for name in map(str, file.dataset.variables):
        match = _NAME.fullmatch(name)
        if match is None:
            return {}
        found.setdefault(match['scene'], {})[match['task']] = name
    return found


def read_upload_package(
    path: str | Path,
) -> dict[str, dict[str, np.ndarray]]:
    """Read all charts of an upload package.

    Args:
        path: The file.

    Returns:
        Class numbers (H, W) by scene id and task.

    Raises:
        SceneFileError: If the file is missing or no readable NetCDF.
        PredictionError: If it is no upload package.
    """
    with NetCDFFile(path) as file:
        variables = package_variables(file)
        if not variables:
            raise PredictionError(
                path,
                "an upload package of variables '<scene id>_<task>'",
                ', '.join(list(map(str, file.dataset.variables))[:5])
                or 'no variables',
            )
        return {
            scene: {task: file.read_numbers(name) for task, name in of.items()}
            for scene, of in variables.items()
        }
