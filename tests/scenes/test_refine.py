"""Back to the finer grid, over the same cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.scenes.refine import refine_classes, refine_field
from mmseaice.scenes.resample import resample_chart

FACTORS = st.sampled_from([1, 1.25, 1.5, 2, 2.5, 3, 4.5, 5])
SIZES = st.tuples(st.integers(10, 30), st.integers(10, 30))


@settings(max_examples=60, deadline=None)
@given(SIZES, FACTORS, st.integers(0, 2**32))
def test_classes_come_from_the_cell_of_the_pixel_centre(shape, factor, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 11, [int(n / factor) for n in shape])
    coarse = coarse.astype(np.uint8)
    out = refine_classes(coarse, factor, shape)
    assert out.dtype == np.uint8
    for y in range(shape[0]):
        for x in range(shape[1]):
            i = min(int((y + 0.5) / factor), coarse.shape[0] - 1)
            j = min(int((x + 0.5) / factor), coarse.shape[1] - 1)
            assert out[y, x] == coarse[i, j]


@settings(max_examples=40, deadline=None)
@given(SIZES, FACTORS, st.integers(0, 2**32))
def test_coarser_again_gives_the_same_classes(shape, factor, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 11, [int(n / factor) for n in shape])
    coarse = coarse.astype(np.uint8)
    fine = refine_classes(coarse, factor, shape)
    if factor == int(factor):
        again = resample_chart(fine, factor, 'majority')
        np.testing.assert_array_equal(again, coarse)
    again = resample_chart(fine, factor, 'nearest')
    np.testing.assert_array_equal(again, coarse)


@pytest.mark.parametrize('factor', [1.5, 2, 2.5, 4.5])
def test_a_plane_is_met_exactly_between_the_centres(factor):
    fine, cells = np.mgrid[:45, :54], np.mgrid[: 45 // factor, : 54 // factor]
    plane, coarse = (
        (3 * rows - 2 * cols + 7).astype(np.float32)
        for rows, cols in (fine + 0.5, (cells + 0.5) * factor)
    )
    out = refine_field(coarse, factor, plane.shape)
    inner = slice(3, -6)
    np.testing.assert_allclose(
        out[inner, inner], plane[inner, inner], atol=1e-3
    )
    assert out.min() >= coarse.min()
    assert out.max() <= coarse.max()


def test_missing_cells_do_not_spread():
    coarse = np.full((2, 6, 6), 4.0, np.float32)
    coarse[:, 2, 3] = np.nan
    out = refine_field(coarse, 2, (13, 12))
    missing = np.zeros((13, 12), bool)
    missing[4:6, 6:8] = True
    for plane in out:
        np.testing.assert_array_equal(np.isnan(plane), missing)
        np.testing.assert_allclose(plane[~missing], 4.0)
    assert np.isnan(refine_field(coarse * np.nan, 2, (12, 12))).all()


def test_values_by_hand():
    out = refine_field(np.array([[0.0, 8.0]]), 2, (1, 4))
    np.testing.assert_allclose(out, [[0, 2, 6, 8]])
    out = refine_field(np.array([[3, 5]], np.uint8), 1, (2, 2))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, [[3, 5], [3, 5]])
