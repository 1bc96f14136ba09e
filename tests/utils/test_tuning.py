"""One argument changes what learns, how fast and for how long."""

import pytest
from mmengine.config import Config

from mmseaice.errors import MMSeaIceError
from mmseaice.testing import config_root
from mmseaice.utils.tuning import TUNINGS, apply_tuning

DOWNSTREAM = config_root() / 'downstream'
RECIPE = DOWNSTREAM / 'multitask_vit-base-upernet_30ki_ai4arctic.py'


def tuned(tuning, given=(), recipe=RECIPE, **options):
    cfg = Config.fromfile(recipe)
    cfg.merge_from_dict(options)
    if tuning:
        cfg.tuning = tuning
    apply_tuning(cfg, given)
    return cfg


@pytest.mark.parametrize('tuning', [None, 'full'])
def test_full_tuning_is_the_recipe(tuning):
    plain = Config.fromfile(RECIPE)
    cfg = tuned(tuning)
    cfg.model.pop('tuning', None)
    assert cfg.to_dict() == plain.to_dict()


def test_a_frozen_encoder_takes_larger_and_fewer_steps():
    cfg = tuned('probe')
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(3e-4)
    assert cfg.train_cfg.max_iters == 18000
    assert [part['end'] for part in cfg.param_scheduler] == [900, 18000]
    assert cfg.model.tuning == dict(mode='probe')
    assert cfg.model.heads.SOD.type == 'mmseg.UPerHead'


def test_what_was_set_by_hand_stays():
    cfg = tuned(
        'probe',
        ['optim_wrapper.optimizer.lr', 'train_cfg.max_iters'],
        **{'optim_wrapper.optimizer.lr': 7e-5, 'train_cfg.max_iters': 50},
    )
    assert cfg.optim_wrapper.optimizer.lr == 7e-5
    assert cfg.train_cfg.max_iters == 50
    assert cfg.param_scheduler[-1]['end'] == 30000


def test_adapters_alone_take_larger_steps():
    cfg = tuned(dict(mode='lora', rank=4))
    wrapper = cfg.optim_wrapper
    assert wrapper.optimizer.lr == pytest.approx(1e-4)
    keys = wrapper.paramwise_cfg.custom_keys
    assert keys['lora_'] == dict(lr_mult=10.0)
    assert 'pos_embed' in keys
    assert cfg.model.tuning == dict(mode='lora', rank=4)


@pytest.mark.parametrize(
    ('name', 'width'),
    [
        ('multitask_vit-base-upernet_30ki_ai4arctic', 768),
        ('multitask_vit-base-upernet-shared_30ki_ai4arctic', 768),
        ('multitask_swin-tiny-upernet_30ki_ai4arctic', 768),
        ('multitask_resnet50-deeplabv3plus_30ki_ai4arctic', 2048),
        ('multitask_segformer-b2_30ki_ai4arctic', 512),
    ],
)
def test_linear_heads_see_the_last_features(name, width):
    cfg = tuned('linear', recipe=DOWNSTREAM / f'{name}.py')
    assert cfg.model.neck is None
    for task, head in cfg.model.heads.items():
        assert head.in_channels == head.channels == width
        assert head.num_convs == 0
        assert head.type.startswith('Regression') == (task == 'SIC')
        assert 'loss_decode' in head
    assert cfg.model.heads.SOD.num_classes == 6


def test_a_dropped_head_stays_dropped():
    cfg = tuned('linear', **{'model.heads.FLOE': None})
    assert cfg.model.heads.FLOE is None


def test_other_names_are_refused():
    with pytest.raises(MMSeaIceError, match=f'{", ".join(TUNINGS)}.*frozen'):
        tuned('frozen')
