"""Kernels made for the model, by torch.compile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import MMSeaIceError
from ...registry import HOOKS
from ..weights import bare_model


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile parts of the model before the first step.

    It pays on a GPU, where crops are of one size: the first steps take a
    minute longer. mmengine's own ``compile`` wraps the whole step, losses
    and logging included. Names of weights do not change.

    Args:
        parts: Names of the parts, None for encoder and neck. Heads whose
            losses read labels gain little.
        **kwargs: Those of ``torch.compile``.
    """

    def __init__(
        self, parts: Sequence[str] | None = None, **kwargs: Any
    ) -> None:
        self.parts = parts
        self.kwargs = kwargs

    def before_train(self, runner: Runner) -> None:
        """Compile."""
        model = bare_model(runner.model)
        for module in model.modules():
            # numpy's numbers, as upstream has them, break the graph.
            if hasattr(module, 'drop_prob'):
                module.drop_prob = float(module.drop_prob)
        names = ('backbone', 'neck') if self.parts is None else self.parts
        for name in names:
            part = getattr(model, name, None)
            if part is not None:
                part.compile(**self.kwargs)
            elif self.parts is not None:
                raise MMSeaIceError(
                    'CompileHook',
                    f'parts of {type(model).__name__}',
                    repr(name),
                    'Parts are attributes of the model, such as backbone.',
                )
        runner.logger.info('Compiled on first use: %s.', ', '.join(names))
