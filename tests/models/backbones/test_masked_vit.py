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
