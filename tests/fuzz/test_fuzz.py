"""Damaged files: a result or a named error, no crash, no hang, no growth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.control import GroundControlPoint

from mmseaice.scenes import open_scene, scene_files
from mmseaice.scenes.simulator import write_scenes
from mmseaice.scenes.simulator.safe import write_safe
from mmseaice.testing import build_tiny_store

FEED = Path(__file__).with_name('feed.py')

#: Reader and number of cases, in the default tests and in the long ones.
CASES = {
    'ready': ('scene', 12, 400),
    'raw': ('scene', 12, 400),
    'safe': ('stream', 12, 100),
    'geotiff': ('stream', 12, 100),
    'checkpoint': ('checkpoint', 20, 100),
    'store': ('store', 20, 100),
}

#: Kilobytes that a process may grow by after its first cases.
GROWTH = 100_000


@pytest.fixture(scope='module')
def sources(tmp_path_factory):
    """A sound file or folder of each kind."""
    folder = tmp_path_factory.mktemp('sound')
    write_scenes(
        folder / 'sets', 1, lines=420, samples=400, kind='both',
        specials=False, seed=1,
    )  # fmt: skip
    ready = scene_files(folder / 'sets/train')[0]
    raw = scene_files(folder / 'sets/raw')[0]
    state = {'state_dict': {'a': torch.arange(500.0)}, 'meta': {'iter': 3}}
    torch.save(state, folder / 'model.pth')
    build_tiny_store(
        folder / 'store.zarr', count=1, height=60, width=50, spacings=(80,),
        channels=('HH', 'HV', 'incidence_angle'),
    )  # fmt: skip
    return {
        'ready': ready,
        'raw': raw,
        'safe': write_safe(open_scene(raw, mask='none'), folder / 'safe'),
        'geotiff': write_geotiff(folder),
        'checkpoint': folder / 'model.pth',
        'store': folder / 'store.zarr',
    }


def write_geotiff(folder):
    """Sigma0 in dB with ground control points, as people exchange it."""
    path = folder / 'S1A_EW_GRDM_1SDH_20200123T120618.tif'
    points = [
        GroundControlPoint(y, x, x=-40 + x * 0.00139, y=75 - y * 0.00036)
        for y in (0, 60, 120)
        for x in (0, 50, 100)
    ]
    values = np.random.default_rng(0).normal(-18, 3, (2, 120, 100))
    with rasterio.open(
        path, 'w', driver='GTiff', width=100, height=120, count=2,
        dtype='float32', gcps=points, crs='EPSG:4326',
    ) as file:  # fmt: skip
        file.write(values.astype(np.float32))
        file.descriptions = ('HH', 'HV')
    return path


def feed(kind, source, folder, count):
    """Verdicts and memory of all cases; a crash is a verdict as well."""
    verdicts, memory, first = {}, [], 0
    while first < count:
        done = subprocess.run(
            [sys.executable, FEED, kind, source, folder, str(first),
             str(count)],
            capture_output=True, text=True, timeout=60 + 30 * count,
            env=os.environ | {'OMP_NUM_THREADS': '1'},
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, done.stderr
        for line in lines:
            if 'ends' in line:
                verdicts[line['ends']] = line['verdict']
                memory.append(line['memory'])
        first = max(verdicts, default=first - 1) + 1
        if done.returncode:
            verdicts[first] = f'exit code {done.returncode}'
            first += 1
    return verdicts, memory


@pytest.mark.parametrize('kind', CASES)
@pytest.mark.parametrize(
    'long', [False, pytest.param(True, marks=pytest.mark.soak)]
)
def test_damaged_files_are_read_or_named(kind, long, sources, tmp_path):
    reader, short, many = CASES[kind]
    count = many if long else short
    verdicts, memory = feed(reader, sources[kind], tmp_path, count)
    good = {'read', 'named'}
    bad = {case: text for case, text in verdicts.items() if text not in good}
    print(kind, Counter(v if v in good else 'bad' for v in verdicts.values()))
    assert bad == {}
    assert len(verdicts) == count
    if long:
        assert max(memory) - memory[10] < GROWTH
