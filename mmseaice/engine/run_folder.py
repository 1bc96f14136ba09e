"""What a training leaves in its folder."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import CheckpointError
from .checkpoint import latest_checkpoint


def best_checkpoint(work_dir: str | Path) -> Path:
    """The checkpoint of the best validation, or the last without any.

    A run that was killed may have left the best before beside the new one;
    the later step counts.

    Raises:
        CheckpointError: If there is no checkpoint.
    """
    work_dir = Path(work_dir)
    numbered = [
        (int(match.group(1)), path)
        for path in work_dir.glob('best_*.pth')
        if (match := re.search(r'_(?:iter|epoch)_(\d+)$', path.stem))
    ]
    found = max(numbered)[1] if numbered else latest_checkpoint(work_dir)
    if found is None:
        raise CheckpointError(
            work_dir,
            'the folder of a run',
            'one without a checkpoint',
            'Train it first.',
        )
    return found
