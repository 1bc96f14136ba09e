import numpy as np
import pytest
from scipy.special import softmax as reference

from mmseaice.evaluation.functional.reliability import ReliabilitySums
from mmseaice.evaluation.functional.temperature import (
    COLDEST,
    HOTTEST,
    fit_temperature,
    softmax,
    temper,
)


@pytest.mark.parametrize('temperature', [0.4, 1.0, 2.5, 6.0])
def test_known_temperature_is_recovered(honest, temperature):
    probabilities, truth = honest
    logits = temperature * np.log(probabilities)
    found = fit_temperature(logits, truth)
    assert found == pytest.approx(temperature, rel=0.05)

    def loss(temperature):
        sums = ReliabilitySums(5)
        sums.update(softmax(logits, temperature), truth)
        return sums.nll()

    assert loss(found) <= min(loss(0.98 * found), loss(1.02 * found))


def test_logits_and_probabilities_say_the_same(honest):
    probabilities, _ = honest
    logits = np.log(probabilities) + 7
    wanted = reference(logits.astype(np.float64) / 1.7, axis=0)
    np.testing.assert_allclose(softmax(logits, 1.7), wanted, rtol=1e-4)
    np.testing.assert_allclose(temper(probabilities, 1.7), wanted, rtol=1e-4)
    assert softmax(logits).dtype == temper(probabilities, 2).dtype == 'f4'


def test_heat_levels_and_keeps_the_order(honest):
    probabilities, _ = honest
    last = temper(probabilities, 0.5).max(axis=0)
    for temperature in (1.0, 2.0, 5.0):
        found = temper(probabilities, temperature)
        np.testing.assert_array_equal(
            found.argmax(axis=0), probabilities.argmax(axis=0)
        )
        assert (found.max(axis=0) <= last + 1e-6).all()
        np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-5)
        last = found.max(axis=0)


def test_missing_pixels_stay_missing_and_certain_ones_certain():
    probabilities = np.array([[1, np.nan], [0, np.nan]], np.float32)
    for temperature in (COLDEST, HOTTEST):
        found = temper(probabilities, temperature)
        np.testing.assert_array_equal(found, probabilities)


def test_useless_and_perfect_logits_end_at_the_bounds():
    truth = np.arange(30) % 3
    perfect = 5 * np.eye(3)[truth].T
    assert fit_temperature(perfect, truth) == COLDEST
    assert fit_temperature(-perfect, truth) == HOTTEST
    with pytest.raises(ValueError, match='n > 0'):
        fit_temperature(perfect[:, :0], truth[:0])
