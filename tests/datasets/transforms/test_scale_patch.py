import numpy as np
import pytest

from mmseaice.datasets.transforms import ScalePatch

GREY = np.arange(256, dtype=np.float32)[None, None]


@pytest.mark.parametrize('mode', ['log', 'linear'])
def test_both_run_from_0_to_1_and_keep_the_order(mode):
    scaled = ScalePatch(mode)({'image': GREY})['image'].ravel()
    assert scaled.dtype == np.float32
    assert scaled[0] == 0
    assert scaled[-1] == pytest.approx(1)
    assert (np.diff(scaled) > 0).all()


def test_hand_computed():
    image = np.array([[[15.0]]], np.float32)
    assert ScalePatch('log')({'image': image})['image'] == pytest.approx(0.5)
    image = np.array([[[51.0]]], np.float32)
    assert ScalePatch('linear')({'image': image})['image'] == pytest.approx(
        0.2
    )


def test_missing_stays_missing():
    image = np.array([[[np.nan, 1]]], np.float32)
    scaled = ScalePatch('log')({'image': image})['image']
    np.testing.assert_array_equal(np.isnan(scaled), [[[True, False]]])


def test_unknown_mode():
    with pytest.raises(ValueError, match='mode must be'):
        ScalePatch('db')
