import pytest
import torch


@pytest.fixture
def encoder(build, mae_cfg):
    return build(mae_cfg()).eval().backbone


def test_random_masks_are_upstreams_and_repeat_with_the_seed(
    encoder, build, mae_cfg
):
    upstream = build(mae_cfg(backbone='mmpretrain.MAEViT')).eval().backbone
    images = torch.randn(2, 2, 32, 32)
    outputs = []
    for model in (encoder, encoder, upstream):
        torch.manual_seed(7)
        outputs.append(model(images))
    for other in outputs[1:]:
        assert all(map(torch.equal, outputs[0], other))


def _in_place(tokens, order):
    """Visible tokens back in their places, zeros elsewhere."""
    hidden = torch.zeros(2, 8, 32)
    shuffled = torch.cat([tokens[:, 1:], hidden], dim=1)
    return shuffled.gather(1, order[..., None].expand(-1, -1, 32))


def test_a_given_mask_equals_drawing_the_same(encoder):
    images = torch.randn(2, 2, 32, 32)
    drawn, drawn_mask, drawn_order = encoder(images)
    tokens, mask, order = encoder(images, drawn_mask.bool())
    assert torch.equal(mask, drawn_mask)
    assert torch.allclose(
        _in_place(tokens, order), _in_place(drawn, drawn_order), atol=1e-5
    )


@pytest.mark.parametrize('mask', [False, None])
def test_no_mask_masks_nothing(encoder, mask):
    assert encoder(torch.randn(1, 2, 32, 32), mask)[0].shape == (1, 17, 32)


def test_rows_that_hide_unequally_are_refused(encoder):
    mask = torch.zeros(2, 16, dtype=torch.bool)
    mask[0, 0] = True
    with pytest.raises(ValueError, match='equally many'):
        encoder(torch.randn(2, 2, 32, 32), mask)


def test_a_lost_polarisation_does_not_reach_the_tokens(build, mae_cfg):
    cfg = mae_cfg()
    cfg['backbone']['masking'] = dict(
        type='PolarisationMasking', share=1.0, channels=[1]
    )
    encoder = build(cfg).eval().backbone
    images = torch.randn(2, 2, 32, 32)
    other = images.clone()
    other[:, 1] = torch.nan
    outputs = []
    for given in (images, other):
        torch.manual_seed(7)
        outputs.append(encoder(given))
    assert all(map(torch.equal, *outputs))
    tokens, mask, order = outputs[0]
    assert tokens.shape == (2, 9, 32)
    assert mask.shape == (2, 16, 2)
    assert mask[..., 1].all()
    assert torch.equal(mask[..., 0], (order >= 8).float())


def test_patches_without_a_valid_pixel_are_not_shown(build, mae_cfg):
    cfg = mae_cfg()
    cfg['backbone']['masking'] = dict(avoid_invalid=True)
    encoder = build(cfg).eval().backbone
    valid = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    valid[0, 0, 7, :] = True  # one line of pixels in patches 0 to 3
    valid[0, 0, 16:, :] = True  # patches 8 to 15
    for _ in range(5):
        mask = encoder(torch.randn(2, 2, 32, 32), True, valid)[1]
        assert mask[0, 4:8].all()
        assert (mask.sum(1) == 8).all()
