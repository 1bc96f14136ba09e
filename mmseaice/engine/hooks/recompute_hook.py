"""Less memory for more time: layers that are computed twice."""

from __future__ import annotations

from functools import partial
from operator import attrgetter

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from ...errors import MMSeaIceError
from ...registry import HOOKS
from ..weights import bare_model


@HOOKS.register_module()
class RecomputeHook(Hook):
    """Forget what happens inside layers, and compute it again for gradients.

    Memory then holds one tensor per layer, for a third more operations
    (Chen et al. 2016, arXiv:1604.06174). Weights, gradients and dropout are
    the same; layers with running statistics would count every batch twice,
    and are refused. mmengine's ``activation_checkpointing`` wants every
    layer by its name, and the older kind of checkpoint.

    Args:
        layers: Name of the list of layers within the model.
    """

    def __init__(self, layers: str = 'backbone.layers') -> None:
        self.layers = layers

    def before_train(self, runner: Runner) -> None:
        """Wrap the layers of the model."""
        self.wrap(bare_model(runner.model))

    def wrap(self, model: nn.Module) -> None:
        """Wrap the layers of a bare model, in place.

        Raises:
            MMSeaIceError: If it has no such layers, or ones that count
                batches.
        """
        try:
            layers = list(attrgetter(self.layers)(model))
        except (AttributeError, TypeError):
            raise MMSeaIceError(
                'RecomputeHook',
                f'a list of layers in {type(model).__name__}',
                repr(self.layers),
                'That of a ViT is backbone.layers.',
            ) from None
        if any(isinstance(m, _BatchNorm) for x in layers for m in x.modules()):
            raise MMSeaIceError(
                'RecomputeHook',
                'layers without running statistics',
                f'a BatchNorm in {self.layers}',
                'Use another norm_cfg, or leave the hook out.',
            )
        for layer in layers:
            layer.forward = partial(
                checkpoint, layer.forward, use_reentrant=False
            )
