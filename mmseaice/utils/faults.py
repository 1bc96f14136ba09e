"""What a process of several says before it fails."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Variable with the folder that the launchers read.
FOLDER = 'MMSEAICE_FAULTS'


@contextmanager
def noted_faults() -> Iterator[None]:
    """Leave the reason of a failure where launchers look for it.

    When one process fails, the others lose their connections and fail as
    well, each with an error of its own. tools/tell_fault.sh ends the log
    with the first.
    """
    try:
        yield
    except SystemExit as end:
        if isinstance(end.code, str):
            _note(end.code)
        raise
    except Exception:
        _note(traceback.format_exc())
        raise


def _note(text: str) -> None:
    if folder := os.environ.get(FOLDER):
        rank = os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0'))
        path = Path(folder) / f'rank_{rank}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{text.rstrip()}\n')
