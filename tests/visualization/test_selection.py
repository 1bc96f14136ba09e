import numpy as np

from mmseaice.visualization import diverse_subset


def test_one_of_each_cluster():
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(4), 20)
    centres = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])
    features = centres[cluster] + rng.normal(0, 0.5, (80, 2))
    picked = diverse_subset(features, 5)
    assert len(set(picked)) == 5
    assert {cluster[i] for i in picked} == {0, 1, 2, 3}


def test_scale_of_a_feature_does_not_matter():
    features = np.random.default_rng(1).random((50, 3))
    scaled = features * [1, 1000, 0.001] + 7
    assert diverse_subset(features, 6) == diverse_subset(scaled, 6)


def test_all_if_there_are_no_more_and_constants_do_no_harm():
    assert sorted(diverse_subset(np.ones((3, 2)), 6)) == [0, 1, 2]
    assert diverse_subset(np.ones((3, 2)), 0) == []
