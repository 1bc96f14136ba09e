"""Adapters change nothing at first, learn alone, and can be merged."""

import sys

import pytest
import torch
from torch import nn

from mmseaice.errors import DependencyError
from mmseaice.models.utils import ADAPTERS, merged_weights
from mmseaice.models.utils.adapters import add_adapters

SCALE = ADAPTERS['alpha'] / ADAPTERS['rank']


class Layers(nn.Module):
    """Two linear layers, of which one may be gone past."""

    def __init__(self, around=False):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)])
        self.around = around

    def forward(self, values):
        first, second = self.layers
        if self.around:
            return nn.functional.linear(first(values), second.weight)
        return second(first(values))


def test_merged_weights_are_the_sum():
    weights = {
        'a.base_layer.weight': torch.eye(2),
        'a.base_layer.bias': torch.ones(2),
        'a.lora_A.default.weight': torch.tensor([[1.0, 2.0]]),
        'a.lora_B.default.weight': torch.tensor([[3.0], [0.0]]),
        'b.weight': torch.zeros(3),
    }
    merged = merged_weights(weights, 0.5)
    assert set(merged) == {'a.weight', 'a.bias', 'b.weight'}
    assert merged['a.weight'].tolist() == [[2.5, 3.0], [0.0, 1.0]]


def test_without_peft_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'peft', None)
    with pytest.raises(DependencyError, match=r"pip install 'mmseaice\[lora"):
        add_adapters(Layers(), rank=2, alpha=4)


@pytest.mark.extras
class TestWithPeft:
    @pytest.fixture
    def adapted(self, build, vit_cfg):
        def _adapted(**kwargs):
            plain = build(vit_cfg(**kwargs))
            model = build(vit_cfg(**kwargs), seed=1)
            add_adapters(model, rank=8, alpha=16)
            plain.eval()
            model.eval()
            return plain, model

        return _adapted

    def test_it_begins_as_the_encoder_it_loads(self, adapted):
        plain, model = adapted()
        found = model.load_state_dict(plain.state_dict(), strict=False)
        assert found.missing_keys
        assert all('lora_' in key for key in found.missing_keys)
        assert not found.unexpected_keys
        images = torch.randn(2, 2, 32, 32)
        assert torch.equal(model(images)[-1], plain(images)[-1])

    def test_only_adapters_learn_and_merge_to_the_same(self, adapted):
        plain, model = adapted()
        before = {k: v.clone() for k, v in model.state_dict().items()}
        learns = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(learns, lr=0.1)
        images = torch.randn(2, 2, 32, 32)
        wanted = torch.randn(2, 32, 4, 4)
        for _ in range(2):
            (model(images)[-1] - wanted).square().sum().backward()
            optimizer.step()
        after = model.state_dict()
        changed = {k for k in before if not torch.equal(before[k], after[k])}
        assert changed == {key for key in before if 'lora_' in key}
        plain.load_state_dict(merged_weights(after, SCALE))
        assert torch.allclose(plain(images)[-1], model(images)[-1], atol=1e-4)
        assert sum(p.numel() for p in learns) < 0.6 * sum(
            p.numel() for p in plain.parameters()
        )

    def test_a_model_loads_its_encoder_and_changes_nothing(
        self, build, vit_cfg, tmp_path
    ):
        plain = build(vit_cfg(), seed=1)
        path = str(tmp_path / 'a.pth')
        torch.save(plain.state_dict(), path)
        cfg = dict(
            type='PatchClassifier',
            backbone=vit_cfg(
                init_cfg=dict(type='Pretrained', checkpoint=path)
            ),
            tuning='lora',
            head=dict(
                type='mmpretrain.LinearClsHead',
                num_classes=3,
                in_channels=32,
                loss=dict(type='mmpretrain.CrossEntropyLoss'),
            ),
        )
        model = build(cfg)
        images = torch.randn(2, 2, 32, 32)
        plain.eval()
        model.eval()
        assert torch.equal(model.backbone(images)[-1], plain(images)[-1])
        learns = [k for k, p in model.named_parameters() if p.requires_grad]
        assert sum('lora_' in key for key in learns) == 16
        assert len(learns) == 18

    def test_an_adapter_without_effect_is_told(self):
        encoder = Layers(around=True)
        add_adapters(encoder, rank=2, alpha=4)
        with pytest.raises(
            ValueError, match=r'1 of 2 have no effect: layers\.1'
        ):
            encoder(torch.ones(1, 6))

    def test_layers_without_effect_can_be_left_out(self):
        encoder = Layers(around=True)
        add_adapters(encoder, rank=2, alpha=4, targets='0')
        encoder(torch.ones(1, 6))
        learns = [k for k, p in encoder.named_parameters() if p.requires_grad]
        assert {key.split('.')[1] for key in learns} == {'0'}

    def test_an_encoder_without_linear_layers_is_refused(self):
        encoder = nn.Sequential(nn.Conv2d(2, 2, 1))
        with pytest.raises(ValueError, match='no linear layer to update'):
            add_adapters(encoder, rank=2, alpha=4)
