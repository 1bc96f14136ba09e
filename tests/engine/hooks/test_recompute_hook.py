from types import SimpleNamespace

import pytest
import torch

from mmseaice.engine.hooks import RecomputeHook
from mmseaice.errors import MMSeaIceError


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.layers = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5))
            for _ in range(3)
        )

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return x.sum()


def gradients(model):
    torch.manual_seed(1)
    model.zero_grad()
    model(torch.ones(5, 4)).backward()
    return [p.grad.clone() for p in model.parameters()]


def test_gradients_are_the_same_dropout_included():
    torch.manual_seed(0)
    model = Model().train()
    before = gradients(model)
    inner = [layer[0] for layer in model.layers]
    computed = []
    for line in inner:
        line.register_forward_hook(lambda *_: computed.append(1))
    RecomputeHook('layers').before_train(SimpleNamespace(model=model))
    after = gradients(model)
    assert len(computed) == 2 * len(inner)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('name', ['blocks', 'calls'])
def test_what_is_no_list_of_layers_is_named(name):
    with pytest.raises(MMSeaIceError, match=name):
        RecomputeHook(name).before_train(SimpleNamespace(model=Model()))


def test_running_statistics_are_not_counted_twice():
    model = Model()
    model.layers[1].append(torch.nn.BatchNorm1d(4))
    with pytest.raises(MMSeaIceError, match='BatchNorm'):
        RecomputeHook('layers').before_train(SimpleNamespace(model=model))
