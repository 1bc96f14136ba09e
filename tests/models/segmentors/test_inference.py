import pytest
import torch
from torch import nn

from mmseaice.models.segmentors.inference import refining_factor
from mmseaice.registry import MODELS
from mmseaice.structures import SeaIceDataSample


@MODELS.register_module(force=True)
class PixelBackbone(nn.Module):
    """Hands its input on, so that a model of it is local."""

    def forward(self, x):
        return (x,)


def _head(**kwargs):
    return dict(
        in_channels=2, channels=2, num_convs=0, concat_input=False, **kwargs
    )


@pytest.fixture
def local(build):
    """SIC and SOD from each pixel alone; SIC is channel 0, as it is."""

    def _local(**test_cfg):
        model = build(
            dict(
                type='MultiTaskSegmentor',
                backbone=dict(type='PixelBackbone'),
                heads=dict(
                    SIC=dict(type='RegressionFCNHead', **_head()),
                    SOD=dict(
                        type='mmseg.FCNHead',
                        num_classes=6,
                        loss_decode=dict(type='ValidCrossEntropyLoss'),
                        **_head(),
                    ),
                ),
                test_cfg=test_cfg,
            )
        )
        conv = model.heads['SIC'].conv_seg
        nn.init.zeros_(conv.bias)
        conv.weight.data = torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1)
        nn.init.normal_(model.heads['SOD'].conv_seg.weight)
        return model.eval()

    return _local


def _sample(image, scored, spacing=80.0, **meta):
    return SeaIceDataSample(
        metainfo=dict(
            img_shape=image, ori_shape=scored, spacing=spacing, **meta
        )
    )


@pytest.mark.parametrize('batch_size', [1, 3])
def test_sliding_equals_one_pass_for_a_local_model(local, batch_size):
    images = torch.randn(2, 2, 21, 30)
    sliding = dict(
        mode='slide', crop_size=(8, 8), stride=(5, 6), batch_size=batch_size
    )
    whole = local().predict_logits(images)
    slide = local(**sliding).predict_logits(images)
    for task in ('SIC', 'SOD'):
        assert torch.allclose(whole[task], slide[task], atol=1e-5)


def test_regression_is_clipped_to_its_classes(local):
    images = torch.zeros(1, 2, 2, 2)
    images[0, 0] = torch.tensor([[-3.0, 2.5], [10.0, 30.0]])
    (sample,) = local().predict(images)
    assert sample.get_pred('SIC').tolist() == [[[0.0, 2.5], [10.0, 10.0]]]


def test_padding_is_cut_back(local):
    images = torch.randn(2, 2, 8, 8)
    samples = local().predict(
        images, [_sample((5, 8), (5, 8)), _sample((8, 3), (8, 3))]
    )
    assert samples[0].get_pred('SOD').shape == (1, 5, 8)
    assert samples[1].get_pred('SIC').shape == (1, 8, 3)
    whole = local().predict(images)
    assert torch.equal(
        samples[0].get_pred('SOD'), whole[0].get_pred('SOD')[:, :5]
    )


def test_invalid_pixels_have_no_influence(local):
    sample = _sample((4, 4), (4, 4))
    sample.set_valid(torch.eye(4, dtype=torch.bool))
    images = torch.full((1, 2, 4, 4), torch.nan)
    images[0, :, range(4), range(4)] = 5.0
    (sample,) = local().predict(images, [sample])
    assert sample.get_pred('SIC')[0].tolist() == (5 * torch.eye(4)).tolist()


def test_predictions_return_to_the_scored_grid(local):
    # 200 m cells of 2.5 pixels at 80 m; one fine row and column left over.
    images = torch.zeros(1, 2, 4, 4)
    images[0, 0] = torch.arange(4.0)
    (sample,) = local().predict(images, [_sample((4, 4), (11, 11), 200)])
    row = sample.get_pred('SIC')[0, 5]
    centres = ((torch.arange(11) + 0.5) / 2.5 - 0.5).clamp(0, 3)
    assert torch.allclose(row, centres, atol=1e-6)


@pytest.mark.parametrize('refine', ['bilinear', 'nearest'])
def test_classes_return_by_name(local, refine):
    model = local(refine=refine, keep_logits=True)
    images = 3 * torch.randn(1, 2, 6, 6)
    (coarse,) = model.predict(images, [_sample((6, 6), (6, 6))])
    (fine,) = model.predict(images, [_sample((6, 6), (12, 12), 160)])
    repeated = coarse.get_pred('SOD').repeat_interleave(2, 1)
    repeated = repeated.repeat_interleave(2, 2)
    same = torch.equal(fine.get_pred('SOD'), repeated)
    assert same == (refine == 'nearest')
    logits = fine.get_logits('SOD')
    assert logits.shape == (6, 12, 12)
    assert torch.equal(logits.argmax(0)[None], fine.get_pred('SOD'))


def test_kept_logits_give_back_the_probabilities(local):
    model = local(keep_logits=True)
    images = torch.randn(1, 2, 4, 4)
    (sample,) = model.predict(images)
    expected = model.predict_logits(images)['SOD'][0].softmax(0)
    assert torch.allclose(sample.get_logits('SOD').softmax(0), expected)


def test_hopeless_classes_keep_finite_logits(local):
    (sample,) = local(keep_logits=True).predict(1e4 * torch.randn(1, 2, 4, 4))
    assert sample.get_logits('SOD').isfinite().all()


@pytest.mark.parametrize(
    ('image', 'scored', 'meta', 'factor'),
    [
        ((4, 4), (4, 4), {}, 1),
        ((4, 4), (11, 11), dict(spacing=200), 2.5),
        ((3, 4), (5, 7), dict(spacing=120), 1.5),
        ((4, 4), (8, 8), dict(spacing=80, ori_spacing=40), 2),
    ],
)
def test_factor_comes_from_the_spacings(image, scored, meta, factor):
    meta = dict(img_shape=image, ori_shape=scored, **meta)
    assert refining_factor(meta) == factor


@pytest.mark.parametrize('spacing', [160, 40])
def test_spacings_that_contradict_the_shapes_are_refused(spacing):
    meta = dict(img_shape=(4, 4), ori_shape=(11, 11), spacing=spacing)
    with pytest.raises(ValueError, match='ori_shape must be'):
        refining_factor(meta)
