from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes import CHANNELS, RELEASES, destandardise, standardise


@pytest.mark.parametrize('release', RELEASES)
@pytest.mark.parametrize('name', CHANNELS)
def test_round_trip(name, release):
    values = np.array([-380.0, -14.5, 0.0, 270.5, np.nan])
    there = standardise(values, name, release)
    back = destandardise(there, name, release)
    np.testing.assert_allclose(back, values, rtol=1e-12, atol=1e-9)


def test_hand_computed():
    # (-9.0 + 14.508255) / 5.659746
    assert standardise(np.array(-9.0), 'HH', 'Dec-2022') == pytest.approx(
        0.9732336, abs=1e-6
    )
    assert destandardise(np.array(1.0), 'HH', 'Oct-2022') == pytest.approx(
        -8.8792
    )


def test_precision_is_kept():
    values = np.zeros(3, np.float32)
    assert standardise(values, 'HV', 'Dec-2022').dtype == np.float32


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r'release must be .*Dec-2022.*2021'):
        standardise(np.zeros(1), 'HH', '2021')
    with pytest.raises(ValueError, match=r"name must be .*HH.*'VV'"):
        standardise(np.zeros(1), 'VV', 'Dec-2022')
