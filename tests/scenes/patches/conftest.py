"""A small store to cut patches from."""

import numpy as np
import pytest
import zarr

from mmseaice.scenes import PatchOptions, PatchSampler, SceneStore
from mmseaice.scenes.patches import Patch
from mmseaice.testing import build_tiny_store


@pytest.fixture(scope='session')
def store(tmp_path_factory):
    """Five scenes of 128 x 144 pixels; the first two share an orbit."""
    path = tmp_path_factory.mktemp('patches') / 'scenes.zarr'
    build_tiny_store(path, 5, channels=('HH', 'HV', 't2m'))
    store = SceneStore(path)
    for scene_id in store.scene_ids[:2]:
        scene = zarr.open_group(path / scene_id, mode='r+')
        scene.attrs['absolute_orbit'] = 1
    return SceneStore(path)


@pytest.fixture
def options():
    """Options of an export of four patches of 48 pixels per scene."""

    def _options(placement='random', stride=None, **changes):
        count = 4 if placement == 'random' else None
        sampler = PatchSampler(48, placement, count, stride)
        return PatchOptions(sampler, **changes)

    return _options


@pytest.fixture
def patch():
    """A row of a table."""

    def _patch(number=0, **changes):
        row = {
            'patch_id': f'a_{number}',
            'file': f'patches/a/a_{number}.npz',
            'scene_id': 'a',
            'spacing': 80.0,
            'y': number,
            'x': -3,
            'height': 8,
            'width': 9,
            'latitude': 75.12345,
            'longitude': -179.5,
            'valid': 0.3125,
            'labelled': 1.0,
            'labels': {'SIC_mean': 12.5, 'SOD_majority': 3},
            'split': 'train',
            'seed': 7,
        }
        return Patch(**row | changes)

    return _patch


@pytest.fixture
def contents():
    """All files of a folder with their bytes."""

    def _contents(path):
        return {
            str(p.relative_to(path)): p.read_bytes()
            for p in path.rglob('*')
            if p.is_file()
        }

    return _contents


@pytest.fixture
def load():
    """Members of an npz file by name."""

    def _load(path):
        with np.load(path, allow_pickle=False) as file:
            return dict(file)

    return _load
