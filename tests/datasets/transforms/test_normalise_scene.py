import numpy as np
import pytest

from mmseaice.datasets.transforms import NormaliseScene
from mmseaice.errors import MissingChannelError

MEAN = {'HV': -25.0, 'HH': -14.0}
STD = {'HV': 5.0, 'HH': 2.0}


def given(image, valid=None, channels=('HH', 'HV')):
    image = np.array(image, np.float32).reshape(len(channels), 1, -1)
    if valid is None:
        valid = np.ones(image.shape[1:], bool)
    return {'image': image, 'valid': valid, 'channels': channels}


def test_statistics_go_by_name():
    out = NormaliseScene(MEAN, STD)(given([[-14, -12], [-25, -20]]))
    np.testing.assert_array_equal(out['image'][:, 0], [[0, 1], [0, 1]])
    assert out['image'].dtype == np.float32
    out = NormaliseScene(MEAN, STD)(given([[-20]], channels=('HV',)))
    assert out['image'].item() == 1


def test_outliers_are_clipped():
    image = [[-380, 100], [-25, -25]]
    out = NormaliseScene(MEAN, STD)(given(image))
    np.testing.assert_array_equal(out['image'][0, 0], [-5, 5])
    out = NormaliseScene(MEAN, STD, clip=None)(given(image))
    np.testing.assert_array_equal(out['image'][0, 0], [-183, 57])


def test_missing_pixels_are_0_and_no_nan_is_left():
    image = [[np.nan, 255, -12, np.inf], [-20, 255, np.nan, -20]]
    valid = np.array([[True, False, True, True]])
    out = NormaliseScene(MEAN, STD)(given(image, valid))
    wanted = [[0, 0, 1, 0], [1, 0, 0, 1]]
    np.testing.assert_array_equal(out['image'][:, 0], wanted)


@pytest.mark.parametrize(
    'arguments',
    [
        {'mean': {'HH': 0}, 'std': {'HV': 1}},
        {'mean': {'HH': 0}, 'std': {'HH': 0}},
        {'mean': {'HH': 0}, 'std': {'HH': float('nan')}},
        {'mean': {'HH': 0}, 'std': {'HH': 1}, 'clip': (1, 5)},
    ],
)
def test_senseless_statistics_are_refused(arguments):
    with pytest.raises(ValueError, match='must'):
        NormaliseScene(**arguments)


def test_a_channel_without_statistics_is_named():
    step = NormaliseScene(MEAN, STD)
    with pytest.raises(MissingChannelError, match="channel 't2m'"):
        step(given([[270]], channels=('t2m',)))
