r"""The text of a study, and the runs it stands for.

One line is one run, or several that differ in what stands in braces::

    # Does a higher mask ratio pay?
    mae60: configs/pretraining/mae.py model.backbone.mask_ratio=0.6
    configs/downstream/charts.py seed={0,1,2} \
        model.backbone.init_cfg.checkpoint={mae60}

- ``NAME:`` in front names the run, and is needed to refer to it.
- ``key=value`` is a config option as ``--cfg-options`` takes it; ``seed`` is
  the ``--seed`` of tools/train.py.
- ``{a,b}`` in a value makes a run for each; several make all combinations.
- ``{NAME}`` is the last checkpoint of the run of an earlier line.
- ``$MMSEAICE_DATA`` is the folder of the data, ``data`` if it is not set.
- ``#`` starts a comment, ``\`` at its end continues a line, and quotes hold
  what has spaces.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

from ...errors import MMSeaIceError

#: A reference to the checkpoint of another run.
REFERENCE = re.compile(r'\{([^{},]*)\}')

#: Stands for the folder of the data.
DATA = '$MMSEAICE_DATA'

_NAME = re.compile(r'[A-Za-z][\w.+-]*')
_LONGEST = 120  # characters of a folder's name; file systems take 255
_OPEN, _CLOSE = '{[(', '}])'


@dataclass(frozen=True)
class Run:
    """One run of a study.

    Attributes:
        name: Name of its folder, unique in the study.
        line: Name of its line, which others may share; that of the config if
            the line has none.
        config: Path of its config.
        options: Config options as text, by key; ``seed`` among them.
        work_dir: Its folder.
        needs: Names of the runs whose checkpoints it starts from.
    """

    name: str
    line: str
    config: Path
    options: dict[str, str]
    work_dir: Path
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study file.

    Attributes:
        path: The file.
        results: Folder of all its runs.
        runs: The runs in their order; whatever one needs stands before it.
    """

    path: Path
    results: Path
    runs: tuple[Run, ...]

    def find(self, name: str) -> Run:
        """The run of a name."""
        return next(run for run in self.runs if run.name == name)

    def stages(self) -> list[list[int]]:
        """Numbers of the runs (from 1), those that wait for others later."""
        depth: dict[str, int] = {}
        stages: list[list[int]] = []
        for number, run in enumerate(self.runs, 1):
            level = max((depth[need] + 1 for need in run.needs), default=0)
            depth[run.name] = level
            stages += [[] for _ in range(level + 1 - len(stages))]
            stages[level].append(number)
        return stages


def read_study(
    path: str | os.PathLike,
    results: str | os.PathLike | None = None,
    root: str | os.PathLike = '.',
) -> Study:
    """Read a study file.

    Args:
        path: The file.
        results: Folder of its runs; ``work_dirs/<name of the file>`` by
            default.
        root: Where to look for configs that do not lie below the working
            folder.

    Raises:
        MMSeaIceError: If the file is missing, or a line of it says nothing
            that could be run.
    """
    path = Path(path)
    if not path.is_file():
        raise MMSeaIceError(
            path,
            'a study file (.txt)',
            'a folder' if path.is_dir() else 'nothing of that name',
            'Studies lie in pretraining/jobs and downstream/jobs.',
        )
    results = Path(results or Path('work_dirs', path.stem))
    runs: dict[str, Run] = {}
    for number, line in _lines(path.read_text(encoding='utf-8')):
        subject = f'{path}, line {number}'
        for run in _runs_of(line, subject, results, Path(root)):
            if run.name in runs:
                raise MMSeaIceError(
                    subject,
                    'another run in each line',
                    f'{run.name} for the second time',
                    'Put a name in front: NAME: configs/...',
                )
            if missing := [n for n in run.needs if n not in runs]:
                raise MMSeaIceError(
                    subject,
                    'checkpoints of runs in earlier lines',
                    '{' + missing[0] + '}',
                    f'Known here: {", ".join(runs) or "none"}.',
                )
            runs[run.name] = run
    if not runs:
        raise MMSeaIceError(path, 'at least one run', 'none')
    return Study(path, results, tuple(runs.values()))


def expand_braces(text: str) -> list[str]:
    """All texts that one with braces stands for: 'a{1,2}' is 'a1' and 'a2'.

    Braces without a comma of their own are left as they are.

    Raises:
        ValueError: If a brace is not closed.
    """
    start = text.find('{')
    while start >= 0:
        parts, end = _split(text, start)
        if len(parts) > 1:
            head, tail = text[:start], text[end + 1 :]
            return [
                t for part in parts for t in expand_braces(head + part + tail)
            ]
        start = text.find('{', end)
    return [text]


def _split(text: str, start: int) -> tuple[list[str], int]:
    """What commas part inside the brace at ``start``, and where it ends."""
    depth, cuts = 0, [start]
    for place in range(start, len(text)):
        depth += (text[place] in _OPEN) - (text[place] in _CLOSE)
        if text[place] == ',' and depth == 1:
            cuts.append(place)
        if depth == 0:
            cuts.append(place)
            return [text[a + 1 : b] for a, b in pairwise(cuts)], place
    raise ValueError('a brace must be closed in the same word')


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their number, continued ones joined."""
    pending, first = '', 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if pending else number
        if line.endswith('\\'):
            pending += line[:-1] + ' '
            continue
        whole, pending = (pending + line).strip(), ''
        if whole and not whole.startswith('#'):
            yield first, whole
    if pending.strip():
        yield first, pending.strip()


def _runs_of(
    line: str, subject: str, results: Path, root: Path
) -> Iterator[Run]:
    """The runs of one line."""
    try:
        words = shlex.split(line, comments=True)
        name = words.pop(0)[:-1] if words[0].endswith(':') else ''
        config, *pairs = words or ['']
        choices = {
            key: expand_braces(value)
            for key, _, value in (pair.partition('=') for pair in pairs)
        }
    except ValueError as error:
        raise MMSeaIceError(
            subject, 'NAME: CONFIG KEY=VALUE ...', str(error)
        ) from None
    _check_words(subject, name, pairs)
    path = next(
        (p for p in (Path(config), root / config) if p.is_file()), None
    )
    if path is None or path.suffix != '.py':
        raise MMSeaIceError(
            subject,
            'a config file (.py)',
            f'{config!r}',
            'A line is NAME: CONFIG KEY=VALUE ..., the name can be left out.',
        )
    for values in product(*choices.values()):
        options = dict(zip(choices, values, strict=True))
        told = {
            key: value
            for key, value in options.items()
            if not name or len(choices[key]) > 1
        }
        folder = _folder(name or path.stem, told)
        needs = [REFERENCE.findall(value) for value in values]
        yield Run(
            name=folder,
            line=name or path.stem,
            config=path,
            options=options,
            work_dir=results / folder,
            needs=tuple(dict.fromkeys(n for found in needs for n in found)),
        )


def _check_words(subject: str, name: str, pairs: list[str]) -> None:
    """Refuse a name that is no folder, and options that are none."""
    if name and not _NAME.fullmatch(name):
        raise MMSeaIceError(
            subject,
            'a name of letters, digits and any of _ . + -',
            repr(name),
        )
    keys = [pair.partition('=')[0] for pair in pairs]
    for key, pair in zip(keys, pairs, strict=True):
        if '=' not in pair or not key:
            raise MMSeaIceError(
                subject,
                'KEY=VALUE',
                repr(pair),
                'Values in braces are written without spaces: {a,b}.',
            )
        if keys.count(key) > 1:
            raise MMSeaIceError(subject, 'every key once', f'{key} again')


def _folder(name: str, options: dict[str, str]) -> str:
    """A readable name for the folder of a run with these options."""
    words = [name]
    for key, value in options.items():
        parts = key.split('.')
        count = 1
        while any(
            other != key and other.split('.')[-count:] == parts[-count:]
            for other in options
        ):
            count += 1
        value = re.sub(r'\.(txt|json|pth)$', '', value.rpartition('/')[2])
        value = re.sub(r'[^\w.+-]+', '-', value)
        words.append(f'{"-".join(parts[-count:])}-{value.strip("-")}')
    folder = '_'.join(words)
    if len(folder) > _LONGEST:
        digest = hashlib.sha256(folder.encode()).hexdigest()[:8]
        folder = f'{folder[: _LONGEST - 9]}_{digest}'
    return folder
