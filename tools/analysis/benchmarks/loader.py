r"""Crops per second out of one data loader, by where they come from.

    python tools/analysis/benchmarks/loader.py --json loader.json

Simulates scenes, builds a store, cuts the patches that others precompute,
and measures each way twice, in a process of its own: page cache warm, then
cold.
Twelve full scenes take 62 GB of disk, most of it for the pickles, and three
quarters of an hour on two cores; --quick takes small scenes and a minute, and
its figures mean little.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from goals import goal_lines, judge_goal

from mmseaice.utils.cli import readable_errors

ROOT = Path(__file__).resolve().parents[3]

SPACINGS = (80, 120, 160, 200, 240, 280, 320, 360, 400)
SIZE = 384
BATCH = 16
WORKERS = 2
WAYS = {
    'store': 'mmseaice store',
    'whole': '(a) NetCDF, variables whole',
    'window': '(a2) NetCDF, window only',
    'npz': '(b) npz per patch',
    'pickle': '(c) joblib pickle per patch',
    'memory': '(d) all scenes in memory',
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--quick', action='store_true', help='small scenes')
    parser.add_argument('--json', type=Path, help='write all figures here')
    parser.add_argument(
        '--work',
        type=Path,
        help='scenes, store and patches; kept and used again (default: '
        'work_dirs/benchmarks/loader)',
    )
    parser.add_argument(
        '--pickle-scenes',
        type=int,
        help='scenes to cut into pickles, 4.6 GB each (default: all)',
    )
    parser.add_argument('--measure', choices=[*WAYS, 'nothing'],
                        help=argparse.SUPPRESS)  # fmt: skip
    args = parser.parse_args(argv)
    args.scenes, args.lines, args.samples, args.patches, args.seconds = (
        (2, 3200, 3200, 18, 1) if args.quick else (12, 10000, 10480, 300, 10)
    )
    args.pickle_scenes = args.pickle_scenes or args.scenes
    if args.work is None:
        name = 'loader-quick' if args.quick else 'loader'
        args.work = Path('work_dirs/benchmarks', name)
    return args


def compare(args: argparse.Namespace) -> None:
    """Measure every way in a process of its own."""
    built = prepare(args)
    rows: dict[str, dict[str, float]] = {}
    # There and back, so that a machine that gets slower hits all alike.
    order = ('nothing', *WAYS)
    for way in (*order, *reversed(order)):
        command = [sys.executable, __file__, '--measure', way]
        command += ['--work', str(args.work)]
        command += ['--quick'] if args.quick else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        row = json.loads(done.stdout.splitlines()[-1])
        print(f'{WAYS.get(way, way)}: {row}', file=sys.stderr)
        before = rows.setdefault(way, row)
        rows[way] = {key: (before[key] + row[key]) / 2 for key in row}
    idle = rows.pop('nothing')
    for row in rows.values():
        row['memory_mb'] = max(row['memory_mb'] - idle['memory_mb'], 0)
    result = {
        'machine': describe_machine(),
        'sizes': {
            'scenes': args.scenes,
            'lines': args.lines // 2,
            'samples': args.samples // 2,
            'spacings': SPACINGS,
            'crop': SIZE,
            'batch': BATCH,
            'workers': WORKERS,
        },
        'ways': rows,
        'empty_loader': idle,
        **built,
        'goals': judge(rows, built),
    }
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + '\n')
    print(tables(result))


def prepare(args: argparse.Namespace) -> dict:
    """Make what is not there yet; seconds are those of the first time."""
    from loader_peers import write_patches

    from mmseaice.scenes.build import build_store

    work = args.work.absolute()
    note = work / 'prepared.json'
    seconds = json.loads(note.read_text()) if note.is_file() else {}
    cut = partial(
        write_patches, count=args.patches, size=SIZE, spacings=SPACINGS
    )

    def simulate() -> int:
        tool = ROOT / 'tools/data/simulate_scenes.py'
        command = [sys.executable, tool, work / 'scenes', '--plain']
        command += ['--seed', 1, '--scenes', args.scenes, '--workers', 2]
        command += ['--lines', args.lines, '--samples', args.samples]
        subprocess.run(list(map(str, command)), check=True)
        return args.scenes

    def store() -> int:
        build_store(scene_paths(args), work / 'store', spacings=SPACINGS)
        return args.scenes

    def patches(kind: str, count: int) -> int:
        for file in scene_paths(args)[:count]:
            cut(file, work / kind, kind)
        return count

    for stage, make in {
        'scenes': simulate,
        'store': store,
        'npz': partial(patches, 'npz', args.scenes),
        'pickle': partial(patches, 'pickle', args.pickle_scenes),
    }.items():
        if stage not in seconds:
            start = time.perf_counter()
            count = make()
            # A store is on the disk when it is built; so shall the others.
            os.sync()
            seconds[stage] = (time.perf_counter() - start) / count
            note.write_text(json.dumps(seconds))
    stored = [p for p in (work / 'store').glob('*/**/*') if p.is_file()]
    files = scene_paths(args)
    return {
        'seconds_per_scene': seconds,
        'ready_mb': sum(p.stat().st_size for p in files) / 1e6,
        'store_mb': sum(p.stat().st_size for p in stored) / 1e6,
        'files_per_scene': len(stored) / len(files),
        'pickles_gb': sum(
            p.stat().st_size for p in (work / 'pickle').iterdir()
        )
        / 1e9,
    }


def scene_paths(args: argparse.Namespace) -> list[Path]:
    """The simulated files."""
    return sorted((args.work.absolute() / 'scenes').rglob('*_prep.nc'))


def measure(way: str, args: argparse.Namespace) -> dict[str, float]:
    """Run one loader: crops/s warm and cold, memory of all processes."""
    from torch.utils.data import DataLoader

    from mmseaice.datasets import stack_collate

    data, sampler, files = open_way(way, args)
    read_into_cache(files)
    loader = DataLoader(
        data,
        BATCH,
        sampler=sampler,
        num_workers=WORKERS,
        collate_fn=stack_collate,
        persistent_workers=True,
    )
    least = 2 * WORKERS
    for batch in itertools.islice(loader, 4 * WORKERS):
        assert len(batch['inputs']) == BATCH
    warm, memory = crops_per_second(loader, least, args.seconds)
    for file in files:
        drop_from_cache(file)
    cold, _ = crops_per_second(loader, least, min(args.seconds, 5))
    return {'warm': warm, 'cold': cold, 'memory_mb': memory}


def open_way(way: str, args: argparse.Namespace) -> tuple:
    """Data set, sampler and files of one way."""
    import loader_peers as peers
    from mmcv.transforms import Compose
    from mmengine.registry import init_default_scope

    import mmseaice.datasets  # noqa: F401 - registers the transforms
    from mmseaice.datasets import AI4ArcticDataset
    from mmseaice.datasets.samplers import BalancedSampler, Draw
    from mmseaice.datasets.transforms import (
        CropScene,
        FlipScene,
        NormaliseScene,
        PackScene,
    )

    init_default_scope('mmseaice')
    work = args.work.absolute()
    normalise = NormaliseScene(
        {'HH': -14.508255, 'HV': -24.701205}, {'HH': 5.659746, 'HV': 4.746759}
    )
    after = [FlipScene(), normalise, PackScene()]
    if way == 'store':
        data = AI4ArcticDataset(
            str(work / 'store'),
            tasks=peers.CHARTS,
            spacings=SPACINGS,
            pipeline=[CropScene(SIZE), *after],
        )
        return data, BalancedSampler(data, seed=0), list_files(work / 'store')
    steps, files = Compose(after), scene_paths(args)
    makers: dict[str, Callable] = {
        'nothing': lambda: peers.Nothing(steps, SIZE),
        'whole': lambda: peers.SceneFiles(steps, SIZE, files, SPACINGS, True),
        'window': lambda: peers.SceneFiles(
            steps, SIZE, files, SPACINGS, False
        ),
        'npz': lambda: peers.NpzPatches(steps, SIZE, work / 'npz'),
        'pickle': lambda: peers.JoblibPatches(steps, SIZE, work / 'pickle'),
        'memory': lambda: peers.InMemory(steps, SIZE, files, SPACINGS),
    }
    data = makers[way]()

    class Endless:
        def __iter__(self) -> Iterator[Draw]:
            return (Draw(0, number, 0) for number in itertools.count())

    read = {
        'whole': files,
        'window': files,
        'npz': getattr(data, 'files', []),
        'pickle': getattr(data, 'files', []),
    }
    return data, Endless(), read.get(way, [])


def list_files(folder: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in folder.rglob('*') if path.is_file()]


def crops_per_second(
    loader: object, least: int, seconds: float
) -> tuple[float, float]:
    """Time batches for some seconds; also MB of memory at the end."""
    batches = iter(loader)
    start, count = time.perf_counter(), 0
    while count < least or time.perf_counter() - start < seconds:
        next(batches)
        count += 1
    rate = count * BATCH / (time.perf_counter() - start)
    return rate, proportional_memory()


def proportional_memory() -> float:
    """Memory of this process and its children in MB, shared parts once."""
    me = os.getpid()
    children = Path(f'/proc/{me}/task/{me}/children').read_text().split()
    total = 0
    for process in (me, *children):
        for line in (
            Path(f'/proc/{process}/smaps_rollup').read_text().splitlines()
        ):
            if line.startswith('Pss:'):
                total += int(line.split()[1])
    return total / 1024


def read_into_cache(files: list[Path]) -> None:
    """Let the system remember the contents of files, as far as it can."""
    for line in Path('/proc/meminfo').read_text().splitlines():
        if line.startswith('MemAvailable:'):
            room = 1024 * int(line.split()[1]) // 2
    for path in files:
        room -= path.stat().st_size
        if room < 0:
            return
        with open(path, 'rb') as file:
            while file.read(1 << 24):
                pass


def drop_from_cache(path: Path) -> None:
    """Let the system forget the contents of a file."""
    with open(path, 'rb') as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def judge(rows: dict[str, dict], built: dict) -> list[dict]:
    """Compare with what the store is for."""
    rate = {way: row['warm'] for way, row in rows.items()}
    ours = rate['store']
    seconds = built['seconds_per_scene']
    memory = rows['store']['memory_mb'] / rows['memory']['memory_mb']
    goals = [
        ('speed over (a)', ours / rate['whole'], 50, 'higher'),
        ('speed over (a2)', ours / rate['window'], 10, 'higher'),
        ('speed over (b)', ours / rate['npz'], 1.2, 'higher'),
        ('speed over (c)', ours / rate['pickle'], 4, 'higher'),
        ('speed over (d)', ours / rate['memory'], 1 / 3, 'higher'),
        ('memory over (d)', memory, 0.1, 'lower'),
        ('disk over ready files', built['store_mb'] / built['ready_mb'],
         0.5, 'lower'),
        ('files per scene', built['files_per_scene'], 50, 'lower'),
        ('build speed over (c)', seconds['pickle'] / seconds['store'],
         3, 'higher'),
    ]  # fmt: skip
    return [judge_goal(*goal) for goal in goals]


def describe_machine() -> dict[str, object]:
    """What the figures were taken on."""
    import torch
    import zarr

    return {
        'cores': os.cpu_count(),
        'machine': platform.machine(),
        'python': platform.python_version(),
        'torch': torch.__version__,
        'numpy': np.__version__,
        'zarr': zarr.__version__,
    }


def tables(result: dict) -> str:
    """The figures as Markdown."""
    rows = ['| crops from | warm, 1/s | cold, 1/s | memory, MB |']
    rows.append('|---|---:|---:|---:|')
    for way, row in result['ways'].items():
        rows.append(
            f'| {WAYS[way]} | {row["warm"]:.1f} | {row["cold"]:.1f} '
            f'| {row["memory_mb"]:.0f} |'
        )
    return '\n'.join([*rows, '', *goal_lines(result['goals'])])


def main(argv: list[str] | None = None) -> None:
    """Prepare, measure, tell."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        if args.measure:
            print(json.dumps(measure(args.measure, args)))
        else:
            compare(args)


if __name__ == '__main__':
    main()
