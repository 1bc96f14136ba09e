import math

import pytest

from mmseaice.errors import StoreError
from mmseaice.scenes import SceneStore
from mmseaice.scenes.class_weights import class_weights, pool_histograms
from mmseaice.testing import build_tiny_store


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('class_weights') / 'a.zarr'
    build_tiny_store(path, 2, channels=('HH',))
    return SceneStore(path)


def test_inverse_root_by_hand():
    # Shares of 0.64, 0.32 and 0.04: one over the root is in 5 : 7.07 : 20.
    ratios = [1 / 0.8, 1 / math.sqrt(0.32), 1 / 0.2]
    expected = [3 * ratio / sum(ratios) for ratio in ratios]
    found = class_weights([6400, 3200, 400])
    assert found == pytest.approx(expected, rel=1e-3)


def test_effective_number_as_the_paper_has_it():
    counts = [900_000, 90_000, 10_000]
    beta = 1 - 1 / sum(counts)
    weights = [(1 - beta) / (1 - beta**count) for count in counts]
    expected = [3 * weight / sum(weights) for weight in weights]
    found = class_weights(counts, 'effective')
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('rule', ['inverse_sqrt', 'effective'])
def test_only_shares_matter_and_rare_classes_more(rule):
    found = class_weights([700, 200, 0, 100], rule)
    assert found == class_weights([7000, 2000, 0, 1000], rule)
    assert found[0] < found[1] < found[3]
    assert found[2] == 1
    assert sum(found) == pytest.approx(4, rel=1e-3)
    assert class_weights([5, 5, 5], rule) == [1, 1, 1]


def test_mistakes_are_named():
    with pytest.raises(ValueError, match='rule must be one of inverse_sqrt'):
        class_weights([1, 2], 'inverse')
    with pytest.raises(ValueError, match='labelled pixel'):
        class_weights([0, 0])


def test_histograms_of_scenes_are_added(store):
    pooled = pool_histograms(store, store.scene_ids)
    parts = [store[i].attrs['class_histogram'] for i in store.scene_ids]
    assert pooled.keys() == {'SIC', 'SOD', 'FLOE'}
    for task, counts in pooled.items():
        pairs = zip(parts[0][task], parts[1][task], strict=True)
        assert counts == [a + b for a, b in pairs]
    assert pool_histograms(store, store.scene_ids[:1]) == parts[0]
    with pytest.raises(StoreError):
        pool_histograms(store, ['none'])


@pytest.mark.parametrize('tasks', [(), ('SOD',)])
def test_scenes_without_labels_are_named(tmp_path, tasks):
    said = 'labels of SOD' if tasks else 'labels of any task'
    build_tiny_store(tmp_path / 'a', 1, channels=('HH',), tasks=tasks)
    bare = SceneStore(tmp_path / 'a')
    with pytest.raises(StoreError, match=said):
        pool_histograms(bare, [])
