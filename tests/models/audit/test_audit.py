import logging

import pytest
import torch
from mmengine.logging import MMLogger

from mmseaice.errors import LoadAuditError
from mmseaice.models import audit_loading


@pytest.fixture
def pretrained(build, mae_cfg, tmp_path):
    """A pre-trained model with its file, for any sizes."""

    def _pretrained(**kwargs):
        mae = build(mae_cfg(**kwargs), seed=11).eval()
        path = tmp_path / 'mae.pth'
        torch.save(dict(state_dict=mae.state_dict(), meta=dict()), path)
        return mae, str(path)

    return _pretrained


@pytest.fixture
def finetuned(build, vit_cfg):
    """A fine-tuning model with ``init_cfg``, initialised."""

    def _finetuned(init_cfg, init=True, **kwargs):
        cfg = dict(
            type='PatchClassifier',
            backbone=vit_cfg(init_cfg=init_cfg, **kwargs),
        )
        return build(cfg, seed=5, init=init)

    return _finetuned


def _from(path, prefix='backbone.'):
    return dict(type='Pretrained', checkpoint=path, prefix=prefix)


@pytest.mark.parametrize('channels', [2, 5])
def test_features_are_the_pretrained_ones_bit_for_bit(
    pretrained, finetuned, channels
):
    mae, path = pretrained(channels=channels)
    model = finetuned(_from(path), channels=channels).eval()
    images = torch.randn(2, channels, 32, 32)
    (tokens,) = mae.extract_feat(images)
    (features,) = model.backbone(images)
    assert torch.equal(features.flatten(2).mT, tokens[:, 1:])


def test_all_loaded_is_told_in_one_table(pretrained, finetuned, monkeypatch):
    _, path = pretrained()
    logger, told = MMLogger.get_current_instance(), []
    monkeypatch.setattr(logger, 'info', told.append)
    model = finetuned(_from(path))
    tables = [text for text in told if 'Load audit' in str(text)]
    assert len(tables) == 1
    count = len(model.backbone.state_dict())
    assert f'{count} loaded, 0 resized, 0 re-drawn, 0 unused' in tables[0]
    # The two layers share a line.
    lines = [line.split() for line in tables[0].splitlines()]
    (line,) = [x for x in lines if x[0] == 'layers.*.attn.qkv.weight']
    assert line[1:] == [*['96', 'x', '32'] * 2, 'loaded', '2']


def test_position_embeddings_are_resized_to_a_larger_input(
    pretrained, finetuned
):
    _, path = pretrained(size=64)
    model = finetuned(_from(path), size=96)
    audit = audit_loading(model.backbone, path, 'backbone')
    resized = [row for row in audit.rows if row.status == 'resized']
    assert [(row.name, row.source, row.target) for row in resized] == [
        ('pos_embed', (1, 65, 32), (1, 145, 32))
    ]
    assert audit.error is None
    (features,) = model.backbone(torch.randn(1, 2, 96, 96))
    assert features.shape == (1, 32, 12, 12)


@pytest.mark.parametrize(
    ('init', 'sizes', 'message'),
    [
        (dict(prefix='encoder.'), {}, "below prefix='backbone.'"),
        (dict(prefix=None), {}, "below prefix='backbone.'"),
        ({}, dict(channels=3), 'patch embedding of shape 32 x 3 x 8 x 8'),
        ({}, dict(patch=4), 'but got 32 x 2 x 8 x 8'),
    ],
)
def test_an_encoder_that_does_not_fit_stops_the_run(
    pretrained, finetuned, init, sizes, message
):
    _, path = pretrained()
    with pytest.raises(LoadAuditError, match=message):
        finetuned(_from(path) | init, **sizes)


def test_a_list_that_draws_anew_stops_the_run(pretrained, finetuned):
    _, path = pretrained()
    with pytest.raises(LoadAuditError, match='random numbers in pos_embed'):
        finetuned([_from(path)])


def test_another_depth_stops_the_run(pretrained, finetuned):
    _, path = pretrained()
    model = finetuned(_from(path), init=False)
    model.backbone.layers.append(model.backbone.layers[0])
    with pytest.raises(LoadAuditError, match=r'at least 95%.*layers\.2'):
        model.init_weights()


def test_another_width_stops_the_run(pretrained, finetuned):
    _, path = pretrained()
    state = torch.load(path, weights_only=True)
    key = 'backbone.patch_embed.projection.weight'
    state['state_dict'][key] = state['state_dict'][key][:16]
    torch.save(state, path)
    with pytest.raises(LoadAuditError, match='but got 16 x 2 x 8 x 8'):
        finetuned(_from(path))


def test_a_pretraining_on_oblong_images_is_named(pretrained, finetuned):
    _, path = pretrained()
    state = torch.load(path, weights_only=True)
    state['state_dict']['backbone.pos_embed'] = torch.zeros(1, 1 + 8, 32)
    torch.save(state, path)
    with pytest.raises(LoadAuditError, match='square'):
        finetuned(_from(path))


def test_going_on_with_a_pretraining_by_init_cfg_is_refused(
    pretrained, build, mae_cfg
):
    _, path = pretrained()
    cfg = mae_cfg()
    cfg['backbone']['init_cfg'] = _from(path)
    with pytest.raises(LoadAuditError, match='use load_from'):
        build(cfg)


def test_what_the_model_lacks_is_unused_and_does_no_harm(
    pretrained, finetuned
):
    _, path = pretrained()
    state = torch.load(path, weights_only=True)
    state['state_dict']['backbone.extra'] = torch.zeros(())
    torch.save(state, path)
    model = finetuned(_from(path))
    audit = audit_loading(model.backbone, path, 'backbone.')
    assert audit.counts['unused'] == 1
    assert audit.error is None
    assert 'extra  ' in audit.table()


def test_equal_zeros_and_ones_do_not_count_as_loaded(pretrained, finetuned):
    _, path = pretrained()
    model = finetuned(None)
    audit = audit_loading(model.backbone, path, 'nothing.')
    assert audit.share == 0


def test_initialising_twice_audits_once(pretrained, finetuned):
    _, path = pretrained()
    model = finetuned(_from(path))
    model.backbone.cls_token.data += 1
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    model.init_weights()
