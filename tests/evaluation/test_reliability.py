"""Calibration error, Brier score and log loss by hand and by sklearn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from mmseaice.evaluation.functional.reliability import ReliabilitySums


def sums_of(probabilities, truth, bins=15):
    sums = ReliabilitySums(len(probabilities), bins)
    sums.update(np.asarray(probabilities), np.asarray(truth))
    return sums


def test_by_hand():
    # Two pixels in the bin 0.6..0.8, one right; two above, both right.
    probabilities = [[0.7, 0.65, 0.9, 0.05], [0.3, 0.35, 0.1, 0.95]]
    sums = sums_of(probabilities, [0, 1, 0, 1], bins=5)
    assert sums.ece() == pytest.approx((1.35 - 1 + 2 - 1.85) / 4)
    curve = sums.curve()
    np.testing.assert_array_equal(curve.count, [0, 0, 0, 2, 2])
    np.testing.assert_allclose(curve.frequency[3:], [0.5, 1])
    np.testing.assert_allclose(curve.confidence[3:], [0.675, 0.925])
    assert np.isnan(curve.frequency[:3]).all()
    squares = (0.3**2 + 0.65**2 + 0.1**2 + 0.05**2) / 4
    np.testing.assert_allclose(sums.brier_per_class(), [squares, squares])
    assert sums.brier() == pytest.approx(2 * squares)
    logs = np.log([0.7, 0.35, 0.9, 0.95])
    assert sums.nll() == pytest.approx(-logs.mean())


def test_equals_sklearn(honest):
    probabilities, truth = honest
    sums = sums_of(probabilities, truth)
    for number, row in enumerate(probabilities.astype(np.float64)):
        hit = truth == number
        assert sums.brier_per_class()[number] == pytest.approx(
            brier_score_loss(hit, row), rel=1e-9
        )
        frequency, confidence = calibration_curve(hit, row, n_bins=15)
        curve = sums.curve(number)
        some = curve.count > 0
        np.testing.assert_allclose(curve.frequency[some], frequency)
        np.testing.assert_allclose(curve.confidence[some], confidence)
    top = probabilities.max(axis=0)
    right = probabilities.argmax(axis=0) == truth
    frequency, confidence = calibration_curve(right, top, n_bins=15)
    curve = sums.curve()
    some = curve.count > 0
    np.testing.assert_allclose(curve.frequency[some], frequency)
    weights = curve.count[some] / curve.count.sum()
    assert sums.ece() == pytest.approx(
        (weights * np.abs(frequency - confidence)).sum()
    )
    exact = probabilities.T / probabilities.sum(axis=0, dtype=float)[:, None]
    assert sums.nll() == pytest.approx(log_loss(truth, exact), rel=1e-5)


def test_honest_probabilities_have_hardly_an_error(honest):
    probabilities, truth = honest
    assert sums_of(probabilities, truth).ece() < 0.02
    assert sums_of(np.eye(5)[truth].T, truth).ece() == 0
    wrong = np.eye(5)[(truth + 1) % 5].T
    assert sums_of(wrong, truth).ece() == 1


def test_parts_merge_into_the_whole(honest):
    probabilities, truth = honest
    shape = (5, 40, 100)
    whole = sums_of(probabilities.reshape(shape), truth.reshape(40, 100))
    parts = sums_of(probabilities[:, :7], truth[:7])
    parts.merge(sums_of(probabilities[:, 7:], truth[7:]))
    merged, wanted = parts.summary(), whole.summary()
    assert merged.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(merged[name], value, rtol=1e-12)


def test_nothing_counted_is_undefined():
    sums = sums_of(np.empty((3, 0)), np.empty(0, int))
    for value in (sums.ece(), sums.nll(), sums.brier(), sums.ece(2)):
        assert np.isnan(value)


@pytest.mark.parametrize(
    ('probabilities', 'truth', 'match'),
    [
        (np.full((3, 2), 1 / 3), [0, 1, 2], 'must have the shape'),
        (np.full((3, 2), 1 / 3), [0, 3], r'classes 0\.\.2'),
        (np.full((3, 2), np.nan), [0, 1], r'within 0\.\.1'),
        (np.full((3, 2), 2.0), [0, 1], r'within 0\.\.1'),
    ],
)
def test_what_cannot_be_is_refused(probabilities, truth, match):
    with pytest.raises(ValueError, match=match):
        sums_of(probabilities, truth)
