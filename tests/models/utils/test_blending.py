"""Bands of lines against sums over the whole image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.models.utils import (
    BLENDS,
    BandAccumulator,
    blend_weights,
    slide_windows,
    window_starts,
)


@pytest.mark.parametrize('blend', BLENDS)
@pytest.mark.parametrize('size', [(1, 1), (7, 4), (384, 384)])
def test_weights_are_positive_even_and_largest_inside(blend, size):
    weights = blend_weights(size, blend)
    assert weights.shape == size
    assert (weights > 0).all()
    assert torch.allclose(weights, weights.flip(0, 1), rtol=1e-3)
    middle = weights[size[0] // 2, size[1] // 2]
    assert middle == weights.max()
    assert torch.isfinite(1 / weights).all()


def test_weights_by_hand():
    assert torch.equal(blend_weights((2, 2), 'uniform'), torch.ones(2, 2))
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.allclose(blend_weights((1, 4), 'linear')[0], row)
    bell = np.exp(-0.5 * (np.array([-1.5, -0.5, 0.5, 1.5]) / 0.5) ** 2)
    row = torch.tensor(np.maximum(bell, 1e-3), dtype=torch.float32)
    middle = blend_weights((1, 4), 'gaussian')[0]
    assert torch.allclose(middle, row)


def test_another_blend_is_refused():
    with pytest.raises(ValueError, match='blend must be one of'):
        blend_weights((2, 2), 'smooth')


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(BLENDS),
    st.integers(0, 2**31),
)
def test_bands_equal_brute_force(
    height, width, win, step, across, blend, seed
):
    """Random windows of random sizes, some of which are left out."""
    step = min(step, win)
    generator = torch.Generator().manual_seed(seed)
    weights = blend_weights((win, across), blend)
    total = torch.zeros(3, max(height, win), max(width, across))
    count = torch.zeros(total.shape[1:])
    bands = BandAccumulator(3, win, total.shape[2], weights)
    starts = window_starts(max(height, win), win, step)
    found, known = [], []
    for y, following in zip(starts, [*starts[1:], height], strict=True):
        for x in window_starts(total.shape[2], across, step):
            if torch.rand((), generator=generator) < 0.3:
                continue
            values = torch.randn(3, win, across, generator=generator)
            bands.add(y, x, values)
            total[:, y : y + win, x : x + across] += weights * values
            count[y : y + win, x : x + across] += weights
        means, seen = bands.take(following)
        found.append(means)
        known.append(seen)
    found, known = torch.cat(found, dim=1), torch.cat(known)
    wanted = torch.where(count > 0, total / count, 0)[:, :height]
    assert torch.equal(known, count[:height] > 0)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('blend', BLENDS)
def test_slid_windows_of_a_local_model_equal_the_whole(blend):
    image = torch.randn(2, 3, 37, 41)
    maps = slide_windows(
        lambda x: {'a': x * 2}, image, (16, 12), (9, 5), 4, blend
    )
    torch.testing.assert_close(maps['a'], image * 2)
