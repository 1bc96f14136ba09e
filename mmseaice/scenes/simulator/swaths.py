"""The AMSR2 swaths that a scene is filled from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from .identity import SceneIdentity


@dataclass
class Swaths:
    """The AMSR2 swaths a scene was filled from.

    Args:
        names: File names of the swaths.
        delays: Seconds between each swath and the scene, like ``names``.
        segment: Number of the swath in each 2 km cell, uint8.
        used: Content of ``amsr2_swath_map``: 255 in a scene with one
            swath, else the number of the swath, uint8.
    """

    names: list[str]
    delays: list[int]
    segment: np.ndarray
    used: np.ndarray


def draw_swaths(
    rng: np.random.Generator,
    identity: SceneIdentity,
    coarse: tuple[int, int],
) -> Swaths:
    """One AMSR2 swath in two scenes of three, else two with a seam."""
    count = 2 if rng.random() < 1 / 3 else 1
    delays = np.sort(rng.integers(300, 15000, count)).tolist()
    names = []
    for delay in delays:
        time = identity.start - timedelta(seconds=delay)
        names.append(
            f'GW1AM2_{time:%Y%m%d%H%M}_{rng.integers(1, 245):03d}'
            f'{rng.choice(["A", "D"])}_L1SGBTBR_2220220.h5'
        )
    if count == 1:
        return Swaths(
            names,
            delays,
            np.zeros(coarse, np.uint8),
            np.full(coarse, 255, np.uint8),
        )
    y = np.linspace(-1, 1, coarse[0])[:, None]
    x = np.linspace(-1, 1, coarse[1])
    seam = x + rng.uniform(-0.5, 0.5) * y > rng.uniform(-0.5, 0.5)
    segment = seam.astype(np.uint8)
    return Swaths(names, delays, segment, segment.copy())
