"""End a study with one table: losses, scores, baselines.

`--pretraining` and `--finetuning` name folders of training runs, whose newest
log is read; `--metrics` is what tools/test.py wrote, `--baselines` what
tools/analysis/pixel_baselines.py wrote.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.errors import DatasetError
from mmseaice.utils.cli import readable_errors

#: Column titles, and where metrics.json keeps each score.
SCORES = {
    'SIC R2': ('SIC', 'AutoICE/SIC.r2'),
    'SOD F1': ('SOD', 'AutoICE/SOD.f1'),
    'FLOE F1': ('FLOE', 'AutoICE/FLOE.f1'),
    'combined': ('combined', 'AutoICE/combined'),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Print losses and scores of a study as one table.'
    )
    parser.add_argument('--pretraining', type=Path, required=True)
    parser.add_argument('--finetuning', type=Path, required=True)
    parser.add_argument('--metrics', type=Path, required=True)
    parser.add_argument('--baselines', type=Path, required=True)
    return parser.parse_args(argv)


def read_json(path: Path) -> dict:
    """Read one JSON file, or say which step did not write it."""
    if not path.is_file():
        raise DatasetError(
            path, 'a JSON file', 'none', 'Run the step that writes it first.'
        )
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise DatasetError(
            path,
            'whole JSON',
            str(error),
            'Run the step that writes it again.',
        ) from None
    if not isinstance(content, dict):
        raise DatasetError(
            path,
            'a JSON object',
            f'a {type(content).__name__}',
            'Give the file that the step named in --help wrote.',
        )
    return content


def losses(run: Path) -> list[float]:
    """The logged training losses of the newest log of a run, in order."""
    logs = sorted(run.glob('*/vis_data/scalars.json'))
    if not logs:
        raise DatasetError(
            run, 'a training log', 'none', 'Train first; see tools/train.py.'
        )
    # A killed run may end in half a line.
    found = re.findall(r'"loss": ([^,}\s]+)[,}]', logs[-1].read_text())
    if not found:
        raise DatasetError(
            logs[-1],
            'a logged loss',
            'none',
            'Train for longer than default_hooks.logger.interval.',
        )
    return [float(value) for value in found]


def read_scores(path: Path) -> dict[str, float | None]:
    """The scores of the charts that tools/test.py wrote."""
    scores = read_json(path).get('scores', {})
    if not any(key in scores for _, key in SCORES.values()):
        raise DatasetError(
            path,
            'scores such as ' + SCORES['combined'][1],
            ', '.join(scores) or 'none',
            'Give the metrics.json of tools/test.py.',
        )
    return scores


def cell(value: float | None) -> str:
    """A score for the table; a score that does not exist is a dash."""
    return '-' if value is None else f'{value:.1f}'


def summarise(args: argparse.Namespace) -> None:
    """Read everything, print the table."""
    scores = read_scores(args.metrics)
    rows = {
        name: [values.get(key) for key, _ in SCORES.values()]
        for name, values in read_json(args.baselines).items()
    }
    rows['mmseaice'] = [scores.get(key) for _, key in SCORES.values()]
    print('| loss         |   first |    last |')
    print('|--------------|--------:|--------:|')
    for name in ('pretraining', 'finetuning'):
        values = losses(getattr(args, name))
        print(f'| {name:<12} | {values[0]:7.3f} | {values[-1]:7.3f} |')
    width = max(map(len, rows))
    print(f'\n| {"score, %":<{width}} | {" | ".join(SCORES)} |')
    print(f'|{"-" * (width + 2)}|' + '---:|' * len(SCORES))
    for name, values in rows.items():
        cells = ' | '.join(
            f'{cell(value):>{len(title)}}'
            for title, value in zip(SCORES, values, strict=True)
        )
        print(f'| {name:<{width}} | {cells} |')


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        summarise(args)


if __name__ == '__main__':
    main()
