"""bfloat16 on any device."""

import torch


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
