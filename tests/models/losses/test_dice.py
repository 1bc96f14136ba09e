import pytest
import torch

from mmseaice.models.losses import ValidDiceLoss


def test_by_hand():
    # Two pixels of class 0, one of class 1, none of class 2.
    shares = torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.5, 0.5, 0.0]])
    pred = shares.clamp_min(1e-30).log().T[None, :, None]
    target = torch.tensor([[[0, 0, 1]]])
    first = 1 - 2 * (0.8 + 0.6) / (0.64 + 0.36 + 0.25 + 2)
    second = 1 - 2 * 0.5 / (0.01 + 0.04 + 0.25 + 1)
    expected = (first + second) / 2
    assert ValidDiceLoss()(pred, target) == pytest.approx(expected)


def test_equals_loops_over_classes_and_pixels():
    pred = torch.randn(3, 7, 5, 6)
    target = torch.randint(5, (3, 5, 6))
    target[1] = 255
    weight = torch.rand(3, 5, 6)
    shares = pred.double().softmax(1)
    losses = []
    for klass in range(7):
        overlap = extent = count = 0.0
        for i, y, x in (target != 255).nonzero().tolist():
            p, w = shares[i, klass, y, x].item(), weight[i, y, x].item()
            is_class = target[i, y, x].item() == klass
            overlap += w * p * is_class
            extent += w * (p * p + is_class)
            count += is_class
        if count:
            losses.append(1 - 2 * overlap / extent)
    assert len(losses) == 5
    found = ValidDiceLoss(loss_weight=3.0)(pred, target, weight)
    assert found == pytest.approx(3 * sum(losses) / 5, rel=1e-5)


def test_an_absent_class_costs_nothing_by_itself():
    """Any number of classes nobody predicts leave the loss as it is."""
    pred, target = torch.randn(1, 3, 4, 4), torch.randint(3, (1, 4, 4))
    more = torch.cat([pred, torch.full((1, 2, 4, 4), -100.0)], dim=1)
    assert torch.allclose(
        ValidDiceLoss()(more, target), ValidDiceLoss()(pred, target)
    )


def test_a_perfect_prediction_costs_nothing():
    target = torch.randint(6, (2, 4, 4))
    pred = 100.0 * torch.nn.functional.one_hot(target, 6).movedim(-1, 1)
    assert ValidDiceLoss()(pred, target) == pytest.approx(0, abs=1e-6)


def test_images_of_a_batch_are_one_sum():
    pred, target = torch.randn(2, 6, 4, 4), torch.randint(6, (2, 4, 4))
    wide = [torch.cat(list(part), dim=-1)[None] for part in (pred, target)]
    assert torch.allclose(
        ValidDiceLoss()(*wide), ValidDiceLoss()(pred, target)
    )
