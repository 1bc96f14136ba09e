"""Many scenes to products: what is done stays done."""

from __future__ import annotations

import json
import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr
from tqdm import tqdm

from ..errors import MMSeaIceError, SceneFileError
from ..scenes import SceneStore, scene_files
from ..scenes.charted import open_charted
from ..scenes.sentinel1.product import is_safe
from ..utils.atomic import atomic_path
from ..utils.json_file import write_json
from .products import (
    OF_RUNS,
    OF_SCENES,
    ProductOptions,
    project_charts,
    write_run_products,
    write_scene_products,
)
from .scene_inferencer import SceneInferencer

_LOGGER = logging.getLogger(__name__)

#: Folder of the layers of a scene, below its own.
LAYERS = 'layers'

#: What was done for a scene.
_NOTE = 'products.json'

#: What keeps one scene from being charted, and not the others.
_FAILURES = (MMSeaIceError, OSError, ValueError)

_GEOTIFFS = ('.tif', '.tiff')


def find_scenes(sources: Iterable[str | Path]) -> list[Path]:
    """Scenes that paths and patterns stand for, each once.

    Args:
        sources: Scene files; SAFE folders; stores, or scenes of one; other
            folders, for all scenes below; text files with a path in each
            line; patterns with ``*``, ``?`` or ``[``.

    Raises:
        SceneFileError: If one stands for no scene.
    """
    found: dict[Path, None] = {}
    for source in sources:
        scenes = list(_expand(Path(source)))
        if not scenes:
            raise SceneFileError(
                source, 'a scene, or a folder or list of some', 'none there',
                'Check the path.',
            )  # fmt: skip
        found.update(dict.fromkeys(scenes))
    return list(found)


def _expand(path: Path) -> Iterator[Path]:
    if path.suffix == '.txt' and path.is_file():
        for line in path.read_text().splitlines():
            entry = line.strip()
            if entry and not entry.startswith('#'):
                yield from _expand(path.parent / entry)
    elif not path.exists():
        pattern = str(path)
        if any(sign in pattern for sign in '*?['):
            anchor = Path(path.anchor or '.')
            for match in sorted(
                anchor.glob(str(path.relative_to(path.anchor)))
            ):
                yield from _expand(match)
        else:
            raise SceneFileError(
                path, 'a scene', 'nothing there', 'Check the path.'
            )
    elif is_safe(path) or path.is_file():
        yield path
    elif (path / 'zarr.json').is_file():
        yield from _expand_group(path)
    else:
        yield from scene_files(path)
        yield from sorted(p for p in path.rglob('*.SAFE') if is_safe(p))
        yield from sorted(
            p
            for p in path.rglob('*')
            if p.suffix.lower() in _GEOTIFFS and not _in_safe(p)
        )


def _expand_group(path: Path) -> Iterator[Path]:
    """A scene of a store, or all scenes of one."""
    if (path.parent / 'zarr.json').is_file():
        yield path
        return
    for name in SceneStore(path).scene_ids:
        yield path / name


def _in_safe(path: Path) -> bool:
    return any(parent.suffix == '.SAFE' for parent in path.parents)


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
    charted, so a run that was cut off goes on, and are removed when all
    products are written. A scene that was done with the same model, options
    and products is passed over.

    Args:
        infer: The models.
        out: Folder of the run.
        products: Names of the products.
        options: How to make them.
        consistent: Whether to make the three charts agree.
        keep_layers: Whether the layers stay.
        opening: Arguments of :meth:`SceneInferencer.open`.
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
    ) -> None:
        self.infer = infer
        self.out = Path(out)
        self.products = tuple(dict.fromkeys(products))
        self.options = options or ProductOptions()
        self.consistent = consistent
        self.keep_layers = keep_layers
        self.opening = opening or {}
        self._together = [name for name in self.products if name in OF_RUNS]

    def __call__(self, scenes: Iterable[Path]) -> RunReport:
        """Chart scenes; one that fails does not keep others from it."""
        report = RunReport()
        for path in scenes:
            try:
                self._chart(path, report)
            except _FAILURES as error:
                self._tell(report, str(path), error)
        done = [*report.charted, *report.existing]
        if done and self._together:
            try:
                charted = _Charts([self._folder(name) for name in done],
                                  self._open)  # fmt: skip
                report.files += write_run_products(
                    charted, self.out, self._together, self.options
                )
            except _FAILURES as error:
                self._tell(report, ', '.join(self._together), error)
        if not self.keep_layers and not report.failed:
            for name in done:
                shutil.rmtree(self._folder(name) / LAYERS, ignore_errors=True)
        return report

    @staticmethod
    def _tell(report: RunReport, what: str, error: Exception) -> None:
        _LOGGER.debug(traceback.format_exc())
        report.failed[what] = f'{type(error).__name__}: {error}'
        tqdm.write(f'Failed: {report.failed[what]}')

    def _folder(self, scene_id: str) -> Path:
        return self.out / scene_id

    def _open(self, folder: Path) -> xr.Dataset:
        charted = open_charted(folder / LAYERS)
        return project_charts(charted) if self.consistent else charted

    def _chart(self, path: Path, report: RunReport) -> None:
        stream = self.infer.open(path, **self.opening)
        name = stream.attrs['scene_id']
        if name in (*report.charted, *report.existing):
            raise SceneFileError(
                path, 'scenes of different ids', f'a second {name}',
                'Leave one of the two out.',
            )  # fmt: skip
        folder = self._folder(name)
        asked = self._asked(self.infer.provenance(stream))
        note = _read_note(folder / _NOTE)
        whole = (folder / LAYERS).is_dir() or not self._together
        if note.get('asked') == asked and whole:
            files = [folder / file for file in note['files']]
            if all(file.is_file() for file in files):
                report.existing.append(name)
                report.files += files
                return
        bar = tqdm(
            total=stream.fine_shape[0],
            desc=name,
            unit='line',
            disable=not self.options.progress,
        )
        began = time.perf_counter()
        with bar:
            for lines in self.infer.chart(stream, folder / LAYERS):
                bar.update(lines)
        report.seconds += time.perf_counter() - began
        report.windows += self.infer.windows
        report.model_seconds += self.infer.seconds
        files = write_scene_products(
            self._open(folder), folder / name, self.products, self.options
        )
        if is_safe(path):
            files.append(_write_swaths(path, folder / f'{name}_swaths.csv'))
        names = [file.relative_to(folder).as_posix() for file in files]
        write_json(folder / _NOTE, {'asked': asked, 'files': names})
        report.charted.append(name)
        report.files += files

    def _asked(self, provenance: dict[str, Any]) -> dict[str, Any]:
        """What decides how the files of a scene look."""
        options = asdict(self.options)
        del options['progress']
        asked = {
            'products': [name for name in self.products if name in OF_SCENES],
            'options': options,
            'consistent': self.consistent,
            'opening': {k: str(v) for k, v in self.opening.items()},
            'scene': provenance,
        }
        # As it comes back from the file.
        return json.loads(json.dumps(asked))


class _Charts(Sequence):
    """Charts that are opened one by one, when they are needed."""

    def __init__(
        self, folders: list[Path], opener: Callable[[Path], xr.Dataset]
    ) -> None:
        self._folders = folders
        self._open = opener

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, index: int) -> xr.Dataset:
        return self._open(self._folders[index])


def _write_swaths(product: Path, path: Path) -> Path:
    """Write how HH and HV of a product look in each sub-swath.

    Thermal noise was removed by ESA's vectors and not as in the training
    data, see :func:`~mmseaice.scenes.sentinel1.statistics.swath_statistics`.
    """
    from ..scenes.sentinel1.safe import SafeScene
    from ..scenes.sentinel1.statistics import swath_statistics

    scene = SafeScene(product)
    lines = ['channel,swath,pixels,mean_db,low_db,nesz_db,clipped']
    for channel in ('HH', 'HV'):
        for row in swath_statistics(scene, channel):
            numbers = ','.join(f'{number:.3f}' for number in row[2:])
            lines.append(f'{channel},{row.swath},{row.pixels},{numbers}')
    with atomic_path(path) as part:
        part.write_text('\n'.join(lines) + '\n')
    return path


def _read_note(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
