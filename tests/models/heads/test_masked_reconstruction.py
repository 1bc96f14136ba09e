import pytest
import torch

from mmseaice.registry import MODELS


def _heads(channels=2, **kwargs):
    common = dict(patch_size=4, in_channels=channels, **kwargs)
    ours = MODELS.build(dict(type='MaskedReconstructionHead', **common))
    upstream = MODELS.build(
        dict(
            type='mmpretrain.MAEPretrainHead',
            loss=dict(
                type='mmpretrain.PixelReconstructionLoss', criterion='L2'
            ),
            **common,
        )
    )
    return ours, upstream


@pytest.fixture
def batch():
    """Prediction, image and patch mask, 1 = hidden."""
    image = torch.randn(2, 2, 8, 8)
    pred = torch.randn(2, 4, 32, requires_grad=True)
    mask = torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 0]])
    return pred, image, mask


def _reference(pred, image, mask, valid, norm_pix):
    """The loss with loops, patch by patch: errors of all that counts."""
    errors = []
    for n in range(len(image)):
        for index in range(4):
            if not mask[n, index]:
                continue
            y, x = 4 * (index // 2), 4 * (index % 2)
            where = valid[n, 0, y : y + 4, x : x + 4]
            patch = image[n, :, y : y + 4, x : x + 4]
            values = patch[:, where]  # (C, valid pixels)
            if norm_pix and values.numel() > 1:
                spread = values.var() + 1e-6
                values = (values - values.mean()) / spread.sqrt()
            guess = pred[n, index].reshape(4, 4, 2).permute(2, 0, 1)
            errors.append((guess[:, where] - values).square().flatten())
    return torch.cat(errors).mean()


@pytest.mark.parametrize('norm_pix', [True, False])
def test_equals_upstream_where_all_is_valid(batch, norm_pix):
    ours, upstream = _heads(norm_pix=norm_pix)
    expected = upstream.loss(*batch)
    valid = torch.ones(2, 1, 8, 8, dtype=torch.bool)
    assert abs(ours.loss(*batch) - expected) < 1e-6
    assert abs(ours.loss(*batch, valid) - expected) < 1e-6


@pytest.mark.parametrize('norm_pix', [True, False])
def test_equals_a_reference_written_with_loops(batch, norm_pix):
    ours, _ = _heads(norm_pix=norm_pix)
    valid = torch.rand(2, 1, 8, 8) > 0.4
    loss = ours.loss(*batch, valid)
    expected = _reference(*batch, valid, norm_pix)
    assert abs(loss - expected) < 1e-5


def test_invalid_values_do_not_matter_and_get_no_gradient(batch):
    ours, _ = _heads()
    pred, image, mask = batch
    valid = torch.rand(2, 1, 8, 8) > 0.4
    other = torch.where(valid, image, image + 1e3 * torch.randn(image.shape))
    losses = [ours.loss(pred, x, mask, valid) for x in (image, other)]
    gradients = [torch.autograd.grad(x, pred)[0] for x in losses]
    assert torch.equal(*losses)
    assert torch.equal(*gradients)
    assert not gradients[0][~ours.patchify_valid(valid)].any()


@pytest.mark.parametrize('case', ['nothing valid', 'nothing hidden'])
def test_nothing_to_count_is_zero_with_a_graph(batch, case):
    ours, _ = _heads()
    pred, image, mask = batch
    valid = torch.full((2, 1, 8, 8), case != 'nothing valid')
    if case == 'nothing hidden':
        mask = torch.zeros_like(mask)
    loss = ours.loss(pred, image, mask, valid)
    loss.backward()
    assert loss == 0
    assert torch.equal(pred.grad, torch.zeros_like(pred))


def test_restoring_the_target_gives_the_image(batch):
    ours, _ = _heads()
    image = batch[1]
    valid = torch.rand(2, 1, 8, 8) > 0.2
    restored = ours.restore(ours.construct_target(image, valid), image, valid)
    where = valid.expand_as(image)
    assert torch.allclose(restored[where], image[where], atol=1e-5)


def test_a_patch_of_one_value_is_finite():
    ours, _ = _heads()
    valid = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    valid[..., 0, 0] = True
    target = ours.construct_target(torch.full((1, 2, 8, 8), 3.0), valid)
    assert target.isfinite().all()
    assert target.abs().max() < 1e-3


def test_a_mask_of_channels_hides_the_maps_of_each():
    """Two maps for each of two channels, next to each other."""
    head, _ = _heads(channels=4)
    mask = torch.zeros(1, 4, 2)
    mask[0, 2] = torch.tensor([0.0, 1.0])
    mask[0, 3] = 1
    hidden = head.unpatchify(head.spread_mask(mask))
    expected = torch.zeros(1, 4, 8, 8, dtype=torch.bool)
    expected[:, 2:, 4:, :4] = True
    expected[:, :, 4:, 4:] = True
    assert torch.equal(hidden, expected)
    same = mask[..., :1].expand(-1, -1, 2)
    assert torch.equal(head.spread_mask(same), head.spread_mask(mask[..., 0]))
