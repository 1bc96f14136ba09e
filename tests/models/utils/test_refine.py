import numpy as np
import pytest
import torch

from mmseaice.models.utils import refine_bilinear, refine_nearest
from mmseaice.scenes.refine import refine_classes, refine_field

FACTORS = [1, 1.125, 1.5, 2, 2.5, 4.5]


def _grids(factor):
    coarse = torch.randn(3, 7, 5, dtype=torch.float64)
    # A few fine pixels lie beyond the last whole cell.
    shape = tuple(int(n * factor + factor * 0.9) for n in coarse.shape[1:])
    return coarse, shape


@pytest.mark.parametrize('factor', FACTORS)
def test_bilinear_equals_the_resampler(factor):
    coarse, shape = _grids(factor)
    ours = refine_bilinear(coarse, factor, shape)
    theirs = refine_field(coarse.numpy(), factor, shape)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize('factor', FACTORS)
def test_nearest_equals_the_resampler(factor):
    classes = torch.randint(7, (1, 7, 5), dtype=torch.uint8)
    _, shape = _grids(factor)
    ours = refine_nearest(classes, factor, shape)
    theirs = refine_classes(classes.numpy(), factor, shape)
    np.testing.assert_array_equal(ours, theirs)


def test_bilinear_by_hand():
    # Cells of 2 pixels with centres at 1 and 3; pixel centres 0.5 to 4.5.
    row = torch.tensor([[[0.0, 4.0]]])
    refined = refine_bilinear(row, 2, (1, 5))
    assert refined.tolist() == [[[0.0, 1.0, 3.0, 4.0, 4.0]]]


@pytest.mark.parametrize('refine', [refine_bilinear, refine_nearest])
def test_factor_one_changes_nothing(refine):
    field = torch.randn(2, 4, 6)
    assert torch.equal(refine(field, 1.0, (4, 6)), field)


def test_a_plane_stays_a_plane_inside():
    coarse = (torch.arange(6.0)[:, None] + 10 * torch.arange(6.0))[None]
    fine = refine_bilinear(coarse, 2.5, (15, 15))
    steps = fine.diff(dim=1)[:, 2:-2, 2:-2]
    assert torch.allclose(steps, torch.full_like(steps, 1 / 2.5), atol=1e-5)
