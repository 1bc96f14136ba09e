"""Small simulated scenes, made once per session."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmseaice.scenes.simulator import SimulatedScene, simulate_scene
from mmseaice.scenes.simulator.ready import write_ready
from mmseaice.scenes.simulator.write import write_raw, write_truth


@pytest.fixture(scope='session')
def scene() -> SimulatedScene:
    """A scene of odd size, with land and ice."""
    return simulate_scene(3, 0, lines=1001, samples=1203)


@pytest.fixture(scope='session')
def water() -> SimulatedScene:
    """A scene without ice and land."""
    return simulate_scene(4, 0, lines=900, samples=1500, special='water')


@pytest.fixture(scope='session')
def files(
    scene: SimulatedScene, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Files of :func:`scene`, as a train and as a test scene."""
    folder = tmp_path_factory.mktemp('scene')
    (train,) = write_ready(scene, folder / 'train')
    test, reference = write_ready(scene, folder / 'test', test=True)
    return {
        'raw': write_raw(scene, folder / 'raw'),
        'train': train,
        'test': test,
        'reference': reference,
        'truth': write_truth(scene, folder / 'truth'),
    }
