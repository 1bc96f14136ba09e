import numpy as np
import pytest

from mmseaice.evaluation.functional.coverage import CoverageSums


def test_scenes_count_the_same_whatever_their_pixels():
    sums = CoverageSums('SOD')
    dmi, cis = {'service': 'dmi'}, {'service': 'cis'}
    # Of scene one, both of water and one of two of old ice; two: none of 1.
    sums.update(
        np.array([True, True, True, False]),
        np.array([1, 1, 2, 2]),
        np.array([0, 0, 5, 5]),
        dmi,
    )
    sums.update(np.array([False]), np.array([1]), np.array([5]), cis)
    sums.update(np.empty(0, bool), np.empty(0), np.empty(0, int), cis)
    rows = {(row['kind'], row['name']): row for row in sums.rows()}
    assert list(rows) == [
        ('all', ''),
        ('service', 'cis'),
        ('service', 'dmi'),
        ('class', 'open water'),
        ('class', 'old ice'),
    ]
    everything = rows['all', '']
    assert everything['coverage'] == pytest.approx((3 / 4 + 0) / 2)
    assert everything['spread'] == pytest.approx(3 / 8)
    assert everything['size'] == pytest.approx((1.5 + 1) / 2)
    assert (everything['scenes'], everything['pixels']) == (2, 5)
    assert rows['service', 'dmi']['coverage'] == pytest.approx(3 / 4)
    # Half a scene with one of two, and a whole one with none.
    old = rows['class', 'old ice']
    assert old['coverage'] == pytest.approx(0.5 * 0.5 / 1.5)
    assert old['pixels'] == 3
