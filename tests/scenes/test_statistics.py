"""Streaming statistics against numpy on everything at once."""

import numpy as np
import pytest

from mmseaice.scenes import SceneStore
from mmseaice.scenes.statistics import ChannelStatistics, compute_statistics
from mmseaice.testing import build_tiny_store


def test_blocks_give_what_the_whole_gives():
    rng = np.random.default_rng(0)
    values = np.float32(rng.normal(-25, 4, 20_000).round(2))
    values[::7] = np.nan
    found = ChannelStatistics()
    for block in np.split(values, [1, 10, 5000, 5000, 19_999]):
        found.update(block.reshape(1, -1))
    finite = values[np.isfinite(values)].astype(float)
    assert found.count == finite.size
    assert found.mean == pytest.approx(finite.mean(), rel=1e-12)
    assert found.std == pytest.approx(finite.std(), rel=1e-12)
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    for percent in (0, 1, 50, 99, 100):
        expected = np.percentile(finite, percent, method='inverted_cdf')
        assert found.percentile(percent) == pytest.approx(expected, abs=5e-3)


def test_a_large_offset_costs_no_digits():
    found = ChannelStatistics()
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 1e-3, 1000)
        found.update(1e6 + noise)
    assert found.std == pytest.approx(1e-3, rel=0.05)


def test_nothing_gives_nan():
    found = ChannelStatistics()
    found.update(np.full(3, np.nan))
    assert np.isnan([found.mean * found.std, found.percentile(50)]).all()


def test_a_store_is_pooled_over_its_scenes(tmp_path):
    names = ('HH', 'HV', 't2m')
    build_tiny_store(tmp_path / 'a.zarr', 3, channels=names)
    store = SceneStore(tmp_path / 'a.zarr')
    chosen = store.scene_ids[:2]
    found = compute_statistics(store, chosen)
    assert list(found) == list(names)
    for name in names:
        parts = [
            store[scene].read_coarse(name)
            if name == 't2m'
            else store[scene].read(80, channels=[name], tasks=[]).image
            for scene in chosen
        ]
        pooled = np.concatenate([part.ravel() for part in parts])
        assert found[name].mean == pytest.approx(np.nanmean(pooled), rel=1e-5)
        assert found[name].std == pytest.approx(np.nanstd(pooled), rel=1e-4)
    coarser = compute_statistics(store, chosen, ['HH'], spacing=160)
    assert coarser['HH'].count < found['HH'].count
