"""Draws depend on the step alone."""

import random
from types import SimpleNamespace

import numpy as np
import torch

from mmseaice.engine import DeterministicDrawHook


def draws(seed, step):
    runner = SimpleNamespace(seed=seed, iter=step)
    DeterministicDrawHook().before_train_iter(runner, 0)
    return torch.rand(1).item(), np.random.rand(), random.random()


def test_same_step_same_draws_whatever_came_before():
    first = draws(0, 7)
    draws(0, 8)
    assert draws(0, 7) == first


def test_steps_seeds_and_ranks_differ(monkeypatch):
    seen = {draws(seed, step) for seed in range(3) for step in range(50)}
    assert len(seen) == 150
    name = 'mmseaice.engine.hooks.deterministic_draw_hook.get_rank'
    monkeypatch.setattr(name, lambda: 1)
    assert draws(0, 0) not in seen
