"""Find predicted charts in files, and read them scene by scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..charts import TASKS
from ..errors import DatasetError, PredictionError
from .netcdf import NetCDFFile
from .products.autoice import package_variables

#: What one tenth of ice is in the unit of a product's concentration.
_TENTHS = {'%': 10.0, 'percent': 10.0, '1': 0.1}

#: Tenths of a concentration; models without an upper bound are cut there.
_MOST = 10.0

#: A packed concentration comes back with noise in its last digits, which
#: must not decide on a tenth.
_DECIMALS = 4


@dataclass(frozen=True)
class PredictedScene:
    """Where the charts of one scene lie.

    Args:
        scene_id: The scene.
        path: An upload package, or a product of this scene alone.
        variables: Variable in the file by task.
        packed: Whether the file is an upload package.
    """

    scene_id: str
    path: Path
    variables: Mapping[str, str]
    packed: bool

    def read(self) -> dict[str, np.ndarray]:
        """Read the charts.

        Returns:
            By task (H, W): SIC in tenths, not rounded, SOD and FLOE class
            numbers; NaN or 255 where nothing is predicted.

        Raises:
            SceneFileError: If the file cannot be read.
            PredictionError: If the unit of a concentration is unknown, or
                it is none.
        """
        with NetCDFFile(self.path) as file:
            return {
                task: self._read_chart(file, task) for task in self.variables
            }

    def _read_chart(self, file: NetCDFFile, task: str) -> np.ndarray:
        """Read one chart, unpacked as the CF conventions say."""
        name = self.variables[task]
        if self.packed:
            return file.read_numbers(name)
        # Names of reference charts come raw, all others unpacked.
        part = xr.decode_cf(file.dataset[[name]], decode_coords=False)
        values = part[name].values
        if TASKS[task].kind == 'classification':
            return values
        units = str(part[name].attrs.get('units', ''))
        if units not in _TENTHS:
            raise PredictionError(
                self.path,
                f'units of {name} among {", ".join(_TENTHS)}',
                repr(units),
                'Say whether the concentration is in percent or a fraction.',
            )
        tenths = (values / _TENTHS[units]).round(_DECIMALS)
        low, high = np.nanmin(tenths, initial=0), np.nanmax(tenths, initial=0)
        if low < 0 or high > _MOST:
            raise PredictionError(
                self.path,
                f'{name} from 0 to 100 %',
                f'{10 * low:g} to {10 * high:g} %',
                'Does its unit say percent for a fraction, or the reverse?',
            )
        return tenths


def find_predictions(
    sources: str | Path | Iterable[str | Path],
) -> dict[str, PredictedScene]:
    """Find predicted scenes in upload packages, products and folders.

    In a folder with products, an upload package beside them is left out: it
    holds the same charts.

    Args:
        sources: Upload packages, NetCDF products, or folders of them.

    Returns:
        Predicted scenes by scene id, sorted. Charts are not read yet.

    Raises:
        SceneFileError: If a file is missing or no readable NetCDF.
        PredictionError: If a file is neither package nor product.
        DatasetError: If a folder is empty, or a scene is there twice.
    """
    if isinstance(sources, str | Path):
        sources = [sources]
    found: dict[str, PredictedScene] = {}
    for path in (file for source in sources for file in _files(Path(source))):
        for scene in _scenes_in(path):
            if scene.scene_id in found:
                raise DatasetError(
                    path,
                    'each scene once',
                    f'{scene.scene_id}, which is in '
                    f'{found[scene.scene_id].path} as well',
                    'Leave one of the two out.',
                )
            found[scene.scene_id] = scene
    return dict(sorted(found.items()))


def _files(source: Path) -> list[Path]:
    """The files that a source stands for."""
    if not source.is_dir():
        return [source]
    files = sorted(
        path
        for path in source.rglob('*.nc')
        if not any(p.startswith('.') for p in path.relative_to(source).parts)
    )
    packages = [p for p in files if p.name.startswith('upload_package')]
    found = [path for path in files if path not in packages] or packages
    if not found:
        raise DatasetError(
            source,
            'NetCDF products or an upload package',
            'a folder without any',
            'Write them with tools/predict.py.',
        )
    return found


def _scenes_in(path: Path) -> list[PredictedScene]:
    """The scenes in one file."""
    with NetCDFFile(path) as file:
        package = package_variables(file)
        if package:
            return [
                PredictedScene(scene, path, variables, packed=True)
                for scene, variables in package.items()
            ]
        variables = {
            task: name
            for task in TASKS
            for name in (task.lower(), task)
            if name in file
        }
        # Reference files have charts as well; they go by their file name.
        scene_id = str(file.attrs.get('scene_id', file.attrs.get('id', '')))
        if variables and scene_id and not scene_id.endswith('.nc'):
            return [PredictedScene(scene_id, path, variables, packed=False)]
        names = ', '.join(list(map(str, file.dataset.variables))[:6])
    raise PredictionError(
        path,
        "predicted charts: an upload package, or a product with 'sic', "
        "'sod' or 'floe' and the attribute scene_id",
        f'variables {names or "none"}',
        'Name first what was predicted, then the reference.',
    )
