"""The class weights that compute_statistics prints."""

import pytest

from mmseaice.scenes import SceneStore, write_split
from mmseaice.scenes.class_weights import class_weights, pool_histograms
from mmseaice.testing import build_tiny_store


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'a.zarr'
    build_tiny_store(path, 2, channels=('HH',))
    return SceneStore(path)


@pytest.mark.parametrize('rule', [(), ('effective',)])
def test_class_weights_are_config_lines(
    store, load_tool, capsys, tmp_path, rule
):
    chosen = store.scene_ids[1:]
    write_split(tmp_path / 'some.txt', chosen)
    load_tool('data/compute_statistics.py')['main'](
        [
            *(str(store.path), '--split', str(tmp_path / 'some.txt')),
            *('--class-weights', *rule),
        ]
    )
    scope = {}
    exec(capsys.readouterr().out, scope)
    for task, histogram in pool_histograms(store, chosen).items():
        assert scope[task] == dict(
            class_weight=class_weights(histogram, *rule)
        )
