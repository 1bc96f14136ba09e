from __future__ import annotations

import numpy as np
import pytest

from mmseaice.errors import ReleaseError
from mmseaice.scenes import CHANNELS, RELEASES, find_release, standardise
from mmseaice.scenes.release import lattice_distance

NAMES = [name for name in CHANNELS if name.startswith('btemp')]


def brightness(release, shape=(7, 8), names=NAMES, step=1 / 128, seed=0):
    """Standardised fields as a file holds them, float32."""
    rng = np.random.default_rng(seed)
    fields = {}
    for name in names:
        kelvin = 200 + rng.normal(0, 20, shape)
        if step:
            kelvin = np.round(kelvin / step) * step
        fields[name] = standardise(kelvin, name, release).astype(np.float32)
    return fields


@pytest.mark.parametrize('release', RELEASES)
@pytest.mark.parametrize('shape', [(4, 4), (199, 209)])
def test_auto_finds_it(release, shape):
    assert find_release(brightness(release, shape)) == release


@pytest.mark.parametrize('release', RELEASES)
def test_one_nearly_uniform_channel_and_gaps(release):
    fields = brightness(release, (30, 30), ['btemp_18_7h'])
    fields['btemp_18_7h'][3:9] = np.nan
    assert find_release(fields) == release


def test_distances_are_far_apart():
    fields = brightness('Oct-2022', (50, 50))
    assert lattice_distance(fields, 'Oct-2022') < 0.03
    assert lattice_distance(fields, 'Dec-2022') > 0.2


def test_other_values_need_the_release_given():
    fields = brightness('Dec-2022', (50, 50), step=0)
    with pytest.raises(ReleaseError, match=r"scene\.nc.*release='Dec-2022'"):
        find_release(fields, path='scene.nc')
    assert find_release(fields, 'Oct-2022') == 'Oct-2022'


def test_no_brightness_temperatures():
    with pytest.raises(ReleaseError, match='nan'):
        find_release({})
    assert find_release({}, 'Dec-2022') == 'Dec-2022'


def test_given_release_is_checked():
    fields = brightness('Oct-2022')
    with pytest.raises(ReleaseError, match="release='auto'"):
        find_release(fields, 'Dec-2022')
    with pytest.raises(ValueError, match='release must be'):
        find_release(fields, 'Nov-2022')
