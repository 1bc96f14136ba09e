import pytest
import torch
from mmengine.optim import OptimWrapper

from mmseaice.structures import SeaIceDataSample


def _samples(valid):
    samples = []
    for mask in valid:
        sample = SeaIceDataSample()
        sample.set_valid(mask)
        samples.append(sample)
    return samples


def _loss_and_gradients(model, images, samples):
    torch.manual_seed(3)
    model.zero_grad()
    loss = model.loss(images, samples)['loss']
    loss.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return loss.detach(), gradients


@pytest.mark.parametrize('channels', [1, 2, 5])
@pytest.mark.parametrize(('size', 'patch'), [(32, 8), (48, 16), (24, 4)])
def test_any_channels_and_sizes(build, mae_cfg, channels, size, patch):
    model = build(mae_cfg(channels, size, patch))
    images = torch.randn(2, channels, size, size)
    loss, gradients = _loss_and_gradients(model, images, None)
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_loss_equals_upstreams_with_the_same_weights_and_mask(build, mae_cfg):
    cfg = mae_cfg()
    ours = build(cfg)
    cfg.update(
        type='mmpretrain.MAE',
        data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
    )
    cfg['backbone'].update(type='mmpretrain.MAEViT')
    cfg['head'].update(
        type='mmpretrain.MAEPretrainHead',
        norm_pix=True,
        loss=dict(type='mmpretrain.PixelReconstructionLoss', criterion='L2'),
    )
    upstream = build(cfg)
    upstream.load_state_dict(ours.state_dict())
    images = torch.randn(2, 2, 32, 32)
    losses = []
    for model in (ours, upstream):
        torch.manual_seed(5)
        losses.append(model.loss(images, None)['loss'])
    assert abs(losses[0] - losses[1]) < 1e-6


def test_invalid_pixels_change_neither_loss_nor_gradients(build, mae_cfg):
    model = build(mae_cfg())
    valid = torch.rand(2, 32, 32) > 0.3
    images = torch.randn(2, 2, 32, 32)
    other = torch.where(valid[:, None], images, torch.nan)
    first = _loss_and_gradients(model, images, _samples(valid))
    second = _loss_and_gradients(model, other, _samples(valid))
    assert torch.equal(first[0], second[0])
    assert all(map(torch.equal, first[1], second[1]))


def test_gradient_of_invalid_input_is_exactly_zero(build, mae_cfg):
    model = build(mae_cfg())
    valid = torch.rand(2, 32, 32) > 0.3
    images = torch.randn(2, 2, 32, 32, requires_grad=True)
    model.loss(images, _samples(valid))['loss'].backward()
    invalid = ~valid[:, None].expand_as(images)
    assert not images.grad[invalid].any()
    assert images.grad[~invalid].any()


def test_a_batch_without_valid_pixels_trains_on_nothing(build, mae_cfg):
    model = build(mae_cfg())
    samples = _samples(torch.zeros(2, 32, 32, dtype=torch.bool))
    loss, gradients = _loss_and_gradients(
        model, torch.randn(2, 2, 32, 32), samples
    )
    assert loss == 0
    assert not any(gradient.any() for gradient in gradients)


def test_training_lowers_the_loss(build, mae_cfg):
    model = build(mae_cfg())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    wrapper = OptimWrapper(optimizer)
    ramp = torch.linspace(-1, 1, 32)
    images = [torch.stack([ramp[:, None] + ramp, ramp - ramp[:, None]])] * 4
    data = dict(inputs=images, data_samples=[SeaIceDataSample()] * 4)
    losses = [model.train_step(data, wrapper)['loss'] for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]


def test_reconstruction_is_in_the_units_of_the_input(build, mae_cfg):
    model = build(mae_cfg()).eval()
    valid = torch.rand(2, 32, 32) > 0.3
    images = 5 * torch.randn(2, 2, 32, 32) - 20
    mask = torch.zeros(2, 16, dtype=torch.bool)
    mask[:, [0, 5]] = True
    views = model.reconstruct(images, _samples(valid), mask)

    hidden = views['mask']
    assert hidden.shape == (2, 1, 32, 32)
    assert hidden[:, 0, :8, :8].all()
    assert hidden[:, 0, 8:16, 8:16].all()
    assert hidden.sum() == 2 * 2 * 64
    invalid = ~valid[:, None].expand_as(images)
    shown = ~invalid & ~hidden
    assert torch.equal(views['original'].isnan(), invalid)
    assert torch.equal(views['reconstruction'].isnan(), invalid)
    assert torch.equal(views['masked'].isnan(), ~shown)
    assert torch.equal(views['masked'][shown], images[shown])
    # An untrained decoder gives noise around the mean of each patch.
    assert abs(views['reconstruction'].nanmean() + 20) < 1


def test_without_a_mask_the_seed_decides(build, mae_cfg):
    model = build(mae_cfg()).eval()
    images = torch.randn(1, 2, 32, 32)
    masks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        masks.append(model.reconstruct(images)['mask'])
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_upstreams_encoder_cannot_be_given_a_mask(build, mae_cfg):
    model = build(mae_cfg(backbone='mmpretrain.MAEViT'))
    with pytest.raises(TypeError, match='MaskedViT'):
        model.reconstruct(
            torch.randn(1, 2, 32, 32), mask=torch.ones(1, 16).bool()
        )


@pytest.mark.parametrize(
    ('part', 'change', 'message'),
    [
        ('neck', dict(num_patches=196), 'neck.num_patches must be'),
        ('neck', dict(patch_size=16), 'neck.patch_size'),
        ('head', dict(in_channels=3), 'neck.in_chans'),
        ('backbone', dict(patch_cfg=dict()), 'head.in_channels must be'),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    build, mae_cfg, part, change, message
):
    cfg = mae_cfg()
    cfg[part].update(change)
    with pytest.raises(ValueError, match=message):
        build(cfg)


def test_images_that_are_no_square_are_refused(build, mae_cfg):
    cfg = mae_cfg()
    cfg['backbone']['img_size'] = (32, 64)
    cfg['neck']['num_patches'] = 4 * 8
    with pytest.raises(ValueError, match=r'img_size .* square.*\(32, 64\)'):
        build(cfg, init=False)


@pytest.mark.parametrize('ratio', [-0.5, 0.0, 0.999, 1.0, 2.0, 75])
def test_a_mask_ratio_that_hides_nothing_or_all_is_refused(
    build, mae_cfg, ratio
):
    cfg = mae_cfg()
    cfg['backbone']['mask_ratio'] = ratio
    with pytest.raises(ValueError, match=f'mask_ratio .* got {ratio}'):
        build(cfg, init=False)


def test_images_of_another_size_are_refused(build, mae_cfg):
    with pytest.raises(ValueError, match='size of the backbone'):
        build(mae_cfg()).loss(torch.randn(1, 2, 64, 64))
