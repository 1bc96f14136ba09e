"""Copies of raw scenes whose ice charts are wrong by a stated amount."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import netCDF4
import numpy as np
from tqdm import tqdm

from ..charts.perturb import perturb_codes
from ..errors import (
    DatasetError,
    MissingVariableError,
    PolygonCodeError,
    SceneFileError,
)
from ..utils.atomic import atomic_path
from .assemble import identify
from .displace import displace_polygons
from .netcdf import NetCDFFile
from .open import scene_files_of
from .raw import PIXEL_SPACING
from .ready import FULL

#: Global attribute of the copies that says how their charts are wrong.
NOTE = 'chart_errors'

_POLYGONS, _CODES = 'polygon_icechart', 'polygon_codes'


@dataclass(frozen=True)
class ChartErrors:
    """How wrong charts are to be.

    Args:
        tenths: See :func:`~mmseaice.charts.perturb.perturb_codes`.
        displacement: Root mean square in metres, see
            :func:`.displace_polygons`.
        seed: Errors depend on it and on the scene's id, on nothing else.
    """

    tenths: int = 1
    displacement: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tenths < 0 or not 0 <= self.displacement < np.inf:
            raise ValueError(
                'tenths and displacement must be finite and 0 or more, but '
                f'got {self.tenths} and {self.displacement}.'
            )

    @property
    def note(self) -> str:
        """Text of the attribute :data:`NOTE`."""
        # The same whether a number was given as 2000 or 2000.0.
        found = asdict(self) | {'displacement': float(self.displacement)}
        return json.dumps(found)

    def streams(self, scene_id: str) -> list[np.random.Generator]:
        """Randomness for the codes and for the borders of a scene.

        Two streams, so that neither error changes the other.
        """
        digest = hashlib.sha256(scene_id.encode()).digest()
        number = int.from_bytes(digest[:8], 'big')
        return np.random.default_rng([self.seed, number]).spawn(2)


def perturb_scenes(
    sources: Iterable[str | Path],
    out: str | Path,
    errors: ChartErrors,
    progress: bool = False,
) -> tuple[list[Path], list[Path]]:
    """Write copies of raw scenes that differ in their charts only.

    A copy appears when it is complete; what is there already, with the same
    errors, is left alone.

    Args:
        sources: Raw scene files, or folders of them.
        out: Folder of the copies, which keep their names.
        errors: How wrong the charts are to be.
        progress: Whether to show a progress bar on stderr.

    Returns:
        Paths that were written, and that were there before.

    Raises:
        SceneFileError: If a source is missing, unreadable, or no raw scene
            with polygons, or two have one name.
        DatasetError: If a copy would take the place of another file.
        PolygonCodeError: If a table of codes cannot be read.
    """
    files = scene_files_of(sources)
    copies = {Path(out) / source.name: source for source in files}
    there = [path for path in copies if _is_there(path, errors)]
    # All are looked at before the first is copied.
    missing = {p: _scene_id(copies[p]) for p in copies if p not in there}
    bar = tqdm(missing.items(), 'scenes', disable=not progress, unit='scene')
    for path, scene_id in bar:
        _write_copy(copies[path], path, scene_id, errors)
    return [*missing], there


def _is_there(path: Path, errors: ChartErrors) -> bool:
    """Whether a copy was written before; refuse any other file."""
    if not path.exists():
        return False
    with NetCDFFile(path) as file:
        note = file.attrs.get(NOTE)
    if note != errors.note:
        raise DatasetError(
            path,
            f'nothing, or a chart with the errors {errors.note}',
            f'one with {note}' if note else 'another file',
            'Name another folder, or remove the file.',
        )
    return True


def _write_copy(
    source: Path, path: Path, scene_id: str, errors: ChartErrors
) -> None:
    """Copy the file, and overwrite what is to be wrong in place."""
    for_codes, for_borders = errors.streams(scene_id)
    with atomic_path(path) as part:
        shutil.copyfile(source, part)
        try:
            with netCDF4.Dataset(part, 'r+') as dataset:
                # Values as they are stored, so that none is rounded.
                dataset.set_auto_scale(False)
                codes, ids = dataset[_CODES], dataset[_POLYGONS]
                codes[:] = np.array(
                    perturb_codes(codes[:], errors.tenths, for_codes), object
                )
                ids[:] = displace_polygons(
                    ids[:], errors.displacement, PIXEL_SPACING, for_borders
                )
                dataset.setncattr(NOTE, errors.note)
        except PolygonCodeError as error:
            raise PolygonCodeError(
                f'{source}: {error.subject}',
                error.expected,
                error.got,
                error.remedy,
            ) from None
        except RuntimeError as error:
            # HDF5 says no more than that.
            raise SceneFileError(
                source,
                'a scene that can be read whole, and room for its copy',
                f'{type(error).__name__} ({error})',
                'Make room, or fetch the file again.',
            ) from error


def _scene_id(source: Path) -> str:
    """Id of a raw scene that has a chart."""
    with NetCDFFile(source) as file:
        if _POLYGONS not in file or _CODES not in file:
            raise MissingVariableError(
                source,
                f'a raw scene with {_POLYGONS!r} and {_CODES!r}',
                'a file without',
                'Ready-to-train files have no polygons: take the raw ones.',
            )
        file.shape(_POLYGONS, FULL)
        file.shape(_CODES, (_CODES,))
        chart_id = file.attribute(_POLYGONS, 'icechart_id')
        return identify(file, source.name, chart_id).scene_id
