"""Build a scene store from scene files.

A scene appears in the store under its name only when it is complete, so
that a build can be killed and run again, and two builders may share a
store. What is there already is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import xarray as xr
from tqdm import tqdm

from ..errors import MMSeaIceError, ReleaseError, SceneFileError, StoreError
from .checks import check_scene
from .open import open_scene, scene_files
from .store_folder import StoreFolder
from .store_format import StoreOptions
from .store_writer import write_scene

_LOGGER = logging.getLogger(__name__)

Opener = Callable[..., xr.Dataset]


@dataclass
class BuildReport:
    """What became of the sources of a build.

    Args:
        path: The store.
        written: Ids of the scenes that this build wrote.
        existing: Ids of the scenes that were there already.
        skipped: Reason by source that could not be stored.
    """

    path: Path
    written: list[str] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def build_store(
    sources: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    on_error: Literal['raise', 'skip'] = 'raise',
    workers: int = 1,
    allow_mixed_releases: bool = False,
    opener: Opener = open_scene,
    progress: bool = True,
    spacings: Iterable[float] = (80,),
    channels: Iterable[str] = ('HH', 'HV'),
    tasks: Iterable[str] = ('SIC', 'SOD', 'FLOE'),
    charts: Literal['majority', 'nearest', 'max'] = 'majority',
    min_valid: float = 0.5,
    **open_options: Any,
) -> BuildReport:
    """Write scenes to a store, or add those that it still lacks.

    Args:
        sources: Scene files, or folders of them.
        out: Folder of the store.
        on_error: Whether a scene that cannot be stored ends the build or is
            left out and reported.
        workers: Processes; each holds one scene, 1 to 3 GB.
        allow_mixed_releases: Whether scenes of several releases may share
            the store.
        opener: Function that reads a source, called with ``variables`` and
            the ``open_options``. It must be importable by name if there are
            several workers.
        progress: Whether to show a progress bar on stderr.
        spacings: Pixel spacings in metres.
        channels: Canonical channel names, one at least on the SAR grid.
        tasks: Charts by name; none for a store without labels.
        charts: How charts are resampled.
        min_valid: Share of a cell that must be valid or labelled.
        open_options: Further arguments of ``opener``, such as ``mask`` and
            ``release``.

    Returns:
        Which scenes were written, present before, and skipped.

    Raises:
        StoreError: If ``out`` is something else, was built with other
            options, or cannot be written.
        ReleaseError: If scenes of several releases meet.
        MMSeaIceError: Whatever a scene that cannot be read raises, if
            ``on_error`` is 'raise'.
    """
    if on_error not in ('raise', 'skip'):
        raise ValueError(
            f"on_error must be 'raise' or 'skip', but got {on_error!r}."
        )
    options = StoreOptions(
        spacings=spacings,
        channels=channels,
        tasks=tasks,
        charts=charts,
        min_valid=min_valid,
        open_options=open_options,
    )
    folder = StoreFolder(Path(out), options, allow_mixed_releases)
    report = BuildReport(folder.path)
    parts = {}
    for source in _files(sources):
        if any(source.name == other.name for other in parts):
            raise SceneFileError(
                source,
                'one file of each name',
                'a second one',
                'Leave one of the two out.',
            )
        if source.name in folder.sources:
            report.existing.append(folder.sources[source.name])
        else:
            parts[source] = folder.part(source)
    if parts:
        folder.mark(complete=False)
        job = partial(_write_part, options=options, opener=opener)
        _build(folder, job, parts, workers, report, on_error, progress)
    folder.mark(complete=True)
    return report


def _files(sources: str | Path | Iterable[str | Path]) -> Iterator[Path]:
    """All scene files; folders stand for the files below them."""
    if isinstance(sources, str | Path):
        sources = [sources]
    for source in map(Path, sources):
        yield from scene_files(source) if source.is_dir() else [source]


def _build(
    folder: StoreFolder,
    job: Callable[[Path, Path], dict[str, str]],
    parts: dict[Path, Path],
    workers: int,
    report: BuildReport,
    on_error: str,
    progress: bool,
) -> None:
    """Write the parts and commit each as it gets complete."""
    bar = tqdm(
        total=len(parts), desc='Store', unit='scene', disable=not progress
    )
    try:
        with bar, _results(job, parts, workers) as results:
            for source, result in results:
                try:
                    scene = result()
                    new = folder.commit(source, **scene)
                except MMSeaIceError as error:
                    whole = isinstance(error, StoreError | ReleaseError)
                    if whole or on_error == 'raise':
                        raise
                    _LOGGER.warning('Skipped %s', error)
                    report.skipped[str(source)] = str(error)
                else:
                    ids = report.written if new else report.existing
                    ids.append(scene['scene_id'])
                bar.update()
    except BrokenProcessPool as error:
        raise StoreError(
            folder.path,
            'workers that finish',
            'one that was killed, probably for its memory',
            'Run the same command again with fewer workers: it continues.',
        ) from error
    finally:
        folder.remove_parts()


@contextmanager
def _results(
    job: Callable[[Path, Path], dict[str, str]],
    parts: dict[Path, Path],
    workers: int,
) -> Iterator[Iterator[tuple[Path, Callable[[], dict[str, str]]]]]:
    """Each source with a function that returns or raises its result."""
    if workers <= 1:
        yield ((s, partial(job, s, part)) for s, part in parts.items())
        return
    # Spawned, because threads of the caller do not survive a fork.
    pool = ProcessPoolExecutor(workers, get_context('spawn'))
    try:
        futures = {pool.submit(job, s, part): s for s, part in parts.items()}
        yield ((futures[done], done.result) for done in as_completed(futures))
    finally:
        pool.shutdown(cancel_futures=True)


def _write_part(
    source: Path, part: Path, options: StoreOptions, opener: Opener
) -> dict[str, str]:
    """Read one scene and write it to a folder of its own.

    Returns:
        The scene's id and release.

    Raises:
        MMSeaIceError: If the scene cannot be read.
        StoreError: If it cannot be written.
    """
    # HH and HV also decide which cells of the other variables are valid.
    names = dict.fromkeys(('HH', 'HV', *options.channels, *options.tasks))
    try:
        scene = opener(source, variables=list(names), **options.open_options)
    except (OSError, RuntimeError) as error:
        raise SceneFileError(
            source,
            'a readable scene',
            f'{type(error).__name__} ({error})',
            'Fetch the file again and compare its checksum.',
        ) from error
    check_scene(scene, options.tasks)
    try:
        write_scene(part, scene, options, source.name)
    except OSError as error:
        raise StoreError(
            part.parent,
            'a folder that can be written',
            f'{type(error).__name__} ({error})',
            'Make room, then run the same command again: it continues.',
        ) from error
    return {
        'scene_id': scene.attrs['scene_id'],
        'release': scene.attrs['release'],
    }
