"""Fill a model with all weights of a checkpoint, or refuse."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import is_model_wrapper
from torch import nn

from ..errors import CheckpointError

#: Differences that an error names before it only counts them.
MOST = 3


def bare_model(model: nn.Module) -> nn.Module:
    """The model itself, without what distributes it."""
    return model.module if is_model_wrapper(model) else model


def load_weights(
    model: nn.Module, checkpoint: str | os.PathLike, content: Mapping
) -> None:
    """Load weights; every one of the model and of the file must have a home.

    Upstream only warns of those that do not fit, and goes on with random
    numbers.

    Args:
        model: Model to fill, not wrapped.
        checkpoint: Where the weights came from, for the message.
        content: What the file holds: ``state_dict`` and more, or a bare
            state dict.

    Raises:
        CheckpointError: If names or shapes differ, with the first few.
    """
    weights = {
        re.sub(r'^module\.', '', name): value
        for name, value in content.get('state_dict', content).items()
    }
    try:
        model.load_state_dict(weights)
    except (RuntimeError, AssertionError) as error:
        lines = _differences(model.state_dict(), weights) or [str(error)]
        if len(lines) > MOST:
            lines[MOST:] = [f'and {len(lines) - MOST} more']
        raise CheckpointError(
            checkpoint,
            f'the weights of the {type(model).__name__} in the config',
            'these differences:\n  ' + '\n  '.join(lines) + '\n',
            'Give the config that the checkpoint was trained with.',
        ) from error


def _differences(own: Mapping, given: Mapping[str, Any]) -> list[str]:
    """Wrong shapes, missing names and unknown names, one line for each."""
    lines = [
        f'{name} is {_text(given[name])} instead of {_text(value)}'
        for name, value in own.items()
        if name in given and _text(given[name]) != _text(value)
    ]
    lines += [f'{name} is missing' for name in own if name not in given]
    lines += [
        f'{name} is none of the model' for name in given if name not in own
    ]
    return lines


def _text(value: Any) -> str:
    """A tensor's shape as '192 x 2 x 8 x 8'."""
    if not isinstance(value, torch.Tensor):
        return f'a {type(value).__name__}'
    return ' x '.join(map(str, value.shape)) or 'a scalar'
