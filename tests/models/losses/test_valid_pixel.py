import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from mmseaice.models import MaskedMSELoss, ValidCrossEntropyLoss
from mmseaice.models.losses import OrdinalLoss, ValidDiceLoss, ValidFocalLoss


@pytest.fixture
def labels():
    target = torch.randint(6, (2, 5, 5))
    target[:, :2] = 255
    return target


def _case(loss):
    channels = 1 if isinstance(loss, MaskedMSELoss) else 6
    return torch.randn(2, channels, 5, 5, requires_grad=True)


LOSSES = [
    MaskedMSELoss(),
    ValidCrossEntropyLoss(),
    ValidCrossEntropyLoss(class_weight=[1, 2, 3, 1, 1, 0.5]),
    ValidFocalLoss(),
    ValidFocalLoss(gamma=0.5, class_weight=[1, 2, 3, 1, 1, 0.5]),
    ValidDiceLoss(),
    OrdinalLoss(),
]


def test_mse_by_hand():
    pred = torch.tensor([[[[1.0, 2.0], [5.0, 0.0]]]])
    target = torch.tensor([[[3, 255], [255, 1]]], dtype=torch.uint8)
    assert MaskedMSELoss(loss_weight=2.0)(pred, target) == 2 * (4 + 1) / 2


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64, torch.float32])
def test_mse_takes_labels_of_any_type(dtype, labels):
    pred = torch.randn(2, 1, 5, 5)
    expected = F.mse_loss(
        pred[:, 0][labels != 255], labels[labels != 255].float()
    )
    assert torch.allclose(MaskedMSELoss()(pred, labels.to(dtype)), expected)


def test_mse_refuses_a_head_with_classes(labels):
    with pytest.raises(ValueError, match='1 channel'):
        MaskedMSELoss()(torch.randn(2, 6, 5, 5), labels)


@pytest.mark.parametrize('loss', LOSSES[3:])
def test_losses_of_classes_refuse_a_regression(loss, labels):
    with pytest.raises(ValueError, match='channel for each class'):
        loss(torch.randn(2, 1, 5, 5), labels)


@pytest.mark.parametrize('loss', LOSSES)
def test_order_of_pixels_changes_nothing(loss, labels):
    pred = _case(loss)
    order = torch.randperm(25)
    shuffled = (part.flatten(-2)[..., order] for part in (pred, labels))
    shuffled = (part.unflatten(-1, (5, 5)) for part in shuffled)
    assert torch.allclose(loss(*shuffled), loss(pred, labels))


@pytest.mark.parametrize('weights', [None, [1, 2, 3, 1, 1, 0.5]])
def test_cross_entropy_equals_torch(weights, labels):
    pred = torch.randn(2, 6, 5, 5)
    ours = ValidCrossEntropyLoss(class_weight=weights)(pred, labels)
    tensor = None if weights is None else torch.tensor(weights)
    expected = F.cross_entropy(pred, labels, tensor, ignore_index=255)
    assert torch.allclose(ours, expected)


def test_cross_entropy_takes_bytes_as_charts_are_stored(labels):
    pred = torch.randn(2, 6, 5, 5)
    loss = ValidCrossEntropyLoss()
    assert loss(pred, labels.to(torch.uint8)) == loss(pred, labels)


@pytest.mark.parametrize('loss', LOSSES)
def test_more_ignored_pixels_change_nothing(loss, labels):
    pred = _case(loss)
    wider = F.pad(pred, (0, 3), value=7.0)
    assert torch.allclose(
        loss(wider, F.pad(labels, (0, 3), value=255)), loss(pred, labels)
    )


@pytest.mark.parametrize('loss', LOSSES)
def test_nan_where_ignored_poisons_neither_loss_nor_gradient(loss, labels):
    clean = _case(loss)
    dirty = clean.detach().clone()
    dirty[:, :, :2] = torch.nan
    dirty.requires_grad_()
    loss(clean, labels).backward()
    value = loss(dirty, labels)
    value.backward()
    assert value == loss(clean, labels)
    assert torch.equal(dirty.grad, clean.grad)
    assert not dirty.grad[:, :, :2].any()


@pytest.mark.parametrize('loss', LOSSES)
def test_nothing_labelled_is_zero_with_a_graph(loss, labels):
    pred = _case(loss)
    value = loss(pred, torch.full_like(labels, 255))
    value.backward()
    assert value == 0
    assert torch.equal(pred.grad, torch.zeros_like(pred))


@pytest.mark.parametrize('loss', LOSSES)
def test_pixel_weights_choose_pixels(loss, labels):
    pred = _case(loss)
    weight = torch.zeros(2, 5, 5)
    weight[:, 3] = 1
    chosen = torch.where(weight == 1, labels, 255)
    assert torch.allclose(loss(pred, labels, weight), loss(pred, chosen))


@pytest.mark.parametrize('loss', LOSSES)
def test_half_precision_output_is_averaged_in_single(loss, labels):
    value = loss(_case(loss).to(torch.bfloat16), labels)
    assert value.dtype == torch.float32
