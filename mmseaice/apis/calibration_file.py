"""The calibration beside a checkpoint, bound to it by its hash."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..errors import CheckpointError
from ..evaluation.functional.calibration import Calibration
from ..utils.checksum import sha256_of

SUFFIX = '.calibration.json'


def calibration_path(checkpoint: str | os.PathLike) -> Path:
    """Where the calibration of a checkpoint lies, if it has one."""
    return Path(f'{os.fspath(checkpoint)}{SUFFIX}')


def write_calibration(
    calibration: Calibration,
    checkpoint: str | os.PathLike,
    path: str | os.PathLike | None = None,
) -> Path:
    """Write a calibration that names its checkpoint and the hash of it.

    Args:
        calibration: The calibration.
        checkpoint: File that it was fitted for.
        path: File to write; beside the checkpoint by default.

    Returns:
        Path of the file.
    """
    checkpoint = Path(checkpoint)
    path = Path(path or calibration_path(checkpoint))
    replace(
        calibration,
        checkpoint=checkpoint.name,
        checkpoint_sha256=sha256_of(checkpoint),
    ).write(path)
    return path


def read_calibration(
    checkpoint: str | os.PathLike, path: str | os.PathLike | None = None
) -> Calibration:
    """Read the calibration of a checkpoint.

    Args:
        checkpoint: File of the weights that are to be calibrated.
        path: File of the calibration; beside the checkpoint by default.

    Raises:
        CheckpointError: If the calibration is that of another checkpoint.
        MMSeaIceError: If it is missing or no calibration.
    """
    path = Path(path or calibration_path(checkpoint))
    calibration = Calibration.read(path)
    found = sha256_of(Path(checkpoint))
    if calibration.checkpoint_sha256 != found:
        raise CheckpointError(
            path,
            f'a calibration of {checkpoint} (SHA-256 {found})',
            f'one of {calibration.checkpoint or "a checkpoint"} '
            f'(SHA-256 {calibration.checkpoint_sha256})',
            'Calibrate this checkpoint with tools/analysis/calibrate.py.',
        )
    return calibration
