"""Write a folder of simulated scenes, laid out as the published data."""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from ...errors import DatasetError
from ...utils.atomic import atomic_path
from ..standardise import check_release
from .identity import SceneIdentity
from .plan import ScenePlan, plan_scenes
from .ready import TEST_CHARTS, TestCharts, write_ready
from .scene import scene_identity, simulate_scene
from .write import write_raw, write_truth

Kind = Literal['ready', 'raw', 'both']
_COLUMNS = (
    'input_path',
    'reference_path',
    'date',
    'ice_service',
    'split',
    'region_id',
)
_NOTE = 'simulation.json'
_TIME = '%Y-%m-%dT%H:%M:%S'
#: What notes that were written before these options existed stand for.
_BEFORE = {'test_charts': 'chart'}


@dataclass(frozen=True)
class _SetOptions:
    """The arguments of :func:`write_scenes` that decide what is written."""

    scenes: int
    lines: int
    samples: int
    kind: Kind
    seed: int
    test_scenes: int
    release: str
    specials: bool
    test_charts: TestCharts


def _identity(plan: ScenePlan) -> SceneIdentity:
    return scene_identity(
        plan.seed, plan.index, plan.lines, plan.service, plan.start
    )


def _scene_paths(
    plan: ScenePlan, out: Path, kind: Kind, release: str
) -> list[Path]:
    """Files of a scene: ready, its reference, raw, truth."""
    identity = _identity(plan)
    test = plan.split == 'test'
    paths = []
    if kind in ('ready', 'both'):
        ready = out / plan.split / f'{identity.scene_id}_prep.nc'
        paths.append(ready)
        if test:
            paths.append(ready.with_name(f'{ready.stem}_reference.nc'))
    if kind in ('raw', 'both'):
        end = '_testdata.nc' if test and release == 'Oct-2022' else '.nc'
        stem = identity.original_id.removesuffix('.nc')
        paths.append(out / 'raw' / f'{stem}{end}')
    return [*paths, out / 'truth' / f'{identity.scene_id}_truth.nc']


def _write_scene(plan: ScenePlan, out: Path, options: _SetOptions) -> None:
    """Simulate and write one scene; the truth last."""
    scene = simulate_scene(
        plan.seed,
        plan.index,
        lines=plan.lines,
        samples=plan.samples,
        service=plan.service,
        special=plan.special,
        start=plan.start,
    )
    test = plan.split == 'test'
    if options.kind in ('ready', 'both'):
        write_ready(
            scene,
            out / plan.split,
            release=options.release,
            test=test,
            test_charts=options.test_charts,
        )
    if options.kind in ('raw', 'both'):
        bare = test and options.release == 'Oct-2022'
        write_raw(scene, out / 'raw', testdata=bare)
    write_truth(scene, out / 'truth')


def _table_row(plan: ScenePlan, paths: list[Path], out: Path) -> list[str]:
    """Row of ``metadata.csv`` for a scene and its files."""
    identity = _identity(plan)
    names = [path.relative_to(out).as_posix() for path in paths]
    references = [n for n in names if n.endswith('_prep_reference.nc')]
    return [
        names[0],
        *(references or ['']),
        f'{identity.start:{_TIME}}',
        identity.service,
        plan.split,
        identity.region,
    ]


def _run(
    plans: list[ScenePlan], out: Path, options: _SetOptions, workers: int
) -> Iterator[None]:
    """Write scenes here or in a pool of processes, as they get done."""
    if workers <= 1:
        for plan in plans:
            yield _write_scene(plan, out, options)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = [
            pool.submit(_write_scene, plan, out, options) for plan in plans
        ]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _check_folder(out: Path, options: _SetOptions, planned: set[Path]) -> bool:
    """Refuse to mix two sets of scenes in one folder.

    Args:
        out: Folder of the set.
        options: What is to be written.
        planned: The files to be written.

    Returns:
        Whether scenes in it are known to be of this set.
    """
    note = out / _NOTE
    if note.is_file():
        try:
            before = _BEFORE | json.loads(note.read_text(encoding='utf-8'))
        except (TypeError, ValueError):
            before = None
        if before != asdict(options):
            raise DatasetError(
                out,
                f'a new folder, or a set of {asdict(options)}',
                f'a set of {before or "unknown options"}',
                'Name another folder, or remove this one.',
            )
    foreign = sorted(set(out.rglob('*.nc')) - planned)
    if foreign:
        raise DatasetError(
            out,
            'a new folder, or one of the same set',
            f'{len(foreign)} other files, such as '
            f'{foreign[0].relative_to(out)}',
            'Name another folder, or remove this one.',
        )
    return note.is_file()


def write_scenes(
    out: str | Path,
    scenes: int,
    *,
    lines: int,
    samples: int,
    kind: Kind = 'both',
    seed: int = 0,
    test_scenes: int = 0,
    release: str = 'Dec-2022',
    specials: bool = True,
    test_charts: TestCharts = 'chart',
    workers: int = 1,
    progress: bool = False,
) -> list[Path]:
    """Simulate scenes into a folder.

    The layout is that of the published mirror: ``train/<short>_prep.nc``,
    ``test/<short>_prep.nc`` with its ``_prep_reference.nc``, and
    ``metadata.csv``; raw files lie in ``raw/``, the truth behind each scene
    in ``truth/<short>_truth.nc``. What is written does not depend on the
    number of workers. ``simulation.json`` notes the arguments; with the same
    ones, a later call writes what is missing.

    Args:
        out: Folder.
        scenes: Number of scenes.
        lines: Raw lines of 40 m per scene.
        samples: Raw samples per scene.
        kind: 'ready', 'raw' or 'both'.
        seed: Seed of the set.
        test_scenes: How many of the scenes are test scenes.
        release: 'Dec-2022' or 'Oct-2022'.
        specials: See :func:`plan_scenes`.
        test_charts: What the ``_prep_reference.nc`` of test scenes hold:
            'chart' as an analyst would draw it, or the 'truth' of every
            pixel, so that models are scored on what is really there.
        workers: Processes to share the work.
        progress: Show a progress bar on stderr.

    Returns:
        All scene files, scene by scene, the table last.

    Raises:
        ValueError: If an argument is out of range.
        DatasetError: If the folder holds another set of scenes.
    """
    if kind not in ('ready', 'raw', 'both'):
        raise ValueError(
            f"kind must be 'ready', 'raw' or 'both', but got {kind!r}."
        )
    if test_charts not in TEST_CHARTS:
        raise ValueError(
            f"test_charts must be 'chart' or 'truth', but got {test_charts!r}."
        )
    check_release(release)
    plans = plan_scenes(
        scenes,
        lines=lines,
        samples=samples,
        seed=seed,
        test_scenes=test_scenes,
        specials=specials,
    )
    options = _SetOptions(
        scenes,
        lines,
        samples,
        kind,
        seed,
        test_scenes,
        release,
        specials,
        test_charts,
    )
    out = Path(out)
    files = [_scene_paths(plan, out, kind, release) for plan in plans]
    paths = [path for scene in files for path in scene]
    known = _check_folder(out, options, set(paths))
    if not known and not any(path.exists() for path in paths):
        _write_note(out, options)
    missing = [
        plan
        for plan, scene in zip(plans, files, strict=True)
        if not (known and all(path.is_file() for path in scene))
    ]
    done = _run(missing, out, options, workers)
    bar = tqdm(
        done, 'scenes', len(missing), disable=not progress, unit='scene'
    )
    for _ in bar:
        pass
    # Only now is it known of a folder without a note what it holds.
    _write_note(out, options)
    table = out / 'metadata.csv'
    with atomic_path(table) as part, open(part, 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(map(_table_row, plans, files, repeat(out)))
    return [*paths, table]


def _write_note(out: Path, options: _SetOptions) -> None:
    with atomic_path(out / _NOTE) as part:
        text = json.dumps(asdict(options), indent=1)
        part.write_text(f'{text}\n', encoding='utf-8')
