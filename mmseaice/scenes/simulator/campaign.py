"""Write a folder of simulated scenes, laid out as the published data."""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from ...errors import DatasetError
from ...utils.atomic import atomic_path
from ..standardise import check_release
from .plan import ScenePlan, plan_scenes
from .ready import write_ready
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
_TIME = '%Y-%m-%dT%H:%M:%S'


def _write_scene(
    plan: ScenePlan, out: Path, kind: Kind, release: str
) -> tuple[list[Path], dict[str, str]]:
    """Simulate and write one scene; return its files and table row."""
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
    paths = []
    if kind in ('ready', 'both'):
        paths += write_ready(
            scene, out / plan.split, release=release, test=test
        )
    if kind in ('raw', 'both'):
        bare = test and release == 'Oct-2022'
        paths.append(write_raw(scene, out / 'raw', testdata=bare))
    main = paths[0].relative_to(out).as_posix()
    reference = ''
    if test and kind != 'raw':
        reference = paths[1].relative_to(out).as_posix()
    paths.append(write_truth(scene, out / 'truth'))
    identity = scene.identity
    values = (
        main,
        reference,
        f'{identity.start:{_TIME}}',
        identity.service,
        plan.split,
        identity.region,
    )
    return paths, dict(zip(_COLUMNS, values, strict=True))


def _run(
    plans: list[ScenePlan], out: Path, kind: Kind, release: str, workers: int
) -> Iterator[tuple[int, tuple[list[Path], dict[str, str]]]]:
    """Write scenes here or in a pool of processes, as they get done."""
    if workers <= 1:
        for plan in plans:
            yield plan.index, _write_scene(plan, out, kind, release)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = {
            pool.submit(_write_scene, plan, out, kind, release): plan.index
            for plan in plans
        }
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _check_folder(out: Path, plans: list[ScenePlan]) -> None:
    """Refuse to mix two sets of scenes in one folder."""
    table = out / 'metadata.csv'
    if not table.is_file():
        return
    with open(table, newline='') as file:
        before = {row['date'] for row in csv.DictReader(file)}
    planned = set()
    for p in plans:
        identity = scene_identity(p.seed, p.index, p.lines, p.service, p.start)
        planned.add(f'{identity.start:{_TIME}}')
    if not before <= planned:
        raise DatasetError(
            out,
            'a new folder, or one of the same seed',
            f'a set of {len(before)} other scenes',
            'Name another folder, or remove this one.',
        )


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
    workers: int = 1,
    progress: bool = False,
) -> list[Path]:
    """Simulate scenes into a folder.

    The layout is that of the published mirror: ``train/<short>_prep.nc``,
    ``test/<short>_prep.nc`` with its ``_prep_reference.nc``, and
    ``metadata.csv``; raw files lie in ``raw/``, the truth behind each scene
    in ``truth/<short>_truth.nc``. What is written does not depend on the
    number of workers.

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
        workers: Processes to share the work.
        progress: Show a progress bar on stderr.

    Returns:
        All files written, scene by scene, the table last.

    Raises:
        ValueError: If an argument is out of range.
        DatasetError: If the folder holds another set of scenes.
    """
    if kind not in ('ready', 'raw', 'both'):
        raise ValueError(
            f"kind must be 'ready', 'raw' or 'both', but got {kind!r}."
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
    out = Path(out)
    _check_folder(out, plans)
    done = _run(plans, out, kind, release, workers)
    bar = tqdm(done, 'scenes', scenes, disable=not progress, unit='scene')
    results = dict(bar)
    table = out / 'metadata.csv'
    with atomic_path(table) as part, open(part, 'w', newline='') as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(results[index][1] for index in sorted(results))
    paths = [path for i in sorted(results) for path in results[i][0]]
    return [*paths, table]
