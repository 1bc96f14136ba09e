"""Random canonical scenes, and files that stand for them.

They exercise the resampler and the store: raw and ready, gaps in the SAR,
2 km fields and tie points at their true positions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..charts import IGNORE, POLYGON_COLUMNS, TASKS
from ..errors import SceneFileError


def make_scene(
    height: int = 120,
    width: int = 130,
    seed: int = 0,
    kind: str = 'ready',
    release: str = 'Dec-2022',
) -> xr.Dataset:
    """A random canonical scene: speckle, gaps, blocks of classes.

    About a tenth of the SAR is missing, in specks and one corner. Charts are
    blocky and do not agree with each other: the scene has the structure of
    a real one and no meaning.

    Args:
        height: Lines, at least 60.
        width: Samples, at least 60.
        seed: Two scenes of one seed are equal.
        kind: 'ready' (80 m) or 'raw' (40 m).
        release: Release to claim.
    """
    rng = np.random.default_rng(seed)
    shape = (height, width)
    raw = kind == 'raw'
    missing = rng.random(shape) < 0.05
    missing[: height // 4, : width // 4] = True

    def field(low: float, high: float) -> np.ndarray:
        values = rng.uniform(low, high, shape).astype(np.float32)
        values[missing] = np.nan
        return values

    def chart(num_classes: int) -> np.ndarray:
        blocks = rng.integers(0, num_classes + 1, (height // 9, width // 9))
        blocks[blocks == num_classes] = IGNORE
        rows, cols = (np.minimum(np.arange(n) // 9, n // 9 - 1) for n in shape)
        return blocks[rows[:, None], cols].astype(np.uint8)

    full, coarse, tie = ('y', 'x'), ('y_2km', 'x_2km'), ('y_tie', 'x_tie')
    cell = 50 if raw else 25
    cells = tuple((n - 1) // cell for n in shape)
    t2m = rng.uniform(250, 280, cells).astype(np.float32)
    distance = np.broadcast_to(np.arange(width) * 42 // width, shape)
    variables = {
        'HH': (full, field(-25, 0)),
        'HV': (full, field(-35, -15)),
        'incidence_angle': (full, field(20, 46)),
        'distance_zone': (full, distance.astype(np.float32)),
        't2m': (coarse, t2m),
    }
    variables |= {
        name: (full, chart(task.num_classes)) for name, task in TASKS.items()
    }
    if raw:
        ids = rng.integers(1, 9, (height // 20 + 1, width // 20 + 1))
        ids = np.kron(ids, np.ones((20, 20)))[:height, :width]
        variables['polygon_id'] = (full, ids.astype(np.uint16))
        codes = [f'{i};91;-9;86;04' + ';-9' * 9 + ';I' for i in range(1, 9)]
        codes = np.array([';'.join(POLYGON_COLUMNS), *codes])
        variables['polygon_codes'] = ('polygon_row', codes)
    positions = [np.linspace(0.5, n - 0.5, 5) for n in shape]
    metres = 40.0 if raw else 80.0
    north = positions[0][:, None] * metres / 111e3
    variables['latitude'] = (tie, np.broadcast_to(75 + north, (5, 5)).copy())
    east = positions[1] * metres / 28e3
    variables['longitude'] = (tie, np.broadcast_to(-20 + east, (5, 5)).copy())
    centres = [cell / 2 + cell * np.arange(n) for n in cells]
    coords = dict(zip((*coarse, *tie), (*centres, *positions), strict=True))
    attrs = {
        'scene_id': f'20180607T{100000 + seed}_dmi',
        'product_id': 'S1B_EW_GRDM_1SDH',
        'ice_service': 'dmi',
        'acquisition_time': '2018-06-07T18:43:26',
        'absolute_orbit': 11268 + seed,
        'chart_id': '',
        'pixel_spacing': metres,
        'release': release,
        'kind': kind,
        'mask': 'chart',
        'label_rule': 'autoice 0.65/0.65',
        'resampling': '',
        'path': f'{seed}_prep.nc',
    }
    return xr.Dataset(variables, coords, attrs)


def write_recipe(path: Path, **arguments: Any) -> Path:
    """Write a file that :func:`open_recipe` turns into a scene."""
    path.write_text(json.dumps(arguments))
    return path


def write_recipes(
    folder: Path, count: int = 3, **arguments: Any
) -> list[Path]:
    """Write recipes '0.json', '1.json', ... of scenes with seeds 0, 1, ..."""
    folder.mkdir(exist_ok=True)
    return [
        write_recipe(folder / f'{seed}.json', seed=seed, **arguments)
        for seed in range(count)
    ]


def open_recipe(
    path: str | Path,
    *,
    variables: Iterable[str] | None = None,
    optional: Iterable[str] = (),
) -> xr.Dataset:
    """Make the scene of a recipe; stands in for ``open_scene`` in tests.

    Args:
        path: File with the arguments of :func:`make_scene` as JSON.
        variables: Accepted as ``open_scene`` does; everything is made.
        optional: The same.

    Raises:
        SceneFileError: If the file is no recipe.
    """
    try:
        arguments = json.loads(Path(path).read_text())
    except ValueError as error:
        raise SceneFileError(path, 'a recipe', str(error)) from error
    scene = make_scene(**arguments)
    scene.attrs['path'] = str(path)
    return scene
