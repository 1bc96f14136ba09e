"""Every target and masking inside a whole autoencoder."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper

from mmseaice.registry import MODELS
from mmseaice.structures import SeaIceDataSample
from mmseaice.testing import config_root

TARGETS = {
    'pixel': dict(type='PixelTarget'),
    'gradient': dict(type='GradientTarget', radii=[1, 2], decibels=5.0),
    'box': dict(type='DespeckledTarget'),
    'lee': dict(type='DespeckledTarget', looks=10, decibels=5.0),
}
MASKINGS = {
    'random': dict(type='RandomMasking'),
    'block': dict(type='BlockMasking'),
    'region': dict(type='RegionMasking', avoid_invalid=True),
    'polarisation': dict(type='PolarisationMasking', learned=True),
}
VARIANTS = [(target, 'random') for target in TARGETS]
VARIANTS += [(target, m) for target in ('pixel', 'gradient') for m in MASKINGS]
VARIANTS = sorted(set(VARIANTS))


@pytest.fixture
def variant(mae_cfg):
    """Config of a tiny autoencoder with a target and a masking by name."""

    def _cfg(target='pixel', masking='random'):
        cfg = mae_cfg()
        cfg['target'] = TARGETS[target]
        cfg['backbone']['masking'] = MASKINGS[masking]
        return cfg

    return _cfg


def _batch():
    """Images with an invalid patch and scattered invalid pixels."""
    valid = torch.rand(4, 32, 32) > 0.1
    valid[:, :8, 16:] = False
    samples = []
    for mask in valid:
        sample = SeaIceDataSample()
        sample.set_valid(mask)
        samples.append(sample)
    return torch.randn(4, 2, 32, 32), samples, valid[:, None]


@pytest.mark.parametrize(('target', 'masking'), VARIANTS)
def test_five_steps_lower_the_loss_and_the_weights_reload(
    build, variant, tmp_path, target, masking
):
    cfg = variant(target, masking)
    model = build(cfg)
    images, samples, _ = _batch()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=5e-3))
    data = dict(inputs=images, data_samples=samples)
    losses = []
    for _ in range(5):
        torch.manual_seed(2)  # the same patches in every step
        losses.append(model.train_step(data, wrapper)['loss'].item())
    assert all(map(torch.isfinite, torch.tensor(losses)))
    assert losses[-1] < losses[0]
    assert all(p.isfinite().all() for p in model.parameters())

    torch.save(model.state_dict(), tmp_path / 'weights.pth')
    again = build(cfg, seed=1)
    again.load_state_dict(
        torch.load(tmp_path / 'weights.pth', weights_only=True)
    )
    values = []
    for one in (model.eval(), again.eval()):
        torch.manual_seed(2)
        values.append(one.loss(images, samples)['loss'])
    assert torch.equal(*values)


@pytest.mark.parametrize(('target', 'masking'), VARIANTS)
def test_invalid_pixels_have_no_influence(build, variant, target, masking):
    model = build(variant(target, masking))
    images, samples, valid = _batch()
    losses = []
    for fill in (0.0, torch.nan):
        given = images.masked_fill(~valid, fill).requires_grad_()
        torch.manual_seed(3)
        losses.append(model.loss(given, samples)['loss'])
        losses[-1].backward()
        assert not given.grad[~valid.expand_as(given)].any()
        assert given.grad[valid.expand_as(given)].any()
    assert torch.equal(*losses)


@pytest.mark.parametrize(('target', 'masking'), VARIANTS)
def test_nothing_waits_for_the_device(build, variant, target, masking):
    """A tensor without values cannot be read, so a step never reads one."""
    model = build(variant(target, masking), init=False).to('meta')
    loss = model.loss(torch.empty(4, 2, 32, 32, device='meta'))['loss']
    loss.backward()
    assert loss.shape == ()


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('masking', MASKINGS)
def test_the_encoder_is_saved_as_before(build, variant, target, masking):
    plain = build(variant(), init=False).state_dict()
    saved = build(variant(target, masking), init=False).state_dict()
    extra = {'backbone.masking.fill'} if masking == 'polarisation' else set()
    assert set(saved) - set(plain) == extra
    differs = {
        key for key, value in plain.items() if saved[key].shape != value.shape
    }
    wanted = {'neck.decoder_pred.weight', 'neck.decoder_pred.bias'}
    assert differs == (wanted if target == 'gradient' else set())


def test_the_same_patches_give_upstreams_loss_to_the_bit(build, mae_cfg):
    losses = []
    images, samples, _ = _batch()
    for backbone in ('MaskedViT', 'mmpretrain.MAEViT'):
        model = build(mae_cfg(backbone=backbone))
        torch.manual_seed(5)
        losses.append(model.loss(images, samples)['loss'])
    assert torch.equal(*losses)


def test_a_lost_polarisation_is_scored_everywhere(build, variant):
    """And the other one in hidden patches only."""
    cfg = variant(masking='polarisation')
    cfg['backbone']['masking'] = dict(
        type='PolarisationMasking', share=1.0, channels=[1]
    )
    model = build(cfg)
    images, _, _ = _batch()
    seen = []

    def record(pred, target, mask):
        seen.append(model.head.unpatchify(mask))
        return pred.sum()

    model.head.loss_module.forward = record
    model.loss(images)
    counted = seen[0]
    assert counted[:, 1].all()
    assert (counted[:, 0].sum((1, 2)) == 8 * 64).all()


def test_a_despeckled_reconstruction_is_in_units_of_the_input(build, variant):
    model = build(variant('box')).eval()
    images, samples, valid = _batch()
    views = model.reconstruct(5 * images - 20, samples)
    assert torch.equal(views['reconstruction'][:, :1].isnan(), ~valid)
    assert abs(views['reconstruction'].nanmean() + 20) < 2


def test_gradients_are_no_picture(build, variant):
    model = build(variant('gradient'))
    with pytest.raises(TypeError, match='but got GradientTarget'):
        model.reconstruct(torch.randn(1, 2, 32, 32))


def test_a_lost_polarisation_is_not_shown(build, variant):
    cfg = variant()
    cfg['backbone']['masking'] = dict(type='PolarisationMasking', share=1.0)
    views = build(cfg).eval().reconstruct(torch.randn(3, 2, 32, 32))
    assert (views['masked'].isnan().all((2, 3)).sum(1) == 1).all()
    assert (views['mask'].sum((1, 2, 3)) == 8 * 64).all()


@pytest.mark.parametrize(
    'options',
    [
        {'model.target.type': 'GradientTarget', 'model.target.radii': [2]},
        {'model.target.type': 'DespeckledTarget', 'model.target.window': 7},
        {'model.backbone.masking.avoid_invalid': True},
        {'model.backbone.masking.type': 'BlockMasking'},
        {'model.backbone.masking.type': 'RegionMasking'},
        {
            'model.backbone.masking.type': 'PolarisationMasking',
            'model.backbone.masking.patches.type': 'BlockMasking',
        },
    ],
)
def test_options_reach_every_variant(options):
    cfg = Config.fromfile(
        config_root() / 'pretraining' / 'mae_vit-tiny-p8_100e_polar-patch.py'
    )
    cfg.merge_from_dict(options)
    model = MODELS.build(cfg.model)
    built = {
        'model.target.type': model.target,
        'model.backbone.masking.type': model.backbone.masking,
    }
    for key, part in built.items():
        assert type(part).__name__ == options.get(key, type(part).__name__)
    avoid = 'model.backbone.masking.avoid_invalid'
    assert model.backbone.masking.avoid_invalid == options.get(avoid, False)
