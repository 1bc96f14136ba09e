"""Build a scene store from scene files.

A scene appears in the store under its name only when it is complete, so
that a build can be killed and run again, and two builders may share a
store. What is there already is left alone.
"""

from __future__ import annotations

import inspect
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import xarray as xr
from tqdm import tqdm

from ..errors import (
    DependencyError,
    MMSeaIceError,
    ReleaseError,
    SceneFileError,
    StoreError,
)
from .checks import check_scene
from .open import check_options, open_scene, scene_files_of
from .store import read_root
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
    shard: tuple[int, int] = (1, 1),
    dask: str | None = None,
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

    Sources and options are checked before anything is created. A store that
    was complete before stays so if the build ends in an error.

    Args:
        sources: Scene files, or folders of them.
        out: Folder of the store.
        on_error: Whether a scene that cannot be stored ends the build or is
            left out and reported.
        workers: Processes; each holds one scene, 1 to 3 GB.
        shard: ``(i, n)`` builds the ``i``-th of ``n`` parts of the sources,
            1 to ``n``. Builders of all parts may work at once on one store,
            each called with all sources; it is finished with the last one.
        dask: Address of a Dask scheduler whose workers take the place of
            processes. They must see sources and store at the same paths.
        allow_mixed_releases: Whether scenes of several releases may share
            the store.
        opener: Function that reads a source, called with ``variables``,
            ``optional`` and the ``open_options``. It must be importable by
            name if there are several workers.
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
        ValueError: If an option is out of range or there are no sources.
        TypeError: If ``opener`` takes no such option.
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
    inspect.signature(opener).bind(
        out, variables=(), optional=(), **open_options
    )
    if opener is open_scene:
        check_options(**open_options)
    files = scene_files_of(sources)
    mine = _part_of(files, shard)
    folder = StoreFolder(Path(out).absolute(), options, allow_mixed_releases)
    report = BuildReport(Path(out))
    parts = {}
    for source in mine:
        if source.name in folder.sources:
            report.existing.append(folder.sources[source.name])
        else:
            parts[source] = folder.part(source)
    fresh = not read_root(folder.path)['complete']
    with _disk_errors(folder.path):
        expected = folder.expect(files, parts)
    try:
        if parts:
            job = partial(_write_part, options=options, opener=opener)
            with _pool(workers, dask) as pool:
                _build(folder, job, parts, pool, report, on_error, progress)
    except BaseException:
        if not fresh:
            # What was complete before is so without the new scenes.
            folder.forget(expected)
        raise
    with _disk_errors(folder.path):
        folder.finish()
    return report


def _part_of(files: list[Path], shard: tuple[int, int]) -> list[Path]:
    """The files of one part, spread evenly over the list."""
    number, count = shard
    if not 1 <= number <= count:
        raise ValueError(
            f'shard must be (i, n) with 1 <= i <= n, but got {shard}.'
        )
    return files[number - 1 :: count]


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Say what to do when a store cannot be written."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            path,
            'a folder that can be written',
            f'{type(error).__name__} ({error})',
            'Make room, then run the same command again: it continues.',
        ) from error


def _build(
    folder: StoreFolder,
    job: Callable[[Path, Path], dict[str, str]],
    parts: dict[Path, Path],
    pool: Executor | None,
    report: BuildReport,
    on_error: str,
    progress: bool,
) -> None:
    """Write the parts and commit each as it gets complete."""
    bar = tqdm(
        total=len(parts), desc='Store', unit='scene', disable=not progress
    )
    try:
        with bar, _results(job, parts, pool) as results:
            for source, result in results:
                try:
                    scene = result()
                    new = folder.commit(source, **scene)
                except MMSeaIceError as error:
                    whole = isinstance(error, StoreError | ReleaseError)
                    if whole or on_error == 'raise':
                        raise
                    _LOGGER.warning('Skipped %s', error)
                    folder.skip(source, str(error))
                    report.skipped[str(source)] = str(error)
                else:
                    ids = report.written if new else report.existing
                    ids.append(scene['scene_id'])
                bar.update()
    except Exception as error:
        # Dask's own, which cannot be named without Dask.
        killed = type(error).__name__ == 'KilledWorker'
        if not (killed or isinstance(error, BrokenProcessPool)):
            raise
        raise StoreError(
            folder.path,
            'workers that finish',
            'one that was killed, probably for its memory',
            'Run the same command again with fewer workers: it continues.',
        ) from error
    finally:
        folder.remove_parts()


@contextmanager
def _pool(workers: int, dask: str | None) -> Iterator[Executor | None]:
    """Where scenes are written, None for this process."""
    if dask is not None:
        with _dask_client(dask) as client:
            yield client.get_executor(pure=False)
    elif workers > 1:
        # Spawned, because threads of the caller do not survive a fork.
        yield ProcessPoolExecutor(workers, get_context('spawn'))
    else:
        yield None


def _dask_client(address: str) -> Any:
    """Connect to a Dask cluster.

    Raises:
        DependencyError: If Dask is not installed.
        StoreError: If nobody answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise DependencyError(
            'distributed must be installed to build on a Dask cluster, '
            "but it is not. Run: pip install 'mmseaice[dask]'"
        ) from error
    try:
        # As the default it would stay Dask's scheduler even when refused.
        return Client(address, timeout='10s', set_as_default=False)
    except (OSError, ValueError) as error:
        raise StoreError(
            address, 'the address of a Dask scheduler', str(error)
        ) from error


@contextmanager
def _results(
    job: Callable[[Path, Path], dict[str, str]],
    parts: dict[Path, Path],
    pool: Executor | None,
) -> Iterator[Iterator[tuple[Path, Callable[[], dict[str, str]]]]]:
    """Each source with a function that returns or raises its result."""
    if pool is None:
        yield ((s, partial(job, s, part)) for s, part in parts.items())
        return
    futures = {pool.submit(job, s, part): s for s, part in parts.items()}
    try:
        yield ((futures[done], done.result) for done in as_completed(futures))
    finally:
        for future in futures:
            future.cancel()
        pool.shutdown()


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
        scene = opener(
            source,
            variables=list(names),
            optional=['polygon_id', 'polygon_codes'] if options.tasks else [],
            **options.open_options,
        )
    except (MMSeaIceError, MemoryError):
        raise
    except Exception as error:
        raise _unusable(source, error) from error
    check_scene(scene, options.tasks)
    try:
        with _disk_errors(part.parent):
            if part.exists():
                shutil.rmtree(part)
            write_scene(part, scene, options, source.name)
    except (MMSeaIceError, MemoryError):
        raise
    except Exception as error:
        raise _unusable(source, error) from error
    return {
        'scene_id': scene.attrs['scene_id'],
        'release': scene.attrs['release'],
    }


def _unusable(source: Path, error: Exception) -> SceneFileError:
    """Name the file of an error that does not name it itself."""
    remedy = ''
    if isinstance(error, OSError | RuntimeError):
        remedy = 'Fetch the file again and compare its checksum.'
    found = f'{type(error).__name__} ({error})'
    return SceneFileError(source, 'a readable scene', found, remedy)
