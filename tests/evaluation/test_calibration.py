"""A calibration as the products use it, and as it lies on disk."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mmseaice.errors import MMSeaIceError
from mmseaice.evaluation.functional.calibration import Calibration
from mmseaice.evaluation.functional.calibration_fit import fit_calibration
from mmseaice.evaluation.functional.temperature import softmax


@pytest.fixture(scope='module')
def calibration(draw_scenes):
    return replace(
        fit_calibration(draw_scenes(20), (0.9, 0.99)),
        checkpoint='a.pth',
        checkpoint_sha256='0' * 64,
        settings={'seed': 3},
        metrics={'tasks': {'SOD': {'after': {'ece': 0.25}}}},
    )


@pytest.fixture
def block():
    """Probabilities of SOD, (6, rows, width), one pixel not charted."""
    found = softmax(np.random.default_rng(0).normal(size=(6, 8, 9)))
    found[:, 4, 5] = np.nan
    return found


def test_round_trip(calibration, tmp_path):
    path = tmp_path / 'a.json'
    calibration.write(path)
    assert Calibration.read(path) == calibration
    # Twenty scenes are too few for 99 %, and JSON knows nothing infinite.
    assert calibration.thresholds['SOD'][0.99] == 0
    assert set(calibration.half_widths['SIC'][0.99]) == {math.inf}
    assert 'Infinity' not in path.read_text()


def test_blocks_give_what_the_whole_gives(calibration, block):
    found = calibration.apply('SOD', block)
    sets = calibration.sets('SOD', found)
    assert (found.dtype, sets.dtype) == (np.float32, np.uint8)
    assert sets.shape == block.shape[1:]
    part = calibration.apply('SOD', block[:, 2:5])
    np.testing.assert_array_equal(part, found[:, 2:5])
    np.testing.assert_array_equal(calibration.sets('SOD', part), sets[2:5])
    logits = np.log(block) + 3
    again = calibration.apply('SOD', logits, logits=True)
    np.testing.assert_allclose(again, found, rtol=1e-4)


def test_sets_hold_the_most_likely_class_where_there_is_one(
    calibration, block
):
    sets = calibration.sets('SOD', calibration.apply('SOD', block))
    charted = np.isfinite(block[0])
    best = block.argmax(axis=0)
    assert (sets >> best & 1)[charted].all()
    assert sets[~charted].tolist() == [0]
    wide = calibration.sets('SOD', block, 0.99)
    assert set(wide[charted]) == {0b111111}


def test_intervals_stay_within_the_classes(calibration):
    values = np.array([[0, 0.2, 5.4], [9.9, 10, np.nan]], np.float32)
    low, high = calibration.interval(values)
    assert (low.dtype, high.dtype) == (np.float32, np.float32)
    assert np.isnan(low[1, 2])
    assert np.isnan(high[1, 2])
    low, high, values = (a.ravel()[:5] for a in (low, high, values))
    assert ((low >= 0) & (low <= values)).all()
    assert ((high <= 10) & (high >= values)).all()
    half = calibration.half_widths['SIC'][0.9][5]
    assert high[2] == pytest.approx(min(10, 5.4 + half), abs=1e-5)
    low, high = calibration.interval(values, 0.99)
    assert (set(low), set(high)) == ({0}, {10})


def test_what_was_not_calibrated_is_named(calibration, block):
    with pytest.raises(ValueError, match=r"one of SOD .* got 'FLOE'"):
        calibration.apply('FLOE', block)
    with pytest.raises(ValueError, match=r'0\.9, 0\.99, but got 0\.5'):
        calibration.sets('SOD', block, 0.5)
    with pytest.raises(ValueError, match='one of SIC'):
        calibration.interval(block[0], task='SOD')
    with pytest.raises(ValueError, match='within'):
        fit_calibration([], (1.0,))
    with pytest.raises(ValueError, match='none in 0 scenes'):
        fit_calibration([])


@pytest.mark.parametrize(
    'text', [None, '[1]', '{}', '{"format": "x"}', '{', '{"a": 1}']
)
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / 'a.json'
    if text is not None:
        path.write_text(text)
    with pytest.raises(MMSeaIceError, match=r'a\.json: expected a file of'):
        Calibration.read(path)
