"""A tiny store can be read like any other."""

from mmseaice.scenes.store import SceneStore
from mmseaice.testing import build_tiny_store


def test_store_holds_the_scenes(tmp_path):
    report = build_tiny_store(tmp_path / 'store', count=2)
    store = SceneStore(report.path)
    assert sorted(store.scene_ids) == sorted(report.written)
    assert len(store.scene_ids) == 2
    assert store[report.written[0]].shape(160) == (64, 72)
