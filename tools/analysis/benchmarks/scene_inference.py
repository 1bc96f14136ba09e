"""Whole scenes: `python tools/analysis/benchmarks/scene_inference.py`.

One model over images of the size of scenes, in overlapping windows, by the
lines of mmseaice and by mmseg's slide_inference as it is installed: seconds,
windows per second, memory above that of the model. Both read the image from
a file and write the classes to one. Each way runs in a process of its own,
several times in turn with the other if asked to (--turns); figures are those
of the run with the median time. mmseg is left out where it would take hours.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from goals import goal_lines, judge_goal
from scene_rows import MODELS, Case, compare_logits, measure
from tqdm import tqdm

from mmseaice.utils.cli import positive, readable_errors

WAYS = {'ours': 'mmseaice', 'mmseg': 'mmseg slide_inference'}

#: Half as many lines as the scene of 40 m, to see what memory depends on.
HALF = Case('small', 5003, 10458, 288, ('ours',))
LARGE = Case('small', 10006, 10458, 288, ('ours',))
SCENE = Case('small', 5003, 5229, 192)
CUTOUT = Case('vit', 1152, 1152, 192)
CASES = (
    SCENE,
    Case('small', 5003, 5229, 288),
    HALF,
    LARGE,
    Case('small', 1000, 1000, 19),
    CUTOUT,
    Case('vit', 1152, 1152, 288),
)
QUICK = (Case('small', 900, 800, 192), Case('small', 500, 450, 19))


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--device', help='cpu or cuda (what is there)')
    parser.add_argument(
        '--only', choices=MODELS, help='measure one of the models'
    )
    parser.add_argument(
        '--turns', type=positive, default=1, help='runs of each way (1)'
    )
    parser.add_argument('--quick', action='store_true', help='small images')
    parser.add_argument('--json', type=Path, help='write all figures here')
    parser.add_argument('--measure', nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.device is None:
        import torch

        args.device = 'cuda' if torch.cuda.is_available() else 'cpu'
    return args


def ask(case: Case, way: str, device: str) -> dict:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, '--device', device,
         '--measure', json.dumps(asdict(case)), way, device],
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().splitlines() or ['killed']
        return {'error': said[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def compare(args: argparse.Namespace) -> None:
    """Measure every case and tell."""
    cases = [
        case
        for case in (QUICK if args.quick else CASES)
        if args.only in (None, case.model)
    ]
    jobs = [(case, way) for case in cases for way in case.ways]
    runs = [
        (case, way, ask(case, way, args.device))
        for case, way in tqdm(jobs * args.turns, 'scenes', unit='run')
    ]
    rows: dict[str, dict[str, dict]] = {case.name: {} for case in cases}
    for case, way in jobs:
        found = [row for *of, row in runs if of == [case, way]]
        rows[case.name][way] = median_run(found)
    models = dict.fromkeys(case.model for case in cases)
    result = {
        'machine': describe_machine(args.device),
        'rows': rows,
        'difference': {n: compare_logits(n, args.device) for n in models},
    }
    result['goals'] = judge(result, cases)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + '\n')
    print(tables(result))


def median_run(runs: list[dict]) -> dict:
    """The run of median time, and the seconds of all; a failure if any."""
    for run in runs:
        if 'error' in run:
            return run
    runs = sorted(runs, key=lambda run: run['seconds'])
    middle = runs[(len(runs) - 1) // 2]
    return middle | {'all_seconds': [run['seconds'] for run in runs]}


def judge(result: dict, cases: list[Case]) -> list[dict]:
    """Compare with what the engine is for; None is what was not measured."""
    rows = result['rows']

    def figure(case: Case, way: str, key: str) -> float | None:
        return rows.get(case.name, {}).get(way, {}).get(key)

    def ratio(top: float | None, bottom: float | None) -> float | None:
        return top / bottom if top and bottom else None

    speeds = {
        case: ratio(
            figure(case, 'mmseg', 'seconds'), figure(case, 'ours', 'seconds')
        )
        for case in cases
    }
    known = [speed for speed in speeds.values() if speed]
    difference = max(result['difference'].values())
    growth = ratio(
        figure(LARGE, 'ours', 'memory_mb'), figure(HALF, 'ours', 'memory_mb')
    )
    share = ratio(
        figure(CUTOUT, 'ours', 'model_seconds'),
        figure(CUTOUT, 'ours', 'seconds'),
    )
    large = figure(LARGE, 'ours', 'memory_mb')
    return [
        judge_goal('difference from mmseg in logits', difference, 1e-4,
                   'lower'),
        judge_goal(f'speed over mmseg, {SCENE.name}', speeds.get(SCENE), 5,
                   'higher'),
        judge_goal('least speed over mmseg', min(known, default=None), 1,
                   'higher'),
        judge_goal(f'share of time in the model, {CUTOUT.name}', share, 0.85,
                   'higher'),
        judge_goal(f'memory in MB, {LARGE.name}', large, 1500, 'lower'),
        judge_goal('memory for twice the lines', growth, 1.05, 'lower'),
    ]  # fmt: skip


def describe_machine(device: str) -> dict[str, object]:
    """What the figures were taken on."""
    import mmseg
    import torch

    name = platform.machine()
    if device == 'cuda':
        name = torch.cuda.get_device_name()
    return {
        'device': device,
        'machine': name,
        'cores': os.cpu_count(),
        'threads': torch.get_num_threads(),
        'python': platform.python_version(),
        'torch': torch.__version__,
        'mmseg': mmseg.__version__,
        'terratorch': importlib.util.find_spec('terratorch') is not None,
    }


def tables(result: dict) -> str:
    """The figures as Markdown."""
    lines = [
        '| model, image, stride | way | s | windows/s | in the model '
        '| memory, MB |',
        '|---|---|---:|---:|---:|---:|',
    ]
    for name, ways in result['rows'].items():
        for way, row in ways.items():
            if 'error' in row:
                lines.append(f'| {name} | {WAYS[way]} | {row["error"]} ||||')
                continue
            inside = row.get('model_seconds')
            share = f'{inside / row["seconds"]:.0%}' if inside else '-'
            lines.append(
                f'| {name} | {WAYS[way]} | {row["seconds"]:.1f} '
                f'| {row["windows_per_s"]:.1f} | {share} '
                f'| {row["memory_mb"]:.0f} |'
            )
    lines += ['', *goal_lines(result['goals'])]
    return '\n'.join(lines)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        from mmseaice.utils.quiet import import_upstream_quietly

        import_upstream_quietly()
        if args.measure:
            text, way, device = args.measure
            found = measure(Case(**json.loads(text)), way, device)
            print(json.dumps(found))
        else:
            compare(args)


if __name__ == '__main__':
    main()
