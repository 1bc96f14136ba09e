import math

import numpy as np
import pytest
from sklearn import metrics

from mmseaice.evaluation.functional import ConfusionMatrix


def matrix_of(truth, prediction, num_classes=4):
    confusion = ConfusionMatrix(num_classes)
    confusion.update(np.asarray(truth), np.asarray(prediction))
    return confusion


def test_by_hand():
    confusion = matrix_of([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 1])
    assert confusion.counts[:3, :3].tolist() == [
        [2, 1, 0],
        [0, 1, 1],
        [0, 1, 0],
    ]
    np.testing.assert_allclose(confusion.f1(), [4 / 5, 2 / 5, 0, np.nan])
    np.testing.assert_allclose(confusion.iou(), [2 / 3, 1 / 4, 0, np.nan])
    assert confusion.accuracy() == pytest.approx(1 / 2)
    assert confusion.weighted_f1() == pytest.approx(3.2 / 6)
    assert confusion.macro_f1() == pytest.approx(1.2 / 3)
    assert confusion.mean_iou() == pytest.approx(11 / 36)


@pytest.mark.parametrize('seed', range(20))
def test_equals_sklearn(seed):
    rng = np.random.default_rng(seed)
    classes = rng.choice(7, rng.integers(1, 8), replace=False)
    truth = rng.choice(classes, 300)
    prediction = rng.integers(0, rng.integers(1, 8), 300)
    confusion = matrix_of(truth, prediction, 7)
    options = {'labels': range(7), 'average': None, 'zero_division': 0}
    for ours, theirs in (
        (confusion.f1, metrics.f1_score),
        (confusion.precision, metrics.precision_score),
        (confusion.recall, metrics.recall_score),
        (confusion.iou, metrics.jaccard_score),
    ):
        wanted = theirs(truth, prediction, **options)
        wanted[~confusion.present] = np.nan
        np.testing.assert_allclose(ours(), wanted, rtol=1e-13)
    assert confusion.weighted_f1() == pytest.approx(
        metrics.f1_score(truth, prediction, average='weighted'), rel=1e-13
    )
    assert confusion.macro_f1() == pytest.approx(
        metrics.f1_score(truth, prediction, average='macro'), rel=1e-13
    )
    assert confusion.accuracy() == pytest.approx(
        metrics.accuracy_score(truth, prediction), rel=1e-13
    )


def test_nothing_counted_is_undefined():
    confusion = matrix_of(np.empty(0, int), np.empty(0, int))
    assert math.isnan(confusion.weighted_f1())
    assert math.isnan(confusion.accuracy())
    assert np.isnan(confusion.f1()).all()


@pytest.mark.parametrize('values', [[-1], [4], [255]])
def test_only_classes_are_counted(values):
    with pytest.raises(ValueError, match=r'must be classes 0\.\.3'):
        matrix_of([0], values)
    with pytest.raises(ValueError, match=r'must be classes 0\.\.3'):
        matrix_of(values, [0])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match='must have the shape'):
        matrix_of([1, 2], [1])
