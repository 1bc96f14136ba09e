"""What is frozen gets no gradients, and stays in evaluation mode."""

import pytest
import torch
from torch import nn

from mmseaice.models.utils import TunedEncoderMixin


class Model(TunedEncoderMixin, nn.Module):
    def __init__(self, backbone, tuning):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Conv2d(32, 2, 1)
        self.set_tuning(tuning)

    def forward(self, images):
        return self.head(self.backbone(images)[-1])


@pytest.fixture
def tuned(build, vit_cfg):
    def _tuned(tuning, **kwargs):
        model = Model(build(vit_cfg(drop_rate=0.5, **kwargs)), tuning).train()
        model(torch.randn(2, 2, 32, 32)).square().sum().backward()
        learnt = {k for k, p in model.named_parameters() if p.grad is not None}
        return model, learnt

    return _tuned


def of_backbone(learnt):
    return {key for key in learnt if key.startswith('backbone.')}


def test_all_learns_by_default(tuned):
    model, learnt = tuned('full')
    assert of_backbone(learnt) >= {
        'backbone.patch_embed.projection.weight',
        'backbone.layers.0.attn.qkv.weight',
    }
    assert all(module.training for module in model.modules())


def test_a_probe_leaves_the_encoder_alone(tuned):
    model, learnt = tuned('probe')
    assert learnt == {'head.weight', 'head.bias'}
    assert not any(module.training for module in model.backbone.modules())
    assert model.head.training
    images = torch.randn(2, 2, 32, 32)
    assert torch.equal(model(images), model(images))


def test_the_last_layers_learn_with_the_norm_behind_them(tuned):
    model, learnt = tuned(dict(mode='partial', layers=1))
    starts = {key.split('.')[1] for key in of_backbone(learnt)}
    layers = {key.split('.')[2] for key in learnt if '.layers.' in key}
    assert starts == {'layers', 'ln1'}
    assert layers == {'1'}
    first, last = model.backbone.layers
    assert not any(module.training for module in first.modules())
    assert all(module.training for module in last.modules())


def test_statistics_of_frozen_layers_stay():
    class Encoder(nn.Sequential):
        def forward(self, images):
            return (super().forward(images),)

    encoder = Encoder(nn.Conv2d(2, 32, 1), nn.BatchNorm2d(32))
    model = Model(encoder, 'probe').train()
    model(torch.randn(2, 2, 8, 8) + 5)
    assert encoder[1].num_batches_tracked == 0


@pytest.mark.parametrize(
    ('tuning', 'message'),
    [
        ('frozen', 'full, probe, partial, lora.*frozen'),
        (dict(layers=2), 'must be one of'),
        (dict(mode='probe', rank=4), 'nothing beside it.*rank'),
        (dict(mode='partial', layers=3), '1 to 2.*got 3'),
        (dict(mode='partial', layers=0), '1 to 2.*got 0'),
    ],
)
def test_what_cannot_be_is_told(tuned, tuning, message):
    with pytest.raises(ValueError, match=message):
        tuned(tuning)


def test_an_encoder_without_layers_cannot_learn_in_part():
    with pytest.raises(ValueError, match='Conv2d, whose layers are not told'):
        Model(nn.Conv2d(2, 32, 1), 'partial')
