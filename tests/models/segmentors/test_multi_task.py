import pytest
import torch
from mmengine.optim import OptimWrapper

TASKS = dict(SIC=11, SOD=6, FLOE=7)
NORM = dict(type='GN', num_groups=2)

#: mmseg's heads by the suffix of our twins, with what they need.
KINDS = {
    'UPerHead': dict(
        in_channels=[32, 32], in_index=[0, 1], pool_scales=(1, 2)
    ),
    'FCNHead': dict(in_channels=32, num_convs=1),
    'SegformerHead': dict(in_channels=[32, 32], in_index=[0, 1]),
    'ASPPHead': dict(
        in_channels=32, dilations=(1, 2), c1_in_channels=0, c1_channels=0
    ),
}


def _head(task, kind='FCNHead', **kwargs):
    common = dict(channels=8, norm_cfg=NORM, **KINDS[kind], **kwargs)
    if task == 'SIC':
        return dict(type=f'Regression{kind}', **common)
    name = kind.replace('ASPP', 'DepthwiseSeparableASPP')
    return dict(
        type=f'mmseg.{name}',
        num_classes=TASKS[task],
        loss_decode=dict(type='ValidCrossEntropyLoss'),
        **common,
    )


@pytest.fixture
def cfg(vit_cfg):
    def _cfg(tasks=tuple(TASKS), kind='FCNHead', channels=2, **kwargs):
        return dict(
            type='MultiTaskSegmentor',
            backbone=vit_cfg(channels, out_indices=[0, 1]),
            heads={task: _head(task, kind) for task in tasks},
            **kwargs,
        )

    return _cfg


def _losses(model, images, samples):
    torch.manual_seed(2)
    return {k: v.item() for k, v in model.loss(images, samples).items()}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('channels', [2, 5])
def test_plain_heads_train_and_predict(
    build, cfg, make_samples, kind, channels
):
    model = build(cfg(kind=kind, channels=channels))
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=5e-3))
    images = list(torch.randn(2, channels, 32, 32))
    logs = [
        model.train_step(
            dict(inputs=images, data_samples=make_samples()), wrapper
        )
        for _ in range(4)
    ]
    assert set(logs[0]) == {
        'loss',
        'SIC.loss_mse',
        'SOD.loss_ce',
        'FLOE.loss_ce',
    }
    assert logs[-1]['loss'] < logs[0]['loss']

    model.eval()
    data = dict(inputs=images, data_samples=make_samples())
    for sample in model.test_step(data):
        assert sample.get_pred('SIC').dtype == torch.float32
        assert sample.get_pred('SOD').dtype == torch.int64
        for task, classes in TASKS.items():
            assert sample.get_pred(task).shape == (1, 32, 32)
            assert sample.get_pred(task).min() >= 0
            assert sample.get_pred(task).max() <= classes - 1
            assert f'logits_{task}' not in sample


@pytest.mark.parametrize('kind', KINDS)
def test_losses_are_those_of_the_heads(build, cfg, make_samples, kind):
    twice = dict(type='ValidCrossEntropyLoss', class_weight=[1.0] * 5 + [3.0])
    model_cfg = cfg(kind=kind)
    model_cfg['heads']['SOD']['loss_decode'] = [
        dict(type='ValidCrossEntropyLoss'),
        twice,
    ]
    model = build(model_cfg).eval()
    images, samples = torch.randn(2, 2, 32, 32), make_samples()
    found = model.loss(images, samples)
    features = model.extract_feat(images)
    for task, head in model.heads.items():
        stock = head.loss(features, [s.view(task) for s in samples], None)
        for name in stock.keys() - {'acc_seg'}:
            torch.testing.assert_close(found[f'{task}.{name}'], stock[name])


def test_order_of_heads_changes_no_weight_and_no_loss(
    build, cfg, make_samples
):
    models = [
        build(cfg(tasks))
        for tasks in (('SIC', 'SOD', 'FLOE'), ('SOD', 'FLOE', 'SIC'))
    ]
    states = [model.state_dict() for model in models]
    assert list(states[0]) == list(states[1])
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    images = torch.randn(2, 2, 32, 32)
    # In training mode, so that dropout is included.
    losses = [_losses(model, images, make_samples()) for model in models]
    assert losses[0] == losses[1]


def test_tasks_are_found_by_name_and_not_by_place(build, cfg, make_samples):
    model = build(cfg())
    images, samples = torch.randn(2, 2, 32, 32), make_samples()
    before = _losses(model, images, samples)
    for sample in samples:
        sample.set_gt('SOD', (sample.get_gt('SOD') == 255) * 255)
    after = _losses(model, images, samples)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {'SOD.loss_ce'}


def test_one_head_makes_a_single_task_model(build, cfg, make_samples):
    weights = dict(SIC=1.0, SOD=2.0, FLOE=1.0)
    model = build(cfg(('SOD',), task_weights=weights))
    images, samples = torch.randn(2, 2, 32, 32), make_samples()
    assert set(model.loss(images, samples)) == {'SOD.loss_ce'}
    (sample, _) = model.eval().predict(images, make_samples())
    assert 'pred_SIC' not in sample


def test_a_frozen_encoder_stays_and_the_heads_learn(build, cfg, make_samples):
    frozen = cfg() | dict(tuning='probe')
    frozen['backbone']['drop_rate'] = 0.5
    model = build(frozen).train()
    images = torch.randn(2, 2, 32, 32)
    first, second = (model.backbone(images)[-1] for _ in range(2))
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert model.heads.training
    sum(model.loss(images, make_samples()).values()).backward()
    assert all(p.grad is None for p in model.backbone.parameters())
    assert all(p.grad is not None for p in model.heads.parameters())


def test_task_weights_scale_their_losses(build, cfg, make_samples):
    images, samples = torch.randn(2, 2, 32, 32), make_samples()
    plain = _losses(build(cfg()), images, samples)
    model = build(cfg(task_weights=dict(SOD=3.0)))
    weighted = _losses(model, images, samples)
    assert weighted['SOD.loss_ce'] == pytest.approx(3 * plain['SOD.loss_ce'])
    assert weighted['SIC.loss_mse'] == plain['SIC.loss_mse']


def test_heads_start_as_upstream_starts_them(build, cfg):
    weight = build(cfg()).heads['SOD'].conv_seg.weight
    assert 0.005 < weight.std() < 0.02


def test_a_batch_without_labels_gives_zero_and_zero_gradients(
    build, cfg, make_samples
):
    model, samples = build(cfg()), make_samples()
    for sample in samples:
        for task in TASKS:
            sample.set_gt(task, torch.full((32, 32), 255))
    loss = sum(model.loss(torch.randn(2, 2, 32, 32), samples).values())
    loss.backward()
    assert loss == 0
    gradients = [p.grad for p in model.parameters() if p.requires_grad]
    assert all(grad is not None and not grad.any() for grad in gradients)


def test_gradient_of_invalid_input_is_exactly_zero(build, cfg, make_samples):
    model = build(cfg())
    valid = torch.rand(32, 32) > 0.3
    images = torch.randn(2, 2, 32, 32)
    images[:, :, ~valid] = torch.nan
    images.requires_grad_()
    losses = model.loss(images, make_samples(valid=valid))
    sum(losses.values()).backward()
    assert not images.grad[:, :, ~valid].any()
    assert images.grad[:, :, valid].any()


def test_a_sample_without_the_labels_of_a_task_is_named(
    build, cfg, make_samples
):
    model, samples = build(cfg()), make_samples()
    del samples[1].gt_FLOE
    with pytest.raises(KeyError, match='gt_FLOE'):
        model.loss(torch.randn(2, 2, 32, 32), samples)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(heads={}), 'at least one task'),
        (dict(heads=dict(ICE=_head('SIC'))), 'task must be one of'),
        (dict(heads=dict(SOD=_head('SIC'))), 'SOD must be a classifier'),
        (dict(task_weights=dict(SCI=1.0)), 'task must be one of'),
        (dict(heads=dict(FLOE=_head('SOD'))), 'FLOE must be 7, but got 6'),
        (dict(test_cfg=dict(mode='tiles')), 'mode must be'),
        (dict(test_cfg=dict(mode='slide')), 'crop_size must be given'),
        (dict(test_cfg=dict(refine='cubic')), 'refine must be'),
        (
            dict(test_cfg=dict(mode='slide', crop_size=(8, 8), stride=(9, 8))),
            'stride must be',
        ),
    ],
)
def test_configs_that_cannot_work_are_refused(build, cfg, change, message):
    with pytest.raises(ValueError, match=message):
        build(cfg(('SIC',)) | change)


def test_layer_depths_serve_layer_wise_decay(build, cfg):
    model = build(cfg(), init=False)
    depths = {
        name: model.get_layer_depth(name)[0]
        for name, _ in model.named_parameters()
    }
    assert depths['backbone.patch_embed.projection.weight'] == 0
    assert depths['backbone.layers.1.ln1.weight'] == 2
    assert depths['heads.SOD.conv_seg.weight'] == 3


def test_a_pyramid_between_encoder_and_heads(build, cfg):
    pyramid = dict(
        type='mmseg.Feature2Pyramid',
        embed_dim=32,
        rescales=[4, 2, 1, 0.5],
        norm_cfg=NORM,
    )
    model_cfg = cfg(('SOD',), kind='UPerHead', neck=pyramid)
    encoder, head = model_cfg['backbone'], model_cfg['heads']['SOD']
    encoder['arch'] = dict(encoder['arch'], num_layers=4)
    encoder['out_indices'] = [0, 1, 2, 3]
    head.update(in_channels=[32] * 4, in_index=[0, 1, 2, 3])
    model = build(model_cfg).eval()
    images = torch.randn(1, 2, 32, 32)
    assert model(images)['SOD'].shape == (1, 6, 16, 16)
    assert model.predict(images)[0].get_pred('SOD').shape == (1, 32, 32)


def test_windows_of_a_sample_do_not_depend_on_its_batch(
    build, cfg, make_samples
):
    slide = dict(mode='slide', crop_size=(16, 16), stride=(12, 12))
    model = build(cfg(test_cfg=slide)).eval()
    images = list(torch.randn(2, 2, 32, 32))
    images[1] = images[1][:, :28, :26]

    def predict(*chosen):
        samples = [make_samples()[i] for i in chosen]
        for sample, i in zip(samples, chosen, strict=True):
            shape = tuple(images[i].shape[-2:])
            sample.set_metainfo(dict(img_shape=shape, ori_shape=shape))
            sample.set_valid(torch.ones(shape, dtype=torch.bool))
        inputs = [images[i] for i in chosen]
        return model.test_step(dict(inputs=inputs, data_samples=samples))

    (alone,), together = predict(1), predict(0, 1)
    for task in TASKS:
        assert torch.equal(alone.get_pred(task), together[1].get_pred(task))
