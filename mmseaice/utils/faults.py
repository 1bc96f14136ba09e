"""What a process says before it fails."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import MMSeaIceError

#: A worker that was killed or is just gone, in the words of torch.
_KILLED = re.compile('killed by signal: Killed|exited unexpectedly')

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


@contextmanager
def explained_faults() -> Iterator[None]:
    """Turn what a want of memory does to a run into a sentence.

    Raises:
        MMSeaIceError: If a worker of a data loader was killed, or a GPU has
            no memory left.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        if 'DataLoader worker' in text and _KILLED.search(text):
            raise MMSeaIceError(
                'train_dataloader.num_workers',
                'workers that live as long as the run',
                'one that was killed, most likely for want of memory',
                'Take fewer workers, or train_dataloader.prefetch_factor=1, '
                'or give the job more memory (MEMORY).',
            ) from error
        if type(error).__name__ == 'OutOfMemoryError':
            raise MMSeaIceError(
                'train_dataloader.batch_size',
                'a batch that fits into the memory of the GPU',
                f'one that does not ({text.splitlines()[0]})',
                'Take it in parts (--accumulate), bfloat16 (--amp), or '
                'RecomputeHook.',
            ) from error
        raise


def _note(text: str) -> None:
    if folder := os.environ.get(FOLDER):
        rank = os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0'))
        path = Path(folder) / f'rank_{rank}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{text.rstrip()}\n')
