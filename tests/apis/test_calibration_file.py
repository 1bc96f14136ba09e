import pytest

from mmseaice.apis.calibration_file import (
    calibration_path,
    read_calibration,
    write_calibration,
)
from mmseaice.errors import CheckpointError, MMSeaIceError
from mmseaice.evaluation.functional.calibration import Calibration

#: SHA-256 of b'weights', as sha256sum gives it.
SUM = '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c'


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'best.pth'
    path.write_bytes(b'weights')
    return path


def test_it_lies_beside_the_checkpoint_and_names_it(checkpoint):
    fitted = Calibration(temperatures={'SOD': 1.5}, scenes=('a', 'b'))
    path = write_calibration(fitted, checkpoint)
    assert path == calibration_path(checkpoint)
    assert path.name == 'best.pth.calibration.json'
    read = read_calibration(checkpoint)
    assert read.temperatures == {'SOD': 1.5}
    assert read.checkpoint == 'best.pth'
    assert read.checkpoint_sha256 == SUM


def test_another_checkpoint_is_refused_by_both_names(checkpoint, tmp_path):
    path = write_calibration(Calibration(), checkpoint, tmp_path / 'c.json')
    other = tmp_path / 'other.pth'
    other.write_bytes(b'other weights')
    with pytest.raises(CheckpointError) as caught:
        read_calibration(other, path)
    text = str(caught.value)
    for part in ('c.json', 'other.pth', 'best.pth', SUM):
        assert part in text


def test_a_missing_one_is_named(checkpoint):
    with pytest.raises(MMSeaIceError, match='nothing of that name'):
        read_calibration(checkpoint)
