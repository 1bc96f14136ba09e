import math

import pytest
import torch

from mmseaice.models.losses import ValidCrossEntropyLoss, ValidFocalLoss


def _logits(*probabilities):
    """Two classes in a row of pixels, by the probability of class 1."""
    second = torch.tensor(probabilities)
    return torch.stack([1 - second, second]).log()[None, :, None]


def test_by_hand():
    target = torch.tensor([[[1, 1, 255]]])
    found = ValidFocalLoss(gamma=2)(_logits(0.5, 0.9, 0.1), target)
    expected = (0.25 * math.log(2) + 0.01 * -math.log(0.9)) / 2
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('gamma', [0.5, 1.0, 2.0, 3.5])
def test_equals_the_paper_pixel_by_pixel(gamma):
    pred = 3 * torch.randn(2, 6, 4, 4)
    target = torch.randint(6, (2, 4, 4))
    target[0, :2] = 255
    weights = [1, 2, 3, 1, 1, 0.5]
    total = share = 0.0
    for image, row, col in (target != 255).nonzero().tolist():
        klass = target[image, row, col]
        p = pred[image, :, row, col].double().softmax(0)[klass].item()
        total += weights[klass] * (1 - p) ** gamma * -math.log(p)
        share += weights[klass]
    loss = ValidFocalLoss(gamma, class_weight=weights)
    assert loss(pred, target) == pytest.approx(total / share, rel=1e-5)


def test_without_focus_it_is_the_cross_entropy():
    pred, target = torch.randn(2, 6, 4, 4), torch.randint(6, (2, 4, 4))
    loss = ValidFocalLoss(gamma=0)
    assert loss(pred, target) == ValidCrossEntropyLoss()(pred, target)


@pytest.mark.parametrize('gamma', [0, 0.5, 1, 2])
def test_certainty_has_a_finite_slope(gamma):
    pred = torch.tensor([200.0, -200.0]).repeat(2, 1).T[None, :, None]
    pred = pred.contiguous().requires_grad_()
    ValidFocalLoss(gamma)(pred, torch.tensor([[[0, 1]]])).backward()
    assert pred.grad.isfinite().all()


def test_negative_gamma_is_refused():
    with pytest.raises(ValueError, match='gamma must be'):
        ValidFocalLoss(gamma=-1)
