"""Many scenes to products: what is done stays done."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
import sys
import time
import traceback
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import xarray as xr
from tqdm import tqdm

from ..errors import MMSeaIceError, PredictionError, SceneFileError
from ..scenes.charted import open_charted
from ..scenes.sentinel1.product import is_safe
from ..scenes.stream import SceneStream
from ..utils.csv_file import write_csv
from ..utils.json_file import write_json
from .products import (
    OF_RUNS,
    OF_SCENES,
    ProductOptions,
    check_products,
    project_charts,
    write_run_products,
    write_scene_products,
)
from .reference import find_reference, score_charted
from .scene_inferencer import SceneInferencer

#: Folder of the layers of a scene, below its own.
LAYERS = 'layers'

#: What was done for a scene.
_NOTE = 'products.json'

#: What users can mend; the trace of anything else is told as well.
_MISTAKES = (MMSeaIceError, OSError, ValueError)


@dataclass
class RunReport:
    """What became of a run.

    Args:
        files: Files that were written, or were there already.
        charted: Scenes that were charted now, by id.
        existing: Scenes that were done before, by id.
        failed: What went wrong, by the path of the scene.
        windows: Windows that were computed.
        seconds: Time for charting, without products.
        model_seconds: What the models took of it.
    """

    files: list[Path] = field(default_factory=list)
    charted: list[str] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    windows: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0


class PredictionRun:
    """Charts scenes and writes their products.

    Each scene has a folder of its own. Its layers grow there while it is
    charted, so a run that was cut off goes on; they are removed when its
    products are written, or at the end if products of all scenes together
    are made from them. A run that was done with the same models, options,
    scenes and products is passed over, and so is each of its scenes.

    Args:
        infer: The models.
        out: Folder of the run.
        products: Names of the products.
        options: How to make them.
        consistent: Whether to make the three charts agree.
        keep_layers: Whether the layers stay.
        opening: Arguments of :meth:`SceneInferencer.open`.
        together: Whether to write products of all scenes together.

    Raises:
        DependencyError: If a library for one of the products is missing.
        ValueError: If there is no such product, or an option is out of
            range.
    """

    def __init__(
        self,
        infer: SceneInferencer,
        out: str | Path,
        products: Sequence[str] = ('netcdf',),
        options: ProductOptions | None = None,
        *,
        consistent: bool = False,
        keep_layers: bool = False,
        opening: dict[str, Any] | None = None,
        together: bool = True,
    ) -> None:
        options = options or ProductOptions()
        check_products(products, options)
        self.infer = infer
        self.out = Path(out)
        self.products = tuple(dict.fromkeys(products))
        self.options = options
        self.consistent = consistent
        self.keep_layers = keep_layers
        self.opening = opening or {}
        self.together = together
        self._together = [
            name for name in self.products if together and name in OF_RUNS
        ]

    def __call__(self, scenes: Iterable[Path]) -> RunReport:
        """Chart scenes; one that fails does not keep others from it.

        Raises:
            PredictionError: If another run has the folder.
        """
        report = RunReport()
        with self._locked():
            paths: dict[str, Path] = {}
            for path in scenes:
                with self._failing(report, str(path)):
                    paths[self._chart(path, report, paths)] = path
            complete = not self._together
            if paths and self._together:
                with self._failing(report, ', '.join(self._together)):
                    report.files += self._write_together(paths, report)
                    complete = True
            # A scene that failed may come to be charted with the others.
            if complete and not (report.failed or self.keep_layers):
                for name in paths:
                    layers = self._folder(name) / LAYERS
                    shutil.rmtree(layers, ignore_errors=True)
        return report

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Have the folder to oneself, or with the other parts of a run."""
        self.out.mkdir(parents=True, exist_ok=True)
        kind = fcntl.LOCK_EX if self.together else fcntl.LOCK_SH
        with open(self.out / '.lock', 'ab') as file:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except OSError as error:
                raise PredictionError(
                    self.out,
                    'a folder that no other run writes to',
                    f'one that is locked ({error.strerror})',
                    'Wait for it, or choose another with --out.',
                ) from error
            yield

    def _write_together(
        self, paths: Mapping[str, Path], report: RunReport
    ) -> list[Path]:
        """Products of all scenes together, unless they are there already.

        Scenes that were charted in an earlier run, and whose layers are
        gone, are charted again for it.
        """
        about = {'scenes': list(paths), 'products': self._together}
        note = _read_note(self.out / _NOTE)
        files = [self.out / name for name in note.get('files', ())]
        if (
            not set(report.charted) & paths.keys()
            and {key: note.get(key) for key in about} == about
            and all(path.is_file() for path in files)
        ):
            return files
        # What is there now is not of these scenes.
        (self.out / _NOTE).unlink(missing_ok=True)
        for name, path in paths.items():
            if not (self._folder(name) / LAYERS).is_dir():
                stream = self.infer.open(path, **self.opening)
                self._chart_layers(stream, report)
        folders = [self._folder(name) for name in paths]
        notes = {
            folder.name: _read_note(folder / _NOTE).get('scores', {})
            for folder in folders
        }
        options = replace(self.options, scores=notes)
        charts = _Charts(folders, self._open)
        files = write_run_products(charts, self.out, self._together, options)
        about['files'] = _relative(files, self.out)
        write_json(self.out / _NOTE, about)
        return files

    @contextmanager
    def _failing(self, report: RunReport, what: str) -> Iterator[None]:
        """Note what goes wrong, and go on."""
        try:
            yield
        except Exception as error:
            report.failed[what] = f'{type(error).__name__}: {error}'
            full = getattr(error, 'errno', None) == errno.ENOSPC
            if full and str(self.out) not in str(error):
                report.failed[what] += f'. Make room in {self.out}.'
            tqdm.write(f'Failed: {report.failed[what]}', file=sys.stderr)
            if not isinstance(error, _MISTAKES):
                tqdm.write(traceback.format_exc(), file=sys.stderr)

    def _folder(self, scene_id: str) -> Path:
        return self.out / scene_id

    def _open(self, folder: Path) -> xr.Dataset:
        charted = open_charted(folder / LAYERS)
        return project_charts(charted) if self.consistent else charted

    def _chart(
        self, path: Path, report: RunReport, done: Collection[str]
    ) -> str:
        """Chart one scene and write its products, if need be.

        Returns:
            Its id.
        """
        stream = self.infer.open(path, **self.opening)
        name = stream.attrs['scene_id']
        _check_scene(path, stream.attrs, done)
        folder = self._folder(name)
        asked = self._asked(self.infer.provenance(stream))
        note = _read_note(folder / _NOTE)
        files = [folder / file for file in note.get('files', ())]
        if note.get('asked') == asked and all(f.is_file() for f in files):
            report.existing.append(name)
            report.files += files
            return name
        self._chart_layers(stream, report)
        files, scores = self._write(path, folder)
        write_json(
            folder / _NOTE,
            {
                'asked': asked,
                'files': _relative(files, folder),
                'scores': scores,
            },
        )
        if not (self._together or self.keep_layers):
            shutil.rmtree(folder / LAYERS, ignore_errors=True)
        report.charted.append(name)
        report.files += files
        return name

    def _chart_layers(self, stream: SceneStream, report: RunReport) -> None:
        """Chart a scene into its folder, or go on with it."""
        name = stream.attrs['scene_id']
        bar = tqdm(
            total=stream.fine_shape[0],
            desc=name,
            unit='line',
            disable=not self.options.progress,
        )
        began = time.perf_counter()
        with bar:
            for lines in self.infer.chart(stream, self._folder(name) / LAYERS):
                bar.update(lines)
        report.seconds += time.perf_counter() - began
        report.windows += self.infer.windows
        report.model_seconds += self.infer.seconds

    def _write(
        self, path: Path, folder: Path
    ) -> tuple[list[Path], dict[str, float]]:
        """Products of one scene, and its scores if its file has charts."""
        charted = self._open(folder)
        reference = find_reference(path, charted)
        scores = {} if reference is None else score_charted(charted, reference)
        files = write_scene_products(
            charted,
            folder / folder.name,
            self.products,
            replace(self.options, reference=reference),
        )
        if is_safe(path):
            table = folder / f'{folder.name}_swaths.csv'
            files.append(_write_swaths(path, table))
        return files, scores

    def _asked(self, provenance: dict[str, Any]) -> dict[str, Any]:
        """What decides how the files of a scene look."""
        asked = {
            'products': [name for name in self.products if name in OF_SCENES],
            'options': self.options.as_attrs(),
            'consistent': self.consistent,
            'scene': provenance,
        }
        # As it comes back from the file.
        return json.loads(json.dumps(asked))


def _check_scene(
    path: Path, attrs: dict[str, Any], done: Collection[str]
) -> None:
    """Refuse a scene whose files could not be told from those of others."""
    name = attrs['scene_id']
    if name in done:
        raise SceneFileError(
            path,
            'scenes of different ids',
            f'a second {name}',
            'Leave one of the two out.',
        )
    if not name or Path(name).name != name or name == '..':
        raise SceneFileError(
            path, 'a scene id that is a name', repr(name), 'Mend the file.'
        )
    if not attrs.get('acquisition_time'):
        raise SceneFileError(
            path,
            'a time of acquisition',
            'a file whose name says none',
            'Give it the name of its Sentinel-1 product, or its beginning, '
            'as in S1A_EW_GRDM_1SDH_20200123T120618.tif.',
        )


def _relative(files: Iterable[Path], folder: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in files]


class _Charts(Sequence):
    """Charts that are opened when they are needed, and then kept.

    What is kept lies on the disk, unless charts were made consistent.
    """

    def __init__(
        self, folders: list[Path], opener: Callable[[Path], xr.Dataset]
    ) -> None:
        self._folders = folders
        self._open = cache(opener)

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, index: int) -> xr.Dataset:
        return self._open(self._folders[index])


def _write_swaths(product: Path, path: Path) -> Path:
    """Write how HH and HV of a product look in each sub-swath.

    Thermal noise was removed by ESA's vectors and not as in the training
    data, see :func:`~mmseaice.scenes.sentinel1.statistics.swath_statistics`.
    Numbers have three digits.
    """
    from ..scenes.sentinel1.safe import SafeScene
    from ..scenes.sentinel1.statistics import swath_statistics

    rows = [
        {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in row._asdict().items()
        }
        for row in swath_statistics(SafeScene(product))
    ]
    write_csv(path, rows)
    return path


def _read_note(path: Path) -> dict[str, Any]:
    """What a note says; nothing if it is none of ours."""
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
