"""What one or more models say of a batch of windows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Literal

import torch
from mmengine.model import BaseModel
from torch import nn

from ..models.heads import RegressionMixin
from ..models.utils import hide_invalid

Precision = Literal['fp32', 'bf16', 'fp16']

PRECISIONS = {
    'fp32': None,
    'bf16': torch.bfloat16,
    'fp16': torch.float16,
}

#: Axes that are reversed, by name.
FLIPS: dict[str, tuple[int, ...]] = {
    'none': (),
    'horizontal': (-1,),
    'vertical': (-2,),
    'both': (-2, -1),
}

#: Name of the map of a quantity's variance over passes.
VARIANCE = 'variance'


class WindowPredictor:
    """Logits of windows, from several passes if asked for.

    One pass gives the logits of the model. Of several, probabilities are
    averaged, and come back as logits; of a quantity, mean and variance.

    Args:
        models: Trained models of the same tasks, on one device; more than
            one is an ensemble.
        flips: Names of :data:`FLIPS`; what is predicted on the mirrored
            window is mirrored back.
        dropout_passes: Passes with dropout left on (Gal and Ghahramani
            2016, arXiv:1506.02142); 0 switches it off.
        precision: 'fp32', 'bf16' or 'fp16' of the forward pass.

    Raises:
        ValueError: If an argument is out of range, or there is no dropout.
    """

    def __init__(
        self,
        models: Sequence[BaseModel],
        flips: Sequence[str] = ('none',),
        dropout_passes: int = 0,
        precision: Precision = 'fp32',
    ) -> None:
        # Convolutions are a quarter faster so, on a CPU as well.
        self.models = [m.to(memory_format=torch.channels_last) for m in models]
        self.flips = [_axes_of(name) for name in dict.fromkeys(flips)]
        self.dropout_passes = dropout_passes
        if precision not in PRECISIONS:
            raise ValueError(
                f'precision must be one of {", ".join(PRECISIONS)}, but got '
                f'{precision!r}.'
            )
        self.precision = PRECISIONS[precision]
        self.tasks = self.models[0].tasks
        self.device = next(self.models[0].parameters()).device
        self._check_members()
        if dropout_passes:
            for model in self.models:
                _leave_dropout_on(model)

    def _check_members(self) -> None:
        """Refuse models that do not predict the same."""
        first = self.models[0]
        for model in self.models[1:]:
            kinds = [
                (task, isinstance(head, RegressionMixin))
                for task, head in model.heads.items()
            ]
            expected = [
                (task, isinstance(head, RegressionMixin))
                for task, head in first.heads.items()
            ]
            if kinds != expected:
                raise ValueError(
                    'Models of an ensemble must have the same tasks and '
                    f'kinds of heads, {expected}, but got {kinds}.'
                )

    @property
    def passes(self) -> int:
        """Forward passes over each window."""
        members = len(self.models) * len(self.flips)
        return members * max(self.dropout_passes, 1)

    @property
    def num_maps(self) -> int:
        """Maps of all tasks together."""
        return sum(
            head.out_channels
            + (self.passes > 1 and isinstance(head, RegressionMixin))
            for head in self.models[0].heads.values()
        )

    def is_quantity(self, task: str) -> bool:
        """Whether a task has one number and no classes."""
        return isinstance(self.models[0].heads[task], RegressionMixin)

    def __call__(
        self, inputs: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Predict windows.

        Args:
            inputs: Normalised windows, (n, C, h, w), on any device.
            valid: Where they have SAR, bool (n, h, w).

        Returns:
            Maps of all tasks in a row, float32 (n, K, h, w) on the device
            of the models; :meth:`split` tells them apart.
        """
        size = inputs.shape[-2:]
        model = self.models[0]
        inputs = inputs.to(self.device, non_blocking=True)
        valid = valid.to(self.device, non_blocking=True)
        inputs = hide_invalid(inputs, valid[:, None])
        inputs = model.data_preprocessor(dict(inputs=inputs))['inputs']
        found = []
        for axes in self.flips:
            for member in self.models:
                for _ in range(max(self.dropout_passes, 1)):
                    found.append(self._pass(member, inputs, axes, size))
        if len(found) == 1:
            return torch.cat(list(found[0].values()), dim=1)
        return torch.cat(
            [self._merge(task, [f[task] for f in found]) for task in found[0]],
            dim=1,
        )

    def _pass(
        self,
        model: BaseModel,
        inputs: torch.Tensor,
        axes: tuple[int, ...],
        size: torch.Size,
    ) -> dict[str, torch.Tensor]:
        """Logits by task of one pass, on the window as it lies."""
        cast = nullcontext()
        if self.precision is not None:
            cast = torch.autocast(self.device.type, dtype=self.precision)
        with torch.inference_mode(), cast:
            if axes:
                inputs = inputs.flip(axes)
            logits = model.whole_logits(inputs)
        return {
            task: (values.flip(axes) if axes else values)[
                ..., : size[0], : size[1]
            ].float()
            for task, values in logits.items()
        }

    def _merge(self, task: str, logits: list[torch.Tensor]) -> torch.Tensor:
        """What several passes say of a task together."""
        stack = torch.stack(logits)
        if self.is_quantity(task):
            mean, variance = stack.mean(dim=0), stack.var(dim=0)
            return torch.cat([mean, variance], dim=1)
        if stack.shape[2] == 1:
            mean = stack.sigmoid().mean(dim=0)
            return mean.logit(eps=torch.finfo(mean.dtype).eps)
        return torch.logsumexp(stack.log_softmax(dim=2), dim=0)

    def split(self, maps: torch.Tensor) -> dict[str, torch.Tensor]:
        """The maps of each task, by name, from (K, ...) of all.

        The variance of a quantity goes by '<TASK>_variance'.
        """
        parts: dict[str, torch.Tensor] = {}
        first = 0
        for task, head in self.models[0].heads.items():
            parts[task] = maps[first : first + head.out_channels]
            first += head.out_channels
            if self.passes > 1 and self.is_quantity(task):
                parts[f'{task}_{VARIANCE}'] = maps[first : first + 1]
                first += 1
        return parts


def _axes_of(name: str) -> tuple[int, ...]:
    if name not in FLIPS:
        raise ValueError(
            f'flips must be among {", ".join(FLIPS)}, but got {name!r}.'
        )
    return FLIPS[name]


def _leave_dropout_on(model: nn.Module) -> None:
    """Let a model in evaluation mode draw its dropout.

    Raises:
        ValueError: If it has none.
    """
    found = [
        module
        for module in model.modules()
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p
    ]
    if not found:
        raise ValueError(
            'dropout_passes must be 0 for a model without dropout. Train it '
            'with dropout_ratio above 0 in its heads, or use flips or '
            'several checkpoints.'
        )
    for module in found:
        module.train()
