"""The commands of a run, and how far it has come."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, MMSeaIceError
from ..cli import RUN_ENTRIES
from .grammar import DATA, REFERENCE, Run, Study

#: File in the folder of a run that says where its last checkpoint is.
CHECKPOINT_NOTE = 'last_checkpoint'

#: File in the folder of a run that says what the study asked of it.
RECORD = 'sweep.json'

#: What a shell puts in the place of a checkpoint's path.
_LATER = re.compile(r'(\$\(cat [^()]*\))')


def train_command(
    run: Run, tools: Path, checkpoint_of: Callable[[str], str]
) -> list[str]:
    """What trains a run, without the interpreter.

    Args:
        run: The run.
        tools: Folder of the tools.
        checkpoint_of: Gives the checkpoint of the run of a name.
    """
    words = [str(tools / 'train.py'), str(run.config)]
    words += ['--work-dir', str(run.work_dir), '--resume']
    options = dict(run.options)
    if seed := options.pop('seed', ''):
        words += ['--seed', seed]
    # Of this machine: a job may have copied the data to another disk.
    data = os.environ.get('MMSEAICE_DATA', 'data')
    pairs = [
        f'{key}={REFERENCE.sub(lambda m: checkpoint_of(m[1]), value)}'.replace(
            DATA, data
        )
        for key, value in options.items()
    ]
    return [*words, '--cfg-options', *pairs] if pairs else words


def test_command(run: Run, tools: Path, checkpoint: str) -> list[str] | None:
    """What scores a trained run, None if it has nothing to be scored on."""
    if not _has_test(run.config):
        return None
    return [
        str(tools / 'test.py'),
        str(run.work_dir / run.config.name),
        checkpoint,
        *('--out', str(metrics_path(run).parent), '--max-figures', '0'),
    ]


def shell_line(run: Run, study: Study, python: str, tools: Path) -> str:
    """One line for a shell that trains and scores a run."""

    def later(name: str) -> str:
        return f'$(cat {study.find(name).work_dir / CHECKPOINT_NOTE})'

    commands = [
        train_command(run, tools, later),
        test_command(run, tools, f'$(cat {run.work_dir / CHECKPOINT_NOTE})'),
    ]
    return ' && '.join(
        ' '.join(map(_quote, [python, *command]))
        for command in commands
        if command
    )


def _quote(word: str) -> str:
    """Quote a word for a shell, but let it look up checkpoints."""
    parts = _LATER.split(word)
    return ''.join(
        f'"{part}"' if number % 2 else part and shlex.quote(part)
        for number, part in enumerate(parts)
    )


@cache
def _read_config(path: Path) -> dict[str, Any]:
    from mmengine.config import Config

    return Config.fromfile(path).to_dict()


def _has_test(config: Path) -> bool:
    return _read_config(config).get('test_dataloader') is not None


def metrics_path(run: Run) -> Path:
    """Where the scores of a run are."""
    return run.work_dir / 'test' / 'metrics.json'


def last_checkpoint(run: Run) -> Path:
    """The last checkpoint of a run that has been trained to its end.

    Raises:
        CheckpointError: If it has not.
    """
    note = run.work_dir / CHECKPOINT_NOTE
    if note.is_file() and _record(run).get('trained'):
        path = Path(note.read_text().strip())
        # The folder may have been moved, so its own file counts first.
        for found in (run.work_dir / path.name, path):
            if found.is_file():
                return found
    raise CheckpointError(
        run.work_dir,
        f'the last checkpoint of {run.name}',
        'none' if not note.is_file() else 'that of an unfinished training',
        'Let that run finish first.',
    )


def is_trained(run: Run) -> bool:
    """Whether its training has come to its end, and the result is there."""
    try:
        last_checkpoint(run)
    except CheckpointError:
        return False
    return True


def is_done(run: Run) -> bool:
    """Whether nothing is left to do: it has scores, or needs none."""
    if is_changed(run):
        return False
    if not _has_test(run.config):
        return bool(_record(run).get('trained'))
    try:
        report = json.loads(metrics_path(run).read_text())
    except (FileNotFoundError, ValueError):
        return False
    # Only a test that came to its end says what it tested.
    return isinstance(report, dict) and 'checkpoint' in report


def is_changed(run: Run) -> bool:
    """Whether its folder holds a run that was asked something else."""
    record = _record(run)
    wanted = _wanted(run)
    return bool(record) and {k: record.get(k) for k in wanted} != wanted


def claim(run: Run) -> None:
    """Write down what is asked of a run, before it starts.

    Raises:
        MMSeaIceError: If something else was asked of it before, so that what
            lies in its folder is not what the study means now.
    """
    if is_changed(run):
        record = _record(run)
        key, value = next(
            (k, v) for k, v in _wanted(run).items() if record.get(k) != v
        )
        raise MMSeaIceError(
            run.work_dir / RECORD,
            f'{key} as in the study, {_text(value)}',
            _text(record.get(key)),
            'Give the line another name, or remove the folder.',
        )
    if not _record(run):
        _write_record(run, _wanted(run) | {'trained': False})


def _wanted(run: Run) -> dict[str, Any]:
    """What a record says of a run besides how far it has come."""
    return {'config': run.config.name, 'options': run.options}


def mark_trained(run: Run) -> None:
    """Write down that the training of a run has come to its end."""
    _write_record(run, _record(run) | {'trained': True})


def _write_record(run: Run, record: Mapping[str, Any]) -> None:
    from ..json_file import write_json

    write_json(run.work_dir / RECORD, record)


def _record(run: Run) -> dict[str, Any]:
    """What was written down of a run, nothing if it never started."""
    path = run.work_dir / RECORD
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text())
        return {**record}
    except (TypeError, ValueError) as error:
        raise MMSeaIceError(
            path, 'the record of a run', str(error), 'Remove the folder.'
        ) from None


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ' '.join(f'{k}={v}' for k, v in value.items()) or 'none'
    return str(value)


def reaches(config: Path, key: str, made: Iterable[str] = ()) -> bool:
    """Whether a config has a place for an option.

    All but the last part of the key must be there already, or be made by
    another option; the last may be an argument that was left at its default.

    Args:
        config: The config.
        key: Name of the option.
        made: Names of parts that other options give a ``type``.
    """
    if key == 'seed':
        return True
    node: Any = _read_config(config)
    first, *rest = key.split('.')
    if not rest:
        return first in node or first in RUN_ENTRIES
    path = ''
    for part in (first, *rest[:-1]):
        path += f'{part}.'
        if isinstance(node, (list, tuple)):
            inside = part.isdecimal() and int(part) < len(node)
            node = node[int(part)] if inside else None
        elif isinstance(node, Mapping):
            new = part not in node or node[part] is None
            if new and any(key.startswith(f'{name}.') for name in made):
                return True
            node = node.get(part)
        else:
            node = None
    if isinstance(node, (list, tuple)):
        return rest[-1].isdecimal() and int(rest[-1]) < len(node)
    return isinstance(node, Mapping)


def check_options(study: Study) -> None:
    """Refuse a study with an option that its config has no place for.

    Raises:
        MMSeaIceError: With the run and the option.
    """
    for run in study.runs:
        made = [
            key.removesuffix('.type')
            for key in run.options
            if key.endswith('.type')
        ]
        for key in run.options:
            if not reaches(run.config, key, made):
                raise MMSeaIceError(
                    f'{study.path}, run {run.name}',
                    f'options that {run.config} has a place for',
                    key,
                    'Is a part of the name mistyped?',
                )
