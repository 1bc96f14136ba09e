import torch
import torch.distributed as dist

from mmseaice.models.losses import MaskedMSELoss, valid_mean


def test_is_the_weighted_mean_by_hand():
    values = torch.tensor([1.0, 2.0, 6.0])
    weights = torch.tensor([1.0, 0.0, 3.0])
    assert valid_mean(values, weights) == (1 + 18) / 4


def test_weights_broadcast_over_the_values_they_stand_for():
    values = torch.ones(2, 3)
    assert valid_mean(values, torch.tensor([[True], [False]])) == 1


def test_nothing_valid_is_zero_with_a_graph():
    values = torch.ones(3, requires_grad=True)
    mean = valid_mean(values, torch.zeros(3, dtype=torch.bool))
    mean.backward()
    assert mean == 0
    assert torch.equal(values.grad, torch.zeros(3))


def train_step(rank, inputs):
    """Half of a batch on each of two ranks, as distributed training has it."""
    pred, target = _batch()
    loss = MaskedMSELoss()(pred[rank, None], target[rank, None])
    loss.backward()
    averages = loss.detach() / 2, pred.grad / 2
    for average in averages:
        dist.all_reduce(average)
    return averages


def _batch():
    pred = torch.arange(8.0).reshape(2, 1, 2, 2).requires_grad_()
    labels = [[[0.0, 9], [9, 9]], [[255, 255], [255, 3]]]
    return pred, torch.tensor(labels)


def test_two_ranks_with_unequal_labels_equal_one(two_ranks):
    pred, target = _batch()
    loss = MaskedMSELoss()(pred, target)
    loss.backward()
    for shared in two_ranks(__file__, 'train_step'):
        assert torch.allclose(shared[0], loss.detach())
        assert torch.allclose(shared[1], pred.grad)
