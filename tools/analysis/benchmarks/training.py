r"""Optimiser steps per second of pre-training and fine-tuning, by who trains.

    python tools/analysis/benchmarks/training.py --json training.json

Takes model, optimiser and batch size of a recipe, and trains them with our
parts, with those of mmpretrain or mmseg alone, and with plain PyTorch. Rows
take turns, so that whatever else the machine does hits all alike. Memory is
measured in a process of its own for each row. Five minutes on two cores;
--quick takes few steps, skips memory, and its figures mean little.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tqdm import tqdm
from training_report import FAST, compute_ratios, judge, tables

from mmseaice.utils.cli import positive, readable_errors

HAS_TERRATORCH = importlib.util.find_spec('terratorch') is not None
#: Steps of every row before the clock starts.
WARM_UP = 2
ROWS = {
    'pretraining': {
        'cpu': ['ours', 'mmpretrain', 'timm', 'timm+fused', 'ours+bf16',
                'ours+data'],
        'cuda': ['ours', 'mmpretrain', 'timm', 'timm+fused', FAST,
                 'timm+fused+compile', f'{FAST}+data'],
    },
    'finetuning': {
        device: ['three', 'shared', 'one', 'mmseg-three', 'mmseg-one']
        for device in ('cpu', 'cuda')
    },
}  # fmt: skip
#: Rows that have to be asked for.
MORE = {
    'pretraining': ['ours+compile', 'mmpretrain+compile', 'timm+compile'],
    'finetuning': ['three+compile', 'three+bf16', 'three+data'],
}
#: Dense bf16 operations per second, 10^12, of the SXM boards.
PEAKS = {'NVIDIA H100 80GB HBM3': 989, 'NVIDIA H200': 989}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; sizes that are not given follow the device."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--device', choices=('cpu', 'cuda'))
    parser.add_argument(
        '--model',
        nargs='+',
        choices=('tiny', 'base', 'large'),
        help='tiny is ViT-Tiny/8 at 64 px, the others ViT/16 at 384 px '
        '(default: tiny on a CPU, base and large on a GPU)',
    )
    parser.add_argument('--precision', choices=('fp32', 'bf16'))
    for name, text in {
        'size': 'pixels of a crop along each side (default: the recipe)',
        'batch': 'crops in a batch (default: the recipe)',
        'workers': 'processes that load data (default: 1 or, on a GPU, 8)',
        'steps': 'steps in a row (default: 1 or, on a GPU, 10)',
        'repeats': 'turns of each row (default: 24 or, on a GPU, 8)',
    }.items():
        parser.add_argument(f'--{name}', type=positive, help=text)
    parser.add_argument(
        '--also',
        nargs='+',
        default=[],
        choices=[row for rows in MORE.values() for row in rows],
        help='more rows; compiling takes a minute or two for each',
    )
    parser.add_argument('--quick', action='store_true', help='few steps')
    parser.add_argument('--json', type=Path, help='write all figures here')
    parser.add_argument('--memory', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.device is None:
        import torch

        args.device = 'cuda' if torch.cuda.is_available() else 'cpu'
    gpu = args.device == 'cuda'
    args.precision = args.precision or ('bf16' if gpu else 'fp32')
    if args.model is None:
        args.model = ['base', 'large'] if gpu and not args.quick else ['tiny']
    if args.quick and args.model == ['tiny']:
        args.size, args.batch = args.size or 32, args.batch or 8
    args.workers = args.workers or (8 if gpu else 1)
    args.steps = args.steps or (10 if gpu and not args.quick else 1)
    args.repeats = args.repeats or (4 if args.quick else 8 if gpu else 24)
    return args


def compare(args: argparse.Namespace) -> None:
    """Measure every row of every model and tell."""
    from training_rows import RECIPES

    rows = {
        model: {
            phase: measure_phase(model, phase, args)
            for phase in ROWS
            if phase in RECIPES[model]
        }
        for model in args.model
    }
    peak = peak_tflops() if args.precision == 'bf16' else None
    found = {
        model: compute_ratios(phases, peak) for model, phases in rows.items()
    }
    result = {
        'machine': describe_machine(args) | {'bf16_peak_tflops': peak},
        'sizes': {
            key: getattr(args, key)
            for key in ('device', 'precision', 'workers', 'steps', 'repeats')
        },
        'rows': rows,
        'ratios': found,
        'terratorch': 'timed' if HAS_TERRATORCH else 'not installed',
        'goals': judge(found, args.device),
    }
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + '\n')
    print(tables(result))


def measure_phase(
    model: str, phase: str, args: argparse.Namespace
) -> dict[str, dict]:
    """Memory, then time, of every row of a table."""
    from training_rows import SPACINGS, open_row, read_recipe

    from mmseaice.testing import build_tiny_store

    names = ROWS[phase][args.device]
    if args.quick:
        names = [name for name in names if '+' not in name]
    if phase == 'finetuning' and HAS_TERRATORCH:
        names = [*names, 'terratorch']
    names = names + [name for name in MORE[phase] if name in args.also]
    recipe = read_recipe(model, phase, args.size, args.batch, args.workers)
    memory = {
        name: None if args.quick else ask_memory(name, model, phase, args)
        for name in tqdm(names, f'{model}, {phase}: memory', unit='row')
    }
    with TemporaryDirectory() as folder:
        store = Path(folder) / 'store.zarr'
        if any('data' in name for name in names):
            side = 3 * recipe.size
            build_tiny_store(
                store, 4, height=side, width=side, spacings=SPACINGS
            )
        bf16 = args.precision == 'bf16'
        steps = {
            name: open_row(name, recipe, args.device, bf16, store)
            for name in names
        }
        seconds = time_rows(steps, args, f'{model}, {phase}: time')
        work = {
            name: count_operations(step)
            for name, step in steps.items()
            if '+' not in name
        }
        del steps
        release(args.device)
    rows = {}
    for name, times in seconds.items():
        median = statistics.median(times)
        rows[name] = {
            'seconds': times,
            'batch': recipe.batch,
            'pixels': recipe.size,
            'samples_per_s': recipe.batch / median,
            'memory_mb': memory[name],
            'tflops': work[name.partition('+')[0]] / median / 1e12,
        }
    return rows


def time_rows(
    steps: dict[str, Callable[[], None]], args: argparse.Namespace, title: str
) -> dict[str, list[float]]:
    """Seconds per step of each row, one number for each of its turns."""
    # What a loader has in store when its turn comes costs nothing.
    spare = {name: 2 * args.workers if 'data' in name else 0 for name in steps}
    seconds = {name: [] for name in steps}
    for turn in tqdm(range(-1, args.repeats), title, unit='turn'):
        for name, step in steps.items():
            for _ in range(spare[name] if turn >= 0 else WARM_UP):
                step()
            synchronise(args.device)
            start = time.perf_counter()
            if turn >= 0:
                for _ in range(args.steps):
                    step()
                synchronise(args.device)
                elapsed = time.perf_counter() - start
                seconds[name].append(elapsed / args.steps)
            if spare[name]:
                # Its workers refill their store, at the cost of nobody.
                time.sleep(0.5)
    return seconds


def synchronise(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device == 'cuda':
        import torch

        torch.cuda.synchronize()


def release(device: str) -> None:
    """Give memory back, for the processes that measure the next table."""
    gc.collect()
    if device == 'cuda':
        import torch

        torch.cuda.empty_cache()


def count_operations(step: Callable[[], None]) -> int:
    """Floating-point operations of one step in matrices and convolutions."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def ask_memory(
    name: str, model: str, phase: str, args: argparse.Namespace
) -> float | None:
    """Peak memory of a row in MB, measured in a process of its own."""
    if 'data' in name:
        return None
    command = [sys.executable, __file__, '--memory', phase, name]
    command += ['--model', model, '--device', args.device]
    command += ['--precision', args.precision]
    for key in ('size', 'batch'):
        if getattr(args, key):
            command += [f'--{key}', str(getattr(args, key))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def measure_memory(args: argparse.Namespace) -> float:
    """What model, optimiser and steps take at most: on a GPU, or of RAM."""
    import torch
    from training_rows import open_row, read_recipe

    phase, name = args.memory
    recipe = read_recipe(args.model[0], phase, args.size, args.batch)
    idle = resident('VmRSS')
    # From here on the kernel notes a new peak.
    Path('/proc/self/clear_refs').write_text('5')
    step = open_row(name, recipe, args.device, args.precision == 'bf16')
    for _ in range(WARM_UP):
        step()
    if args.device == 'cuda':
        return torch.cuda.max_memory_allocated() / 2**20
    return resident('VmHWM') - idle


def resident(key: str) -> float:
    """An entry of this process's memory, in MB."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise OSError(f'/proc/self/status must have {key}, but it has not.')


def peak_tflops() -> float | None:
    """What the GPU could do in bf16, where that is known."""
    import torch

    if not torch.cuda.is_available():
        return None
    return PEAKS.get(torch.cuda.get_device_name())


def describe_machine(args: argparse.Namespace) -> dict[str, object]:
    """What the figures were taken on."""
    from importlib.metadata import version

    import torch

    return {
        'cores': os.cpu_count(),
        'threads': torch.get_num_threads(),
        'machine': platform.machine(),
        'gpu': torch.cuda.get_device_name() if args.device == 'cuda' else None,
        'python': platform.python_version(),
        'torch': torch.__version__,
        'timm': version('timm'),
        'mmpretrain': version('onedl-mmpretrain'),
        'mmsegmentation': version('onedl-mmsegmentation'),
    }


def main(argv: list[str] | None = None) -> None:
    """Measure, tell."""
    args = parse_args(argv)
    with readable_errors(ValueError):
        if args.memory:
            print(json.dumps(measure_memory(args)))
        else:
            compare(args)


if __name__ == '__main__':
    main()
