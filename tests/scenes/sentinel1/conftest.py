"""One small simulated product, as a scene and as a SAFE folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import xarray as xr

from mmseaice.scenes import open_scene
from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.safe import write_safe
from mmseaice.scenes.simulator.write import write_raw


@pytest.fixture(scope='session')
def raw(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """A raw simulated scene, not masked."""
    scene = simulate_scene(3, 0, lines=500, samples=620)
    folder = tmp_path_factory.mktemp('raw')
    return open_scene(write_raw(scene, folder), mask='none')


@pytest.fixture(scope='session')
def safe(raw: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its SAFE folder, not to be changed."""
    return write_safe(raw, tmp_path_factory.mktemp('safe'))


@pytest.fixture
def broken(safe: Path, tmp_path: Path) -> Path:
    """A copy of the SAFE folder to be broken."""
    return Path(shutil.copytree(safe, tmp_path / safe.name))
