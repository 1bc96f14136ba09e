import pytest
import torch

from mmseaice.models.losses import OrdinalLoss


def test_by_hand():
    # Half of the weight on the true class, half two classes above.
    shares = torch.tensor([0.0, 0.5, 0.0, 0.5]).clamp_min(1e-30)
    pred = shares.log()[None, :, None, None]
    found = OrdinalLoss()(pred, torch.tensor([[[1]]]))
    assert found == pytest.approx(0.25 + 0.25)


def test_equals_loops_over_thresholds_and_pixels():
    pred = torch.randn(2, 11, 4, 5)
    target = torch.randint(11, (2, 4, 5), dtype=torch.uint8)
    target[:, 2] = 255
    shares = pred.double().softmax(1)
    scores = []
    for i, y, x in (target != 255).nonzero().tolist():
        score = 0.0
        for k in range(10):
            reached = shares[i, : k + 1, y, x].sum().item()
            score += (reached - (target[i, y, x].item() <= k)) ** 2
        scores.append(score)
    assert len(scores) == 30
    expected = sum(scores) / len(scores)
    assert OrdinalLoss()(pred, target) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('predicted', range(11))
def test_certainty_costs_its_distance(predicted):
    pred = torch.full((1, 11, 1, 1), -100.0)
    pred[:, predicted] = 100.0
    for truth in range(11):
        found = OrdinalLoss()(pred, torch.tensor([[[truth]]]))
        assert found == pytest.approx(abs(predicted - truth), abs=1e-5)


def test_the_scale_may_be_turned_round():
    pred, target = torch.randn(2, 11, 4, 4), torch.randint(11, (2, 4, 4))
    assert torch.allclose(
        OrdinalLoss()(pred.flip(1), 10 - target), OrdinalLoss()(pred, target)
    )


def test_true_shares_are_the_best_answer():
    target = torch.tensor([0, 3, 3, 10]).view(1, 2, 2)
    logits = torch.zeros(11, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.1)
    for _ in range(600):
        optimiser.zero_grad()
        pred = logits.view(1, 11, 1, 1).expand(1, 11, 2, 2)
        OrdinalLoss()(pred, target).backward()
        optimiser.step()
    shares = logits.softmax(0)[[0, 3, 10]]
    truth = torch.tensor([0.25, 0.5, 0.25])
    torch.testing.assert_close(shares, truth, atol=0.02, rtol=0)
