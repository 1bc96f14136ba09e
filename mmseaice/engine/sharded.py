"""An optimiser whose memory is shared out over the ranks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.optim import BaseOptimWrapper
from torch.distributed.optim import ZeroRedundancyOptimizer

from ..registry import OPTIMIZERS


@OPTIMIZERS.register_module(name='ShardedOptimizer')
def build_sharded_optimizer(
    params: Iterable, optimizer_type: str = 'AdamW', **kwargs: Any
) -> torch.optim.Optimizer:
    """Keep on each rank the state of its share of the parameters (ZeRO-1).

    AdamW then takes 8 + 8 / N bytes for each parameter on each of N ranks,
    gradient included, instead of 16. Steps and checkpoints are those of the
    plain optimiser, so a run may go on with it or without, on any number of
    ranks. mmengine's own ``ZeroRedundancyOptimizer`` waits for ever when its
    runner, which asks one rank only, saves a checkpoint.

    Args:
        params: Parameters or groups of them.
        optimizer_type: Class in ``torch.optim``.
        **kwargs: Its arguments.

    Returns:
        On one rank, the plain optimiser.
    """
    optimizer = getattr(torch.optim, optimizer_type)
    if get_world_size() == 1:
        return optimizer(params, **kwargs)
    return ZeroRedundancyOptimizer(params, optimizer, **kwargs)


def gather_shares(optim_wrapper: BaseOptimWrapper) -> None:
    """Bring all shares to the first rank, to be saved; every rank calls it.

    Args:
        optim_wrapper: That of the run; nothing happens if it shares nothing.
    """
    optimizer = getattr(optim_wrapper, 'optimizer', None)
    if isinstance(optimizer, ZeroRedundancyOptimizer):
        optimizer.consolidate_state_dict()
