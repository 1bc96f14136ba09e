"""All weights arrive, or what differs is named."""

import pytest
import torch
from torch import nn

from mmseaice.engine import load_weights
from mmseaice.errors import CheckpointError


def test_all_weights_arrive_also_those_of_a_wrapped_model():
    source, target = nn.Linear(2, 3), nn.Linear(2, 3)
    weights = {f'module.{k}': v for k, v in source.state_dict().items()}
    load_weights(target, 'a.pth', {'state_dict': weights})
    assert torch.equal(source.weight, target.weight)
    load_weights(target, 'a.pth', source.state_dict())


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        (nn.Linear(2, 4), 'weight is 4 x 2 instead of 3 x 2'),
        (nn.Linear(2, 3, bias=False), 'bias is missing'),
        (nn.Bilinear(2, 2, 3), 'weight is 3 x 2 x 2 instead of 3 x 2'),
        (nn.BatchNorm1d(3), 'running_mean is none of the model'),
    ],
)
def test_differences_are_named(given, said):
    with pytest.raises(CheckpointError, match=said) as caught:
        load_weights(nn.Linear(2, 3), 'a.pth', given.state_dict())
    assert str(caught.value).startswith('a.pth: ')


def test_only_the_first_few_are_named():
    content = {f'layer{i}': torch.zeros(1) for i in range(100)}
    with pytest.raises(CheckpointError, match='and 99 more') as caught:
        load_weights(nn.Linear(2, 3), 'a.pth', content)
    assert len(str(caught.value)) < 600
