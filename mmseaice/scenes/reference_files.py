"""Find the charts that predictions are scored against."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from ..charts import TASKS
from ..errors import DatasetError, SceneFileError
from .assemble import identify
from .naming import ProductId, iso_time
from .netcdf import NetCDFFile
from .open import open_scene
from .ready import reference_path
from .splits import published_splits, read_published_split
from .splits.strata import season

_SHORT = re.compile(r'\d{8}T\d{6}_(?:dmi|cis)')
_REFERENCE = '_prep_reference.nc'


@dataclass(frozen=True)
class ReferenceScene:
    """Where the charts of a scene lie, and what is known of it.

    Args:
        scene_id: The scene.
        charts: File of the charts: a reference file, or the scene itself.
        scene: Ready-to-train file of the scene, None if there is none.
        region: Region of the ice chart, 'unknown' if nothing says it.
    """

    scene_id: str
    charts: Path | None
    scene: Path | None
    region: str

    @property
    def groups(self) -> dict[str, str]:
        """Ice service, season, month and region of the scene."""
        time = iso_time(self.scene_id[:15])
        return {
            'service': self.scene_id.rpartition('_')[2],
            'season': season(time),
            'month': time[5:7],
            'region': self.region,
        }

    def read_charts(self) -> dict[str, np.ndarray]:
        """Class numbers (H, W) by task, 255 where there is no label.

        Raises:
            SceneFileError: If the file cannot be read.
        """
        if self.charts == self.scene:
            scene = open_scene(self.charts, variables=(), optional=TASKS)
            return {
                task: scene[task].values for task in TASKS if task in scene
            }
        with NetCDFFile(self.charts) as file:
            return {
                task: np.nan_to_num(file.read_numbers(task), nan=255)
                for task in TASKS
                if task in file
            }

    def read_zones(self) -> np.ndarray | None:
        """Zones of the distance to land (H, W), None without the scene.

        Raises:
            SceneFileError: If the file cannot be read.
        """
        if self.scene is None:
            return None
        scene = open_scene(self.scene, variables=['distance_zone'])
        return np.rint(np.nan_to_num(scene['distance_zone'].values))


def find_references(
    sources: str | Path | Iterable[str | Path],
) -> dict[str, ReferenceScene]:
    """Find reference charts in ready-to-train files and in those beside.

    Args:
        sources: ``*_prep.nc`` with charts, ``*_prep_reference.nc``, or
            folders with such files at any depth.

    Returns:
        References by scene id, sorted. Charts are not read yet.

    Raises:
        SceneFileError: If a file is missing, no readable NetCDF, or holds
            no charts at 80 m.
        DatasetError: If a folder is empty, or a scene is there twice.
    """
    if isinstance(sources, str | Path):
        sources = [sources]
    found: dict[str, ReferenceScene] = {}
    for path in (file for source in sources for file in _files(Path(source))):
        new = _look_into(path)
        old = found.get(new.scene_id, new)
        found[new.scene_id] = _joined(old, new, path)
    for scene in found.values():
        if scene.charts is None:
            raise SceneFileError(
                scene.scene,
                'a scene with charts',
                'neither charts nor a reference file',
                f"Name its '{scene.scene_id}{_REFERENCE}' as well.",
            )
    return dict(sorted(found.items()))


def _files(source: Path) -> list[Path]:
    """The files that a source stands for."""
    if not source.is_dir():
        return [source]
    found = sorted(
        path
        for path in source.rglob('*.nc')
        if path.name.endswith(('_prep.nc', _REFERENCE)) and path.name[0] != '.'
    )
    if not found:
        raise DatasetError(
            source,
            f"reference charts, '*_prep.nc' or '*{_REFERENCE}'",
            'a folder without any',
            'Name the folder of the test scenes.',
        )
    return found


def _look_into(path: Path) -> ReferenceScene:
    """Tell what a file is good for."""
    with NetCDFFile(path) as file:
        has_charts = any(task in file for task in TASKS)
        is_scene = 'sar_grid2d_latitude' in file
        if not has_charts and not is_scene:
            raise SceneFileError(
                path,
                'charts at 80 m',
                'neither charts nor a ready-to-train scene',
                "Name the '_prep.nc' of the scene or its reference file.",
            )
        product = _identity(file)
        short = _SHORT.match(path.name)
        if product is None and short is None:
            raise SceneFileError(
                path,
                'the scene in its name or attributes',
                'neither',
                f"Name it '<scene id>{_REFERENCE}'.",
            )
    scene_id = product.scene_id if product else short[0]
    charts = path if has_charts else None
    if not is_scene:
        beside = path.with_name(path.name.replace('_reference', ''))
        is_there = beside != path and beside.is_file()
        scene = beside if is_there else None
    else:
        scene, beside = path, reference_path(path)
        if not has_charts and beside.is_file():
            charts = beside
    return ReferenceScene(scene_id, charts, scene, _region(product, scene_id))


def _identity(file: NetCDFFile) -> ProductId | None:
    """The product that a file names in its attributes, if any."""
    name = file.attrs.get('original_id', '')
    service = file.attrs.get('ice_service', '')
    try:
        return identify(file, name, service)
    except SceneFileError:
        return None


def _region(product: ProductId | None, scene_id: str) -> str:
    """Chart region by the product's name, or by the published lists."""
    region = product.region_id if product else ''
    return region or _published_regions().get(scene_id, 'unknown')


@cache
def _published_regions() -> dict[str, str]:
    """Region of every scene of the published lists."""
    return {
        scene.scene_id: scene.region_id
        for name in published_splits()
        for scene in read_published_split(name)
    }


def _joined(
    old: ReferenceScene, new: ReferenceScene, path: Path
) -> ReferenceScene:
    """What two files say of one scene."""
    for one, other in ((old.charts, new.charts), (old.scene, new.scene)):
        if one and other and one.resolve() != other.resolve():
            raise DatasetError(
                path,
                'each scene once',
                f'{new.scene_id}, which is in {one} as well',
                'Leave one of the two out.',
            )
    return replace(
        old,
        charts=old.charts or new.charts,
        scene=old.scene or new.scene,
        region=new.region if old.region == 'unknown' else old.region,
    )
