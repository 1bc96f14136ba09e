"""Losses that see all heads of a segmentor, and other losses of heads."""

from __future__ import annotations

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmseaice.registry import MODELS

NUMBERS = dict(SIC=11, SOD=6, FLOE=7)
HEADER = 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'
ROWS = [
    f'{number};{ct};-9;{stage};03;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;I'
    for number, ct, stage in ((1, 80, 87), (2, 20, 83), (3, 92, 95))
]
WATER = dict(type='WaterConsistencyLoss', loss_weight=0.5)
POLYGON = dict(type='PolygonLoss', min_pixels=32)


@pytest.fixture
def cfg(vit_cfg):
    def _cfg(tasks=('SIC', 'SOD', 'FLOE'), task_losses=None, **kwargs):
        heads = {
            task: dict(
                type='mmseg.FCNHead',
                num_classes=NUMBERS[task],
                loss_decode=dict(type='ValidCrossEntropyLoss'),
                in_channels=32,
                channels=8,
                num_convs=1,
                norm_cfg=dict(type='GN', num_groups=2),
            )
            for task in tasks
        }
        if 'SIC' in heads:
            heads['SIC'].update(type='RegressionFCNHead', value_range=(0, 10))
            del heads['SIC']['num_classes'], heads['SIC']['loss_decode']
        return dict(
            type='MultiTaskSegmentor',
            backbone=vit_cfg(out_indices=[1]),
            heads=heads,
            task_losses=task_losses,
            **kwargs,
        )

    return _cfg


@pytest.fixture
def samples(make_samples):
    samples = make_samples(polygon_codes=[HEADER, *ROWS])
    for shift, sample in enumerate(samples):
        ids = (torch.arange(32)[:, None] // 9 + shift).expand(32, 32)
        sample.set_polygons(ids.int())
    return samples


def _losses(model, samples):
    images = torch.randn(2, 2, 32, 32, generator=torch.manual_seed(3))
    torch.manual_seed(2)  # that of dropout
    return model.loss(images, samples)


def test_they_add_to_the_total_and_change_nothing_else(build, cfg, samples):
    plain, model = build(cfg()), build(cfg(task_losses=[WATER, POLYGON]))
    assert list(plain.state_dict()) == list(model.state_dict())
    before, after = _losses(plain, samples), _losses(model, samples)
    added = {'loss_water_consistency', 'loss_polygon'}
    assert set(after) - set(before) == added
    assert all(torch.equal(after[name], before[name]) for name in before)
    total, _ = model.parse_losses(after)
    expected = plain.parse_losses(before)[0] + sum(after[n] for n in added)
    torch.testing.assert_close(total, expected)
    assert all(after[name] > 0 for name in added)


def test_they_see_the_logits_on_the_grid_of_the_labels(build, cfg, samples):
    """The loss is that of the logits a prediction would use."""
    model = build(cfg(task_losses=[POLYGON])).eval()
    images = torch.randn(2, 2, 32, 32)
    logits = model.predict_logits(images)
    assert logits['SOD'].shape == (2, 6, 32, 32)
    expected = MODELS.build(POLYGON)(logits, samples)
    found = model.loss(images, samples)['loss_polygon']
    torch.testing.assert_close(found, expected)


def test_order_of_heads_and_losses_changes_nothing(build, cfg, samples):
    orders = (('SIC', 'SOD', 'FLOE'), ('SOD', 'FLOE', 'SIC'))
    models = [
        build(cfg(orders[0], [WATER, POLYGON])),
        build(cfg(orders[1], [POLYGON, WATER])),
    ]
    first, second = (_losses(model, samples) for model in models)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_every_head_learns_from_them(build, cfg, samples):
    for sample in samples:
        for task in NUMBERS:
            sample.set_gt(task, torch.full((32, 32), 255))
    model = build(cfg(task_losses=[WATER | dict(unlabelled=True), POLYGON]))
    sum(_losses(model, samples).values()).backward()
    for head in model.heads.values():
        assert head.conv_seg.weight.grad.any()


def test_a_head_may_be_dropped(build, cfg, samples):
    model = build(cfg(('SIC', 'SOD'), [WATER, POLYGON]))
    assert 'loss_water_consistency' in _losses(model, samples)


@pytest.mark.parametrize(
    ('losses', 'said'),
    [
        ([WATER, WATER], 'differ from the others'),
        ([WATER | dict(loss_name='water')], "must contain 'loss'"),
        ([dict(type='PolygonLoss', tolerance=-1)], 'tolerance must be'),
    ],
)
def test_configs_that_cannot_work_are_refused(build, cfg, losses, said):
    with pytest.raises(ValueError, match=said):
        build(cfg(task_losses=losses))


def test_heads_with_a_loss_of_their_own_are_refused(build, cfg, monkeypatch):
    from mmseg.models.decode_heads import FCNHead

    monkeypatch.setattr(FCNHead, 'loss', lambda *_: {}, raising=False)
    build(cfg())
    with pytest.raises(ValueError, match='loss of a plain mmseg head'):
        build(cfg(task_losses=[WATER]))


def test_heads_with_several_outputs_are_refused(
    build, cfg, samples, monkeypatch
):
    model = build(cfg(task_losses=[WATER]))
    head = model.heads['FLOE']
    monkeypatch.setattr(head, 'forward', lambda features: (features,))
    with pytest.raises(TypeError, match='gave tuple'):
        _losses(model, samples)


def test_plain_heads_learn_from_every_loss_of_classes(build, cfg, samples):
    """SIC by classes as well: a plain head serves the ordinal loss."""
    model_cfg = cfg(task_losses=[WATER, POLYGON])
    heads = model_cfg['heads']
    kinds = dict(SIC='Ordinal', SOD='ValidFocal', FLOE='ValidDice')
    for task, kind in kinds.items():
        heads[task] = dict(
            heads['SOD'],
            num_classes=NUMBERS[task],
            loss_decode=dict(type=f'{kind}Loss'),
        )
    model = build(model_cfg)
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=5e-3))
    data = dict(inputs=list(torch.randn(2, 2, 32, 32)), data_samples=samples)
    logs = [model.train_step(data, wrapper) for _ in range(6)]
    assert {'SIC.loss_ordinal', 'SOD.loss_focal', 'FLOE.loss_dice'} < set(
        logs[0]
    )
    assert logs[-1]['loss'] < logs[0]['loss']
    (sample, _) = model.eval().predict(torch.stack(data['inputs']))
    assert 0 <= sample.get_pred('SIC').min() <= sample.get_pred('SIC').max()
    assert sample.get_pred('SIC').max() <= 10
