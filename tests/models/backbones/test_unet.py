from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from mmseaice.models import UNet

PLAIN = dict(norm_cfg=None, act_cfg=None)


def reference(model, x):
    """Three levels, written out."""
    first = model.down[0](x)
    second = model.down[1](F.max_pool2d(first, 2))
    bridge = model.down[2](F.max_pool2d(second, 2))
    up = F.interpolate(bridge, scale_factor=2, mode='bilinear')
    second = model.up[1](torch.cat([up, second], dim=1))
    up = F.interpolate(second, scale_factor=2, mode='bilinear')
    return model.up[0](torch.cat([up, first], dim=1)), second, bridge


def test_it_equals_the_steps_written_out(build):
    model = build(dict(type='UNet', in_channels=3, widths=[4, 6, 8])).eval()
    x = torch.randn(2, 3, 16, 24)
    maps = model(x)
    assert isinstance(maps, tuple)
    for found, wanted in zip(maps, reference(model, x), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize('size', [(16, 16), (13, 22), (5, 31), (1, 1)])
def test_any_size_keeps_its_grid(size):
    model = UNet(2, (4, 8, 8, 16)).eval()
    maps = model(torch.randn(1, 2, *size))
    assert [m.shape[1] for m in maps] == [4, 8, 8, 16]
    for level, found in enumerate(maps):
        assert found.shape[2:] == tuple(-(-n // 2**level) for n in size)


def test_an_odd_size_shifts_nothing():
    """Away from the border a line more or less changes nothing."""
    model = UNet(1, (3, 3, 3), **PLAIN).double().eval()
    x = torch.randn(1, 1, 64, 64, dtype=torch.double)
    whole, cut = model(x)[0], model(x[..., :63, :61])[0]
    near = (..., slice(24), slice(24))
    torch.testing.assert_close(whole[near], cut[near])


def test_the_small_one_has_two_million_weights():
    model = UNet(2, (16, 32, 64, 128, 256))
    count = sum(p.numel() for p in model.parameters())
    # Convolutions without bias; scale and shift of their normalisation.
    widths = [2, 16, 32, 64, 128, 256]
    pairs = [*pairwise(widths)]
    pairs += [(a + b, a) for a, b in pairwise(widths[1:])]
    assert count == sum(9 * (c * w + w * w) + 4 * w for c, w in pairs)
    assert 1.9e6 < count < 2.0e6


def test_normalisation_can_be_chosen():
    model = UNet(2, (8, 8), norm_cfg=dict(type='GN', num_groups=4))
    kinds = {type(part).__name__ for part in model.modules()}
    assert 'GroupNorm' in kinds
    assert 'BatchNorm2d' not in kinds


def test_every_weight_learns(build):
    model = build(dict(type='UNet', in_channels=2, widths=[4, 4, 4]))
    model(torch.randn(2, 2, 16, 16))[0].square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize('widths', [[], [8], [8, 0]])
def test_bad_widths_are_refused(widths):
    with pytest.raises(ValueError, match='widths must be at least two'):
        UNet(2, widths)
