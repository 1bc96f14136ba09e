"""What came of a study: one row per run, and curves of its scores."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import MMSeaIceError
from ..csv_file import write_csv
from .grammar import REFERENCE, Study
from .runs import is_changed, is_done, metrics_path

Row = dict[str, str | float | None]

#: Columns before the options that tell what a run is rather than what it
#: was given.
NAMES = ('name', 'config')

#: Columns between the options and the scores, after the state of the run.
MEASURED = ('loss_first', 'loss_last', 'train_seconds')

#: Option whose values are repetitions of one and the same run.
SEED = 'seed'

_NUMBER = re.compile(r'(\d+(?:\.\d+)?)(?:\.\w*[a-z]\w*)?$')


def collect_rows(study: Study) -> list[Row]:
    """One row for each run, done or not, all with the same columns.

    A run that starts from another's checkpoint has the options of that one,
    too, where it does not set them itself. What is not known is None.
    """
    options = _inherited(study)
    keys = dict.fromkeys(key for found in options.values() for key in found)
    rows: list[Row] = []
    for run in study.runs:
        row: Row = {'run': run.name, 'name': run.line}
        row['config'] = run.config.stem
        row |= {key: options[run.name].get(key) for key in keys}
        done = is_done(run)
        row |= {'state': 'done' if done else 'open'}
        row |= dict.fromkeys(MEASURED)
        if not is_changed(run):
            row |= _training(run.work_dir)
        path = metrics_path(run)
        rows.append(row | (_scores(path) if done and path.is_file() else {}))
    columns = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key) for key in columns} for row in rows]


def _inherited(study: Study) -> dict[str, dict[str, str]]:
    """Options of each run over those of the runs that it starts from."""
    options: dict[str, dict[str, str]] = {}
    for run in study.runs:
        above = [options[need] for need in run.needs]
        merged = {k: v for found in above for k, v in found.items()}
        options[run.name] = merged | run.options
    return options


def _training(work_dir: Path) -> Row:
    """First and last loss and the seconds of all steps, from the logs.

    A resumed run has several logs; where they overlap, the later one counts.
    """
    steps: dict[int, tuple[float, float]] = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            try:
                entry = json.loads(line)
                loss, pace = float(entry['loss']), float(entry['time'])
                step = int(entry['step'])
            except (KeyError, TypeError, ValueError):
                continue  # a validation, or half a line of a killed run
            steps[step] = (loss, pace)
    if not steps:
        return dict.fromkeys(MEASURED)
    numbers = sorted(steps)
    before = [0, *numbers]
    seconds = sum(
        steps[step][1] * (step - last)
        for step, last in zip(numbers, before, strict=False)
    )
    losses = (steps[numbers[0]][0], steps[numbers[-1]][0])
    return dict(zip(MEASURED, (*losses, round(seconds, 1)), strict=True))


def _scores(path: Path) -> dict[str, float | None]:
    """The scores in the metrics.json of a run that is done."""
    try:
        return dict(json.loads(path.read_text())['scores'])
    except (KeyError, TypeError, ValueError) as error:
        raise MMSeaIceError(
            path,
            'the metrics.json of tools/test.py',
            f'{type(error).__name__}: {error}',
            'Remove it and run the study again.',
        ) from None


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; what is not known or not finite stays empty."""
    write_csv(path, rows)


def varied_options(rows: Sequence[Row]) -> list[str]:
    """Names and options that differ between rows, but for the seed."""
    names = [key for key in rows[0] if key not in ('run', SEED)]
    names = names[: names.index('state')]
    return [name for name in names if len({row[name] for row in rows}) > 1]


def curves_of(
    rows: Sequence[Row], x: str, score: str, by: Sequence[str] | None = None
) -> dict[str, dict[float | str, list[float]]]:
    """Scores against an option, one curve for each kind of run.

    Args:
        rows: What :func:`collect_rows` gave.
        x: Option along the axis. Values that all end in different numbers
            are these numbers.
        score: Column of the score; rows without it are left out.
        by: Options that tell the curves apart; by default all that vary
            beside ``x``, without those that go hand in hand with others.

    Returns:
        For the label of each curve, the scores of all seeds by value of
        ``x``, in rising order.

    Raises:
        MMSeaIceError: If there is no such option or no such score.
    """
    for name in (x, *(by or ())):
        if name not in rows[0]:
            raise _no_column(name, rows[0])
    scored = [row for row in rows if row.get(score) is not None]
    scored = [row for row in scored if row[x] is not None]
    if not scored:
        raise MMSeaIceError(
            'the study',
            f'runs with a score {score!r} and an option {x!r}',
            'none yet',
            'Known columns: ' + ', '.join(rows[0]) + '.',
        )
    places = _axis(list(dict.fromkeys(_text(row[x]) for row in scored)))
    by = _independent(scored, x) if by is None else by
    curves: dict[str, dict[float | str, list[float]]] = {}
    for row in scored:
        label = ', '.join(_tell(name, row[name]) for name in by)
        points = curves.setdefault(label, {})
        points.setdefault(places[_text(row[x])], []).append(float(row[score]))
    order = list(places.values())
    return {
        label: dict(sorted(points.items(), key=lambda p: order.index(p[0])))
        for label, points in curves.items()
    }


def _no_column(name: str, columns: Iterable[str]) -> MMSeaIceError:
    return MMSeaIceError(
        'the study',
        f'an option {name!r}',
        'none of that name',
        'Known columns: ' + ', '.join(columns) + '.',
    )


def _axis(values: Sequence[str]) -> dict[str, float | str]:
    """Numbers that values stand for, in rising order, or the values."""
    numbers = [number for value in values for number in _numbers_in(value)]
    if len(set(numbers)) < len(values):
        return {value: value for value in values}
    pairs = zip(values, numbers, strict=True)
    return dict(sorted(pairs, key=lambda pair: pair[1]))


def _numbers_in(value: str) -> list[float]:
    """The number that a value is or ends in, if any."""
    try:
        return [float(value)]
    except ValueError:
        match = _NUMBER.search(value)
        return [float(match[1])] if match else []


def _independent(rows: Sequence[Row], x: str) -> list[str]:
    """Options that part the rows further than those before them do.

    What goes hand in hand with ``x``, such as the checkpoint that each value
    of it starts from, or with the name of the line, parts nothing.
    """

    def count(names: Sequence[str]) -> int:
        return len({tuple(row[name] for name in names) for row in rows})

    kept: list[str] = []
    for name in varied_options(rows):
        if name != x and count([x, *kept, name]) > count([x, *kept]):
            kept.append(name)
    return kept


def _tell(name: str, value: object) -> str:
    """An option as a part of a label."""
    text = _text(value)
    return text if name in NAMES else f'{name.rpartition(".")[2]}={text}'


def _text(value: object) -> str:
    """The value of an option; of a checkpoint, the run that it is of."""
    return REFERENCE.sub(r'\1', str(value))
