import numpy as np
import pytest

from mmseaice.charts import IGNORE
from mmseaice.errors import PredictionError
from mmseaice.evaluation.functional.pixel_sample import PixelSample


@pytest.fixture
def scene():
    """Scores that tell where a pixel was, labels with gaps, validity."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, (40, 50)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.3] = IGNORE
    scores = np.arange(2 * truth.size, dtype=float).reshape(2, 40, 50)
    return scores, truth, rng.random(truth.shape) < 0.8


def test_only_labelled_and_valid_pixels_are_drawn(scene):
    scores, truth, valid = scene
    sample = PixelSample(300, seed=1, name='a')
    sample.update(scores, truth, valid)
    places = sample.scores[0].astype(int)
    assert len(sample) == len(set(places)) == 300
    np.testing.assert_array_equal(sample.truth, truth.ravel()[places])
    assert valid.ravel()[places].all()
    np.testing.assert_array_equal(sample.scores[1], places + truth.size)
    assert (sample.truth != IGNORE).all()


def test_parts_give_what_the_whole_gives(scene):
    scores, truth, valid = scene
    whole, parts = (PixelSample(100, name='a') for _ in range(2))
    whole.update(scores, truth, valid)
    for start in range(0, 40, 7):
        block = np.s_[start : start + 7]
        parts.update(scores[:, block], truth[block], valid[block])
    np.testing.assert_array_equal(parts.scores, whole.scores)
    np.testing.assert_array_equal(parts.truth, whole.truth)
    other = PixelSample(100, name='b')
    other.update(scores, truth, valid)
    assert (other.scores != whole.scores).any()


def test_a_small_scene_is_taken_whole(scene):
    scores, truth, _ = scene
    sample = PixelSample(10**6)
    sample.update(scores, truth)
    assert len(sample) == np.count_nonzero(truth != IGNORE)
    empty = PixelSample(10)
    empty.update(scores, np.full_like(truth, IGNORE))
    assert len(empty) == 0


def test_each_pixel_is_as_likely():
    truth = np.zeros(60, np.uint8)
    scores = np.arange(60.0)[None]
    counts = np.zeros(60)
    for seed in range(600):
        sample = PixelSample(20, seed)
        sample.update(scores[:, :45], truth[:45])
        sample.update(scores[:, 45:], truth[45:])
        counts[sample.scores[0].astype(int)] += 1
    assert counts.sum() == 600 * 20
    # Six standard deviations of a binomial of 600 at one third.
    assert np.abs(counts - 200).max() < 6 * np.sqrt(600 * 2 / 9)


def test_mistakes_are_named(scene):
    scores, truth, _ = scene
    with pytest.raises(ValueError, match='must have the shape'):
        PixelSample(3).update(scores[:, 1:], truth)
    with pytest.raises(PredictionError, match='scene 7: expected a finite'):
        PixelSample(3, name='scene 7').update(scores * np.nan, truth)
