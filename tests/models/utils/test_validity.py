import pytest
import torch
from mmpretrain.structures import DataSample

from mmseaice.models.utils import (
    find_seen_patches,
    hide_invalid,
    stack_valid,
)
from mmseaice.structures import SeaIceDataSample


def test_samples_without_a_mask_are_valid_throughout():
    masked = SeaIceDataSample()
    masked.set_valid(torch.eye(4, dtype=torch.bool))
    images = torch.randn(3, 2, 4, 4)
    valid = stack_valid(images, [masked, SeaIceDataSample(), DataSample()])
    assert torch.equal(valid[0, 0], torch.eye(4, dtype=torch.bool))
    assert valid[1:].all()
    assert stack_valid(images, None).all()


def test_a_mask_of_another_size_is_refused():
    sample = SeaIceDataSample()
    sample.set_valid(torch.ones(3, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match='size of the image'):
        stack_valid(torch.randn(1, 2, 4, 4), [sample])


def test_what_is_invalid_becomes_zero_even_if_nan():
    images = torch.full((1, 2, 2, 2), torch.nan)
    valid = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    assert torch.equal(hide_invalid(images, valid), torch.zeros(1, 2, 2, 2))


def test_a_patch_is_seen_if_one_pixel_of_it_is_valid():
    valid = torch.zeros(1, 1, 4, 6, dtype=torch.bool)
    valid[0, 0, 1, 2] = True
    seen = find_seen_patches(valid, (2, 2))
    expected = [[False, True, False, False, False, False]]
    assert torch.equal(seen, torch.tensor(expected))
