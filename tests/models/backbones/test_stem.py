"""First layers for other channels."""

import pytest
import torch

from mmseaice.models.backbones import adapt_stem


@pytest.mark.parametrize('channels', [1, 2, 3, 5])
def test_the_mean_gives_what_it_gave_of_equal_channels(channels):
    weight = torch.randn(8, 3, 4, 4)
    image = torch.randn(1, 1, 16, 16)
    before = torch.conv2d(image.expand(-1, 3, -1, -1), weight, stride=4)
    ours = adapt_stem(weight, channels)
    after = torch.conv2d(image.expand(-1, channels, -1, -1), ours, stride=4)
    # Channels that were there before are left as they are.
    assert torch.allclose(after, before, atol=1e-5)
    assert (ours is weight) == (channels == 3)


def test_channels_are_repeated_in_turn():
    weight = torch.arange(3.0).reshape(1, 3, 1, 1)
    ours = adapt_stem(weight, 4, 'repeat')
    assert torch.allclose(ours.flatten(), torch.tensor([0, 1, 2, 0]) * 0.75)


def test_random_weights_spread_outputs_as_trained_ones():
    torch.manual_seed(0)
    weight = 0.3 * torch.randn(256, 3, 8, 8)
    ours = adapt_stem(weight, 12, 'random')
    assert ours.shape == (256, 12, 8, 8)
    assert torch.equal(ours, adapt_stem(weight, 12, 'random'))
    spreads = [
        torch.conv2d(torch.randn(8, w.shape[1], 8, 8), w).std()
        for w in (weight, ours)
    ]
    assert float(spreads[1] / spreads[0]) == pytest.approx(1, abs=0.05)


def test_another_way_is_named():
    with pytest.raises(ValueError, match=r"repeat, random, .*'mean'"):
        adapt_stem(torch.zeros(1, 3, 1, 1), 2, 'mean')
