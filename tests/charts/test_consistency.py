import numpy as np
import pytest

from mmseaice.charts import TASKS
from mmseaice.charts.consistency import make_consistent


def random_charts(seed, shape=(13, 17), sic_type=np.uint8, missing=0.1):
    rng = np.random.default_rng(seed)
    charts = []
    for task in TASKS.values():
        chart = rng.integers(0, rng.integers(2, task.num_classes + 1), shape)
        chart[rng.random(shape) < 0.4] = 0
        chart[rng.random(shape) < missing] = 255
        charts.append(chart.astype(np.uint8))
    if sic_type != np.uint8:
        values = charts[0] + rng.uniform(-0.49, 0.49, shape)
        values = np.where(charts[0] == 255, np.nan, values.clip(0, 10))
        charts[0] = values.astype(sic_type)
    return charts


def classes(chart):
    return np.where(np.isnan(chart), 255, np.rint(chart)).astype(int)


@pytest.mark.parametrize('sic_type', [np.uint8, np.float32])
@pytest.mark.parametrize('seed', range(15))
def test_properties(seed, sic_type):
    before = random_charts(seed, sic_type=sic_type)
    kept = [chart.copy() for chart in before]
    after = make_consistent(*before)
    for old, copy, new in zip(before, kept, after, strict=True):
        assert new.dtype == old.dtype
        np.testing.assert_array_equal(old, copy)
        np.testing.assert_array_equal(classes(old) == 255, classes(new) == 255)
    # Consistent: water in all charts of a pixel, or in none of them.
    charted = [classes(chart) != 255 for chart in after]
    water = [classes(chart) == 0 for chart in after]
    counts = sum(w.astype(int) for w in water)
    assert set(np.unique(counts[counts > 0] - sum(charted)[counts > 0])) <= {0}
    # Idempotent.
    for new, again in zip(after, make_consistent(*after), strict=True):
        np.testing.assert_array_equal(new, again)
    # Unchanged where the charts agreed.
    said = sum((classes(chart) == 0).astype(int) for chart in before)
    agreed = (said == 0) | (said == sum(charted))
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[agreed], new[agreed])


@pytest.mark.parametrize('seed', range(5))
def test_against_brute_force(seed):
    before = [classes(chart) for chart in random_charts(seed)]
    after = make_consistent(*random_charts(seed))
    says = [(c == 0) & (c != 255) for c in before]
    for place in np.ndindex(before[0].shape):
        there = [k for k in range(3) if before[k][place] != 255]
        wet = 2 * sum(says[k][place] for k in there) > len(there)
        for k in there:
            old, new = before[k][place], after[k][place]
            if wet or not says[k][place]:
                assert new == (0 if wet else old)
            elif k == 0:
                assert new == 1
            else:
                assert new in nearest_types(before, says, k, place)


def nearest_types(before, says, k, place):
    """Classes of all donors at the smallest distance."""
    found = {}
    for other in np.ndindex(before[k].shape):
        there = [j for j in range(3) if before[j][other] != 255]
        wet = 2 * sum(says[j][other] for j in there) > len(there)
        if before[k][other] not in (0, 255) and not wet:
            square = sum(
                (a - b) ** 2 for a, b in zip(place, other, strict=True)
            )
            found.setdefault(square, set()).add(before[k][other])
    return found[min(found)] if found else {1}


def test_by_hand():
    sic = np.array([[0.3, 0.4, 7.0, 0.0, 3.0]], np.float32)
    sod = np.array([[0, 4, 0, 0, 3]], np.uint8)
    floe = np.array([[0, 5, 5, 2, 0]], np.uint8)
    sic, sod, floe = make_consistent(sic, sod, floe)
    np.testing.assert_allclose(sic, [[0.3, 1, 7, 0, 3]], rtol=1e-6)
    # The type next to it, not the one two pixels away.
    np.testing.assert_array_equal(sod, [[0, 4, 4, 0, 3]])
    np.testing.assert_array_equal(floe, [[0, 5, 5, 0, 5]])


def test_a_chart_without_ice_gets_the_first_type():
    sic, floe = np.full((2, 3), 8, np.uint8), np.full((2, 3), 4, np.uint8)
    _, sod, _ = make_consistent(sic, np.zeros((2, 3), np.uint8), floe)
    assert (sod == 1).all()


def test_a_tie_of_two_is_ice():
    none = np.array([[255]], np.uint8)
    zero, five = np.array([[0]], np.uint8), np.array([[5]], np.uint8)
    assert [c[0, 0] for c in make_consistent(zero, five, none)] == [1, 5, 255]
    assert [c[0, 0] for c in make_consistent(five, none, zero)] == [5, 255, 1]
    assert [c[0, 0] for c in make_consistent(zero, none, none)] == [
        *(0, 255, 255)
    ]


def test_shapes_must_agree():
    chart = np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match='must have one shape'):
        make_consistent(chart, chart.T, chart)
