"""bfloat16 on any device, and parameters in few groups."""

import torch
from mmengine.optim import build_optim_wrapper
from torch import nn


def test_forward_runs_in_bfloat16_and_weights_stay_float32(make_runner):
    runner = make_runner(**{'optim_wrapper.type': 'Bf16OptimWrapper'})
    model = runner.train()
    assert model.dtypes == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_losses_follow_float32(make_runner):
    plain = make_runner('plain').train()
    mixed = make_runner('mixed', **{'optim_wrapper.type': 'Bf16OptimWrapper'})
    for a, b in zip(
        plain.parameters(), mixed.train().parameters(), strict=True
    ):
        assert torch.allclose(a, b, atol=2e-2)


def test_groups_share_settings_and_change_no_result():
    def train(constructor):
        torch.manual_seed(0)
        model = nn.Sequential(
            *(nn.Linear(4, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 1))
        )
        wrapper = build_optim_wrapper(
            model,
            dict(
                type='OptimWrapper',
                constructor=constructor,
                optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.5),
                paramwise_cfg=dict(
                    norm_decay_mult=0.0,
                    bias_decay_mult=0.1,
                    custom_keys={'3.weight': dict(lr_mult=0.1)},
                ),
            ),
        )
        for _ in range(3):
            wrapper.update_params(model(torch.randn(8, 4)).square().mean())
        groups = wrapper.optimizer.param_groups
        settings = {
            p: (group['lr'], group['weight_decay'])
            for group in groups
            for p in group['params']
        }
        parameters = list(model.parameters())
        assert len(settings) == len(parameters)
        return len(groups), [settings[p] for p in parameters], parameters

    number, settings, weights = train('DefaultOptimWrapperConstructor')
    fewer, same, equal = train('mmseaice.GroupedOptimWrapperConstructor')
    assert (number, fewer) == (6, 4)
    assert settings == same
    for one, other in zip(weights, equal, strict=True):
        assert torch.equal(one, other)
