import math

import numpy as np
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from mmseaice.evaluation.functional import RegressionSums


def sums_of(truth, prediction):
    sums = RegressionSums()
    sums.update(np.asarray(truth), np.asarray(prediction))
    return sums


def test_by_hand():
    # mean 2, deviation 4 + 0 + 4 = 8, squared error 1 + 1 + 0 = 2.
    sums = sums_of([0, 2, 4], [1, 1, 4])
    assert sums.r2() == 0.75
    assert sums.rmse() == math.sqrt(2 / 3)


@pytest.mark.parametrize('dtype', ['uint8', 'int64', 'float32', 'float64'])
@pytest.mark.parametrize('seed', range(10))
def test_equals_sklearn(seed, dtype):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 11, 500, dtype=np.uint8)
    prediction = (truth * 0.8 + 2 * rng.random(500)).astype(dtype)
    sums = sums_of(truth, prediction)
    wanted = r2_score(truth.astype(float), prediction.astype(float))
    assert sums.r2() == pytest.approx(wanted, rel=1e-12)
    wanted = root_mean_squared_error(
        truth.astype(float), prediction.astype(float)
    )
    assert sums.rmse() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize('prediction', [[3, 3, 3], [3, 4, 3]])
def test_constant_truth_as_sklearn(prediction):
    truth = [3, 3, 3]
    assert sums_of(truth, prediction).r2() == r2_score(truth, prediction)


@pytest.mark.parametrize('pixels', [0, 1])
def test_undefined_with_fewer_than_two_pixels(pixels):
    assert math.isnan(sums_of([1] * pixels, [1] * pixels).r2())


def test_no_digit_lost_over_many_pixels():
    # A scene of one value but for one pixel, repeated: the deviation is
    # minute beside the sums, and a float difference would be off.
    truth = np.full(10**6, 10, np.uint8)
    truth[0] = 9
    part = sums_of(truth, truth[::-1])
    whole = RegressionSums()
    for _ in range(10_000):
        whole.merge(part)
    assert whole.count == 10**10
    assert whole.r2() == pytest.approx(part.r2(), rel=1e-12)
    assert part.r2() == pytest.approx(r2_score(truth, truth[::-1]), abs=1e-9)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match='must have the shape'):
        sums_of([1, 2], [1])
