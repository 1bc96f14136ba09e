import math

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from mmseaice.evaluation.functional.ice_edge import (
    edge_length,
    edge_pixels,
    hausdorff,
    ice_edge_errors,
)

ALL = np.ones((60, 80), bool)


def rectangle(lines, samples, value=9):
    field = np.zeros((60, 80), np.uint8)
    field[slice(*lines), slice(*samples)] = value
    return field


def test_shifted_rectangle_by_hand():
    truth = rectangle((10, 30), (20, 50))
    moved = rectangle((10, 30), (25, 55))
    found = ice_edge_errors(truth, moved, ALL, spacing=1000)
    # 20 lines of 5 pixels too many on one side, too few on the other.
    assert (found.over_km2, found.under_km2) == (100, 100)
    assert found.error_km2 == 200
    # The ring of pixels along the inside of a 20 x 30 rectangle.
    assert found.edge_km == found.predicted_edge_km == 2 * (20 + 30) - 4
    assert found.km2_per_km == pytest.approx(200 / 96)
    assert found.hausdorff_km == 5


def test_spacing_sets_the_units():
    truth, moved = rectangle((10, 30), (20, 50)), rectangle((8, 30), (20, 50))
    fine, coarse = (
        ice_edge_errors(truth, moved, ALL, spacing=s) for s in (80, 160)
    )
    assert fine.over_km2 == pytest.approx(2 * 30 * 0.0064)
    assert fine.under_km2 == 0
    assert coarse.error_km2 == pytest.approx(4 * fine.error_km2)
    assert coarse.edge_km == pytest.approx(2 * fine.edge_km)
    assert coarse.km2_per_km == pytest.approx(2 * fine.km2_per_km)


def test_fifteen_percent_is_the_edge():
    truth = rectangle((10, 30), (20, 50), 1)
    found = ice_edge_errors(truth, rectangle((10, 30), (20, 50), 2), ALL)
    assert found.over_km2 == pytest.approx(600 * 0.0064)
    assert found.edge_km == 0
    assert math.isnan(found.km2_per_km)
    assert math.isnan(found.hausdorff_km)


def test_land_and_missing_labels_make_no_edge():
    """Ice against what is not scored is no edge, whatever stands there."""
    truth = rectangle((0, 60), (0, 40))
    scored = ALL.copy()
    scored[:, 40:45] = False
    truth[:, 40:45] = 255
    prediction = truth.copy()
    prediction[:, 40:45] = 0
    found = ice_edge_errors(truth, prediction, scored)
    assert found.edge_km == found.predicted_edge_km == found.error_km2 == 0


@pytest.mark.parametrize('turn', range(4))
def test_length_of_straight_and_diagonal_edges(turn):
    line, sample = np.indices((50, 50))
    straight = np.rot90(line < 20, turn)
    scored = np.ones((50, 50), bool)
    ends = 2 * (math.sqrt(2) - 1) / 2
    length = edge_length(edge_pixels(straight, scored))
    assert length == pytest.approx(50 + ends)
    diagonal = np.rot90(sample <= line, turn)
    length = edge_length(edge_pixels(diagonal, scored))
    assert length == pytest.approx(50 * math.sqrt(2), rel=0.03)


@pytest.mark.parametrize('seed', range(5))
def test_hausdorff_against_distance_transform(seed):
    rng = np.random.default_rng(seed)
    first, second = (rng.random((40, 30)) < 0.02 for _ in range(2))
    to_first, to_second = (distance_transform_edt(~m) for m in (first, second))
    for quantile in (0.5, 0.95, 1.0):
        wanted = max(
            np.quantile(to_second[first], quantile),
            np.quantile(to_first[second], quantile),
        )
        assert hausdorff(first, second, quantile) == pytest.approx(wanted)
        assert hausdorff(second, first, quantile) == pytest.approx(wanted)


def test_edges_against_brute_force():
    rng = np.random.default_rng(0)
    ice, scored = rng.random((2, 9, 11)) < 0.6
    ice &= scored
    found = edge_pixels(ice, scored)
    for i, j in np.ndindex(9, 11):
        sides = [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
        wet = any(
            scored[a, b] and not ice[a, b]
            for a, b in sides
            if 0 <= a < 9 and 0 <= b < 11
        )
        assert found[i, j] == (ice[i, j] and wet)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match='must have one shape'):
        ice_edge_errors(ALL, ALL.T, ALL)
