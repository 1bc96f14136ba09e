"""Mixed precision on any device, and parameters in few groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn

from ..registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(OptimWrapper):
    """Run the forward pass in bfloat16, on GPU and CPU alike.

    bfloat16 has the range of float32, so no gradient scaler is needed;
    weights, gradients and the optimiser's state stay float32. Upstream's
    ``AmpOptimWrapper`` refuses CPUs.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast on the device that holds the model's parameters."""
        device = next(model.parameters()).device.type
        with (
            super().optim_context(model),
            torch.autocast(device, dtype=torch.bfloat16),
        ):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with one group for all that share settings.

    Upstream makes a group for every parameter, and optimisers work through
    their groups one by one. Results are the same, bit for bit.

    Takes the arguments of
    :class:`mmengine.optim.DefaultOptimWrapperConstructor`.
    """

    def add_params(
        self,
        params: list[dict],
        module: nn.Module,
        prefix: str = '',
        is_dcn_module: int | float | None = None,
    ) -> None:
        """Add the parameters of a module, and group those of the whole."""
        super().add_params(params, module, prefix, is_dcn_module)
        if prefix:
            return
        groups: dict[tuple, dict] = {}
        for group in params:
            settings = {k: v for k, v in group.items() if k != 'params'}
            key = tuple(sorted(settings.items()))
            merged = groups.setdefault(key, {'params': [], **settings})
            merged['params'] += group['params']
        params[:] = groups.values()
