"""A store in memory, with the interface of the real one."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from mmseaice.charts import IGNORE


@dataclass
class FakeCrop:
    image: np.ndarray
    charts: dict
    valid: np.ndarray
    polygons: np.ndarray | None = None


class FakeScene:
    """HH counts pixels, so that every window says where it is from.

    HH at (y, x) is ``1000 y + x``, HV its negative; SIC is ``(y + x) % 11``
    and SOD ``y % 6``. The left ``blank`` share of the columns has no SAR,
    the upper ``unlabelled`` share of the rows has no labels.
    """

    def __init__(
        self, shape, name='a', release='Dec-2022', blank=0.0, unlabelled=0.0
    ):
        self.full = shape
        self.blank = blank
        self.unlabelled = unlabelled
        self.reads = []
        self.attrs = {
            'scene_id': name,
            'release': release,
            'mask': 'chart',
            'label_rule': 'autoice 0.65/0.65',
            'valid_share': 1 - blank,
            'labelled_share': dict.fromkeys(('SIC', 'SOD'), 1 - unlabelled),
        }

    def shape(self, spacing):
        return tuple(int(n * 80 / spacing) for n in self.full)

    def read(
        self,
        spacing,
        *,
        channels,
        tasks,
        y=0,
        x=0,
        height=None,
        width=None,
        polygons=False,
    ):
        shape = self.shape(spacing)
        height, width = height or shape[0], width or shape[1]
        self.reads.append((spacing, (y, x, height, width), tuple(tasks)))
        rows = np.arange(y, y + height)[:, None]
        columns = np.arange(x, x + width)[None]
        inside = (rows >= 0) & (rows < shape[0])
        inside = inside & (columns >= 0) & (columns < shape[1])
        valid = inside & (columns >= self.blank * shape[1])
        place = np.where(valid, 1000 * rows + columns, np.nan)
        signs = {'HH': 1, 'HV': -1}
        image = [signs[name] * place for name in channels]
        labelled = inside & (rows >= self.unlabelled * shape[0])
        values = {'SIC': (rows + columns) % 11, 'SOD': rows % 6 + 0 * columns}
        charts = {
            task: np.where(labelled, values[task], IGNORE).astype(np.uint8)
            for task in tasks
        }
        image = np.array(image, np.float32).reshape(-1, height, width)
        return FakeCrop(image, charts, valid)


class FakeStore:
    channels = ('HH', 'HV')
    tasks = ('SIC', 'SOD')
    spacings = (80, 160)
    options = SimpleNamespace(charts='majority', min_valid=0.5)

    def __init__(self, scenes):
        self.scenes = {scene.attrs['scene_id']: scene for scene in scenes}

    @property
    def scene_ids(self):
        return tuple(self.scenes)

    def __getitem__(self, scene_id):
        return self.scenes[scene_id]


@pytest.fixture
def fake_scene():
    return FakeScene


@pytest.fixture
def serve(monkeypatch):
    """Let data sets find these scenes under any path."""

    def _serve(*scenes):
        monkeypatch.setattr(
            'mmseaice.datasets.ai4arctic.SceneStore',
            lambda path: FakeStore(scenes),
        )

    return _serve


@pytest.fixture
def results():
    """Results as a pipeline starts with them."""

    def _results(scene, spacing=80, tasks=('SIC', 'SOD'), seed=0):
        return {
            'stored': scene,
            'scene_id': scene.attrs['scene_id'],
            'spacing': spacing,
            'channels': ('HH', 'HV'),
            'tasks': tasks,
            'rng': np.random.default_rng(seed),
        }

    return _results
