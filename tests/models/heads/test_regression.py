import warnings

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseaice.registry import MODELS

HEADS = {
    'RegressionUPerHead': dict(
        in_channels=[4, 4], in_index=[0, 1], pool_scales=(1, 2)
    ),
    'RegressionFCNHead': dict(in_channels=4, num_convs=1),
    'RegressionSegformerHead': dict(in_channels=[4, 4], in_index=[0, 1]),
    'RegressionASPPHead': dict(
        in_channels=4, dilations=(1, 2), c1_in_channels=0, c1_channels=0
    ),
}


def _build(name, **kwargs):
    return MODELS.build(
        dict(type=name, channels=8, dropout_ratio=0, **HEADS[name], **kwargs)
    )


def _features():
    return [torch.randn(2, 4, 8, 8), torch.randn(2, 4, 4, 4)]


def _samples(labels):
    return [SegDataSample(gt_sem_seg=PixelData(data=x[None])) for x in labels]


@pytest.mark.parametrize('name', HEADS)
def test_loss_is_the_squared_error_of_the_resized_output(name):
    head = _build(name).eval()
    features = _features()
    labels = torch.randint(11, (2, 8, 8))
    labels[:, 0] = 255
    losses = head.loss(features, _samples(labels), None)
    output = torch.nn.functional.interpolate(
        head(features), (8, 8), mode='bilinear'
    )[:, 0]
    counted = labels != 255
    expected = (output - labels)[counted].square().mean()
    assert set(losses) == {'loss_mse'}
    assert torch.allclose(losses['loss_mse'], expected, rtol=1e-5)


@pytest.mark.parametrize('name', HEADS)
def test_building_warns_of_nothing_and_gives_one_channel(name):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        head = _build(name)
    meta = [dict(img_shape=(16, 16))] * 2
    assert head.predict(_features(), meta, None).shape == (2, 1, 16, 16)
    assert head.num_classes == 1


def test_several_losses_add_up():
    losses = [
        dict(type='MaskedMSELoss', loss_weight=1.0),
        dict(type='MaskedMSELoss', loss_weight=2.0),
    ]
    head = _build('RegressionFCNHead', loss_decode=losses).eval()
    features, samples = _features(), _samples(torch.randint(11, (2, 8, 8)))
    total = head.loss(features, samples, None)['loss_mse']
    head.loss_decode = head.loss_decode[0]
    assert torch.allclose(
        total, 3 * head.loss(features, samples, None)['loss_mse']
    )


@pytest.mark.parametrize('name', HEADS)
def test_value_range_maps_minus_one_and_one_to_its_ends(name):
    torch.manual_seed(0)
    plain = _build(name).eval()
    ranged = _build(name, value_range=(0, 10)).eval()
    ranged.load_state_dict(plain.state_dict())
    features = _features()
    assert torch.allclose(ranged(features), 5 + 5 * plain(features))


def test_a_range_that_does_not_rise_is_refused():
    with pytest.raises(ValueError, match='value_range must rise'):
        _build('RegressionFCNHead', value_range=(10, 0))
