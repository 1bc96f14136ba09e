"""Ratios, goals and tables of ``training.py``."""

from __future__ import annotations

import statistics

from goals import goal_lines, judge_goal

FAST = 'ours+compile'
WAYS = {
    'ours': 'mmseaice',
    'mmpretrain': 'mmpretrain',
    'timm': 'PyTorch and timm',
    'three': 'mmseaice, three heads',
    'shared': 'mmseaice, shared pyramid',
    'one': 'mmseaice, SOD alone',
    'mmseg-three': 'mmseg, a model for each chart',
    'mmseg-one': 'mmseg, SOD alone',
    'terratorch': 'TerraTorch, SOD alone',
}
LEVERS = {
    'bf16': 'bf16',
    'fused': 'fused AdamW',
    'compile': 'compiled',
    'data': 'data included',
}
MAE, CHARTS = 'pretraining', 'finetuning'
#: Phase, and the rows whose times for a step are divided, by name.
RATIOS = {
    'speed of MAE / mmpretrain': (MAE, 'mmpretrain', 'ours'),
    'speed of MAE / timm': (MAE, 'timm', 'ours'),
    'speed of compiled MAE / mmpretrain': (MAE, 'mmpretrain', FAST),
    'speed of compiled MAE / timm': (MAE, 'timm', FAST),
    'speed of MAE with data / without': (MAE, 'ours', 'ours+data'),
    'speed of compiled MAE with data / without': (MAE, FAST, f'{FAST}+data'),
    'speed of one head / mmseg': (CHARTS, 'mmseg-one', 'one'),
    'speed of one head / TerraTorch': (CHARTS, 'terratorch', 'one'),
    'speed of three heads / three mmseg models': (
        CHARTS, 'mmseg-three', 'three',
    ),
    'time of three heads / three mmseg models': (
        CHARTS, 'three', 'mmseg-three',
    ),
    'time of three heads / one head': (CHARTS, 'three', 'one'),
    'time of shared pyramid / one head': (CHARTS, 'shared', 'one'),
}  # fmt: skip
PEAK = 'operations of compiled MAE / bf16 peak'
#: Device, model (None for any), what is judged, goal, what is better.
GOALS = (
    ('cpu', None, 'speed of MAE / mmpretrain', 1.0, 'higher'),
    ('cpu', None, 'speed of one head / mmseg', 1.0, 'higher'),
    ('cpu', None, 'speed of three heads / three mmseg models', 1.0, 'higher'),
    ('cuda', 'base', 'speed of compiled MAE / mmpretrain', 1.5, 'higher'),
    ('cuda', 'base', 'speed of compiled MAE / timm', 1.2, 'higher'),
    ('cuda', 'base', 'speed of compiled MAE with data / without',
     0.95, 'higher'),
    ('cuda', 'large', PEAK, 0.4, 'higher'),
    ('cuda', 'base', 'time of three heads / one head', 2.5, 'lower'),
    ('cuda', 'base', 'time of three heads / three mmseg models',
     0.85, 'lower'),
    ('cuda', 'base', 'time of shared pyramid / one head', 1.3, 'lower'),
)  # fmt: skip


def compute_ratios(
    phases: dict[str, dict], peak: float | None
) -> dict[str, float]:
    """Time of one row over that of another, turn by turn, the median."""
    found = {}
    for name, (phase, top, bottom) in RATIOS.items():
        rows = phases.get(phase, {})
        if top in rows and bottom in rows:
            pairs = zip(
                rows[top]['seconds'], rows[bottom]['seconds'], strict=True
            )
            found[name] = statistics.median(a / b for a, b in pairs)
    if peak and FAST in phases.get('pretraining', {}):
        found[PEAK] = phases['pretraining'][FAST]['tflops'] / peak
    return found


def judge(found: dict[str, dict[str, float]], device: str) -> list[dict]:
    """Compare with the goals; what this run cannot know has no value."""
    goals = []
    for where, model, what, goal, better in GOALS:
        model = model or next(iter(found))
        value = found.get(model, {}).get(what) if where == device else None
        name = f'{where}, {model}: {what}'
        goals.append(judge_goal(name, value, goal, better))
    return goals


def tables(result: dict) -> str:
    """The figures as Markdown."""
    lines = []
    peak = result['machine']['bf16_peak_tflops']
    for model, phases in result['rows'].items():
        for phase, rows in phases.items():
            lines += [
                f'| ViT-{model}, {phase} | samples/s | ms per step '
                '| memory, MB | TFLOP/s | of peak |',
                '|---|---:|---:|---:|---:|---:|',
                *(row_line(name, row, peak) for name, row in rows.items()),
                '',
            ]
    lines += ['| ratio | value |', '|---|---:|']
    for model, found in result['ratios'].items():
        lines += [f'| {model}: {n} | {v:.2f} |' for n, v in found.items()]
    lines += ['', *goal_lines(result['goals'])]
    return '\n'.join([*lines, '', f'TerraTorch: {result["terratorch"]}.'])


def row_line(name: str, row: dict, peak: float | None) -> str:
    """A line of a table; milliseconds: median and quartiles of all turns."""
    way, *levers = name.split('+')
    label = ', '.join([WAYS[way], *(LEVERS[lever] for lever in levers)])
    times = sorted(1000 * seconds for seconds in row['seconds'])
    low, high = times[len(times) // 4], times[-1 - len(times) // 4]
    memory, tflops = row['memory_mb'], row['tflops']
    cells = (
        label,
        f'{row["samples_per_s"]:.1f}',
        f'{statistics.median(times):.1f} ({low:.1f} to {high:.1f})',
        '-' if memory is None else f'{memory:.0f}',
        f'{tflops:.3g}',
        f'{tflops / peak:.0%}' if peak else '-',
    )
    return f'| {" | ".join(cells)} |'
