"""Find the release of a ready-to-train file from its own numbers.

AMSR2 counts brightness temperatures in steps of 1/128 K. Only the
statistics that a file was standardised with bring its values back onto that
lattice; with the others they fall anywhere between two steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import ReleaseError
from .standardise import check_release, destandardise
from .variables import BRIGHTNESS_STEP, RELEASES

#: Cells that are looked at per channel.
_CELLS = 2000

#: Largest typical distance to the lattice that counts as lying on it, in
#: steps. Values spread evenly between steps have 0.25; rounding of the
#: published statistics to four decimals gives up to 0.02.
_TOLERANCE = 0.06


def lattice_distance(
    brightness: Mapping[str, np.ndarray], release: str
) -> float:
    """Typical distance of brightness temperatures to the 1/128 K lattice.

    Args:
        brightness: Standardised values by channel name, any shape.
        release: Release whose statistics are tried.

    Returns:
        Median over cells and channels, in steps of 1/128 K: near 0 on the
        lattice, 0.25 off it, NaN without a finite value.
    """
    distances = [np.empty(0)]
    for name, values in brightness.items():
        cells = np.asarray(values, np.float64).ravel()
        cells = cells[np.isfinite(cells)]
        cells = cells[:: max(1, len(cells) // _CELLS)]
        steps = destandardise(cells, name, release) / BRIGHTNESS_STEP
        distances.append(np.abs(steps - np.rint(steps)))
    pooled = np.concatenate(distances)
    return float(np.median(pooled)) if len(pooled) else float('nan')


def find_release(
    brightness: Mapping[str, np.ndarray],
    release: str = 'auto',
    path: str | Path = 'scene',
) -> str:
    """Find the release, or check the one that was given.

    A given release is believed unless the values clearly belong to another.

    Args:
        brightness: Standardised values by channel name; may be empty if the
            release is given.
        release: 'auto' or the name of a release.
        path: File to name in errors.

    Raises:
        ReleaseError: If no release or several fit, or another one than
            given.
    """
    if release != 'auto':
        check_release(release)
    distances = {name: lattice_distance(brightness, name) for name in RELEASES}
    fits = [name for name, far in distances.items() if far < _TOLERANCE]
    if release in fits or (release != 'auto' and not fits):
        return release
    if release == 'auto' and len(fits) == 1:
        return fits[0]
    if release != 'auto':
        raise ReleaseError(
            path,
            f'values of release {release}',
            f'values of release {fits[0]}',
            "Give release='auto', or fetch the release you want.",
        )
    shown = ', '.join(f'{name} {far:.2f}' for name, far in distances.items())
    raise ReleaseError(
        path,
        'brightness temperatures on the 1/128 K lattice of one release',
        f'typical distances to it, in steps: {shown}',
        "Give release='Dec-2022' (current files) or release='Oct-2022'.",
    )
