"""What the training benchmark compares is the same, but for who made it."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from mmseaice.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def bench():
    """The benchmark's modules, by name."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    init_default_scope('mmseaice')
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools/analysis/benchmarks'))
        import training
        import training_peers
        import training_rows

        logger.setLevel('ERROR')
        yield dict(main=training, peers=training_peers, rows=training_rows)
    logger.setLevel(level)


@pytest.fixture(scope='module')
def build(bench):
    """The model of a way to train, small images, four layers."""

    def _build(way, phase):
        recipe = bench['rows'].read_recipe('tiny', phase, size=32, batch=2)
        recipe.model['backbone']['arch']['num_layers'] = 4
        if phase == 'finetuning':
            recipe.model['backbone']['out_indices'] = [0, 1, 2, 3]
        [(task, cfg)] = bench['rows'].model_configs(way, recipe.model)
        torch.manual_seed(1)
        model = MODELS.build(cfg)
        model.init_weights()
        batch = bench['rows'].make_batch(way, task, recipe, 'cpu')
        return model.train(), batch

    return _build


def loss_of(model, batch):
    """The loss of a training step, with the same dice every time."""
    data = model.data_preprocessor(batch, True)
    torch.manual_seed(2)
    losses = model(**data, mode='loss')
    return sum(value for key, value in losses.items() if 'loss' in key)


def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def weights(model):
    return sum(p.numel() for p in trained(model))


def test_our_autoencoder_has_the_loss_of_the_stock_one(build):
    ours, batch = build('ours', 'pretraining')
    stock, other = build('mmpretrain', 'pretraining')
    assert type(stock).__module__.startswith('mmpretrain')
    assert torch.equal(batch['inputs'], other['inputs'])
    stock.load_state_dict(ours.state_dict())
    assert abs(loss_of(ours, batch) - loss_of(stock, other)) < 1e-6


def test_the_plain_autoencoder_is_the_stock_one(bench, build):
    stock, batch = build('mmpretrain', 'pretraining')
    plain = bench['peers'].PlainMAE(build('ours', 'pretraining')[0])
    # The same layers in the same order: all that is trained pairs up.
    for own, other in zip(trained(plain), trained(stock), strict=True):
        own.data.copy_(other.data.view_as(own))
        assert own.shape == other.shape
    plain.encoder.positions.copy_(stock.backbone.pos_embed)
    plain.decoder.positions.copy_(stock.neck.decoder_pos_embed)
    torch.manual_seed(2)
    loss = plain(batch['inputs'])
    assert abs(loss - loss_of(stock, batch)) < 1e-5


def test_one_head_has_the_loss_of_the_stock_segmentor(build):
    ours, batch = build('one', 'finetuning')
    stock, other = build('mmseg-one', 'finetuning')
    assert type(stock).__module__.startswith('mmseg')
    stock.load_state_dict(
        {
            key.replace('heads.SOD.', 'decode_head.'): value
            for key, value in ours.state_dict().items()
        }
    )
    # Upstream divides by all pixels, also those without a label.
    labelled = (batch['data_samples'].gt_SOD != 255).float().mean()
    weight = ours.task_weights['SOD']
    expected = loss_of(ours, batch) / weight * labelled
    loss = loss_of(stock, other)
    assert abs(loss - expected) < 1e-5


def test_a_shared_pyramid_spares_two_of_three(build):
    three, _ = build('three', 'finetuning')
    shared, batch = build('shared', 'finetuning')
    assert loss_of(shared, batch).isfinite()
    pyramid = weights(three.heads['SOD'])
    saved = weights(three) - weights(shared)
    assert saved == pytest.approx(2 * pyramid, rel=0.01)


def test_quick_run_tells_goals_and_figures(bench, tmp_path, capsys):
    out = tmp_path / 'training.json'
    small = ['--size', '32', '--batch', '2', '--steps', '1', '--repeats', '1']
    bench['main'].main(
        ['--quick', '--device', 'cpu', *small, '--json', str(out)]
    )
    said = capsys.readouterr().out
    result = json.loads(out.read_text())
    assert {'machine', 'sizes', 'rows', 'ratios', 'goals'} <= set(result)
    for goal in result['goals']:
        assert set(goal) == {'name', 'value', 'goal', 'better', 'met'}
        assert goal['better'] in ('higher', 'lower')
        on_gpu = goal['name'].startswith('cuda')
        assert (goal['value'] is None) == (goal['met'] is None) == on_gpu
        assert goal['name'] in said
    assert 'not measured' in said
    phases = result['rows']['tiny']
    work = {
        name: row['tflops'] * 2 / row['samples_per_s']
        for name, row in phases['pretraining'].items()
    }
    # Operations of a step do not depend on who wrote the model.
    assert work['mmpretrain'] == pytest.approx(work['ours'], rel=1e-6)
    assert work['timm'] == pytest.approx(work['ours'], rel=1e-2)
