from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmseaice.engine.hooks import CompileHook
from mmseaice.errors import MMSeaIceError


class Part(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(3, 3)
        self.drop_prob = np.float64(0.5)

    def forward(self, x):
        return self.line(x) * self.drop_prob


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Part()

    def forward(self, x):
        return self.backbone(x)


@pytest.fixture
def runner():
    said = []
    logger = SimpleNamespace(info=lambda *words: said.append(words))
    return SimpleNamespace(model=Model(), logger=logger)


def test_results_and_names_of_weights_stay(runner):
    """In one graph, or 'fullgraph' would raise."""
    model, x = runner.model, torch.randn(2, 3)
    names, before = list(model.state_dict()), model(x)
    CompileHook(backend='eager', fullgraph=True).before_train(runner)
    assert isinstance(model.backbone.drop_prob, float)
    assert model.backbone._compiled_call_impl is not None
    torch.testing.assert_close(model(x), before)
    assert list(model.state_dict()) == names


def test_a_part_that_is_not_there_is_named(runner):
    with pytest.raises(MMSeaIceError, match="'encoder'"):
        CompileHook(parts=['encoder']).before_train(runner)
