import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample


@pytest.fixture
def cfg(vit_cfg):
    def _cfg(channels=2, backbone=None, **kwargs):
        return dict(
            type='PatchClassifier',
            backbone=vit_cfg(channels, **(backbone or {})),
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=dict(
                type='mmpretrain.LinearClsHead',
                num_classes=3,
                in_channels=32,
                loss=dict(type='mmpretrain.CrossEntropyLoss'),
            ),
            **kwargs,
        )

    return _cfg


def _data(channels=2):
    return dict(
        inputs=list(torch.randn(6, channels, 32, 32)),
        data_samples=[DataSample().set_gt_label(i % 3) for i in range(6)],
    )


@pytest.mark.parametrize('channels', [2, 5])
@pytest.mark.parametrize('frozen', [True, False])
def test_training_lowers_the_loss(build, cfg, channels, frozen):
    model = build(cfg(channels, tuning='probe' if frozen else 'full')).train()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=1e-2))
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    data = _data(channels)
    losses = [model.train_step(data, wrapper)['loss'] for _ in range(5)]
    assert losses[-1] < losses[0]
    after = model.backbone.state_dict()
    same = all(torch.equal(before[key], after[key]) for key in before)
    assert same == frozen


def test_predictions_are_those_of_the_pooled_features(build, cfg):
    model = build(cfg()).eval()
    data = _data()
    images = torch.stack(data['inputs'])
    features = model.extract_feat(images)[-1]
    (maps,) = model.extract_feat(images, stage='backbone')
    assert torch.allclose(features, maps.mean(dim=(2, 3)), atol=1e-6)
    assert features.shape == (6, 32)
    scores = model.head.fc(features).softmax(dim=1)
    predictions = model.test_step(data)
    stacked = torch.stack([sample.pred_score for sample in predictions])
    assert torch.allclose(stacked, scores)
    assert torch.allclose(model(images).softmax(dim=1), scores)


def test_a_frozen_encoder_has_no_dropout_in_training(build, cfg):
    model = build(cfg(tuning='probe', backbone=dict(drop_rate=0.5))).train()
    images = torch.randn(2, 2, 32, 32)
    first, second = (model.extract_feat(images)[-1] for _ in range(2))
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert model.head.training


def test_a_class_token_needs_no_neck(build, cfg):
    plain = cfg() | dict(neck=None)
    plain['backbone']['out_type'] = 'cls_token'
    model = build(plain).eval()
    images = torch.stack(_data()['inputs'])
    assert model.extract_feat(images)[-1].shape == (6, 32)
    assert model(images).shape == (6, 3)
