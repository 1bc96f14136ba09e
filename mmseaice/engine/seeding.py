"""Random numbers that follow from the step."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_step(seed: int, rank: int, step: int) -> None:
    """Seed torch, numpy and random for one step of one rank."""
    state = np.random.SeedSequence((seed, rank, step)).generate_state(1)
    number = int(state[0])
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)
