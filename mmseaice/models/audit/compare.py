"""Compare a model part with the checkpoint it is loaded from.

Upstream only warns when a pre-trained encoder does not fit, and trains from
random numbers. The verdict here rests on keys and shapes: values prove
little, since biases and norms are zeros and ones in any fresh model. They
show one thing, that a tensor was overwritten after it had been loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from ...engine import checkpoint as _  # noqa: F401 makes the loader strict
from ...errors import CheckpointError, LoadAuditError
from ..backbones.foreign import ForeignEncoder
from .report import AuditRow, LoadAudit, Shape

Weights = Mapping[str, torch.Tensor]


def audit_loading(
    model_part: nn.Module,
    checkpoint: str | Path,
    prefix: str | None = None,
    weights: Weights | None = None,
    *,
    before: bool = False,
) -> LoadAudit:
    """Judge every tensor of a model part and of its checkpoint.

    Args:
        model_part: Usually the backbone.
        checkpoint: File or web address of the weights.
        prefix: Keys of the checkpoint that are meant, such as 'backbone.'.
            None for all.
        weights: What the checkpoint holds, if it has been read already.
        before: The part is not loaded yet: say what will happen.

    Returns:
        The audit; its ``check`` raises if the encoder did not arrive.

    Raises:
        CheckpointError: If the file cannot be read safely.
        LoadAuditError: If the model cannot adapt a tensor of the file.
    """
    weights = read_weights(checkpoint) if weights is None else weights
    source = _below(weights, prefix)
    arriving = _adapted(model_part, source, str(checkpoint))
    if isinstance(model_part, ForeignEncoder):
        source = model_part.own_names(source)
    own = model_part.state_dict()
    rows = tuple(
        _judge(key, source.get(key), arriving.get(key), own.get(key), before)
        for key in dict.fromkeys([*own, *source])
    )
    if isinstance(model_part, ForeignEncoder):
        stem = model_part.first_weight
    else:
        # The first weight with two spatial axes is the one that meets pixels.
        stem = next((key for key, value in own.items() if value.ndim == 4), '')
    return LoadAudit(
        str(checkpoint), rows, stem, _prefix_hint(weights, prefix, stem)
    )


def _judge(
    key: str,
    source: torch.Tensor | None,
    arriving: torch.Tensor | None,
    own: torch.Tensor | None,
    before: bool,
) -> AuditRow:
    """The verdict on one tensor, as in the file, adapted, and held."""
    shapes = _shape(source), _shape(own)
    if own is None:
        return AuditRow(key, *shapes, 'unused')
    if arriving is None or arriving.shape != own.shape:
        return AuditRow(key, *shapes, 're-drawn')
    if not before and not torch.equal(arriving.to(own), own):
        return AuditRow(key, *shapes, 're-drawn', overwritten=True)
    same = shapes[0] == shapes[1]
    return AuditRow(key, *shapes, 'loaded' if same else 'resized')


def read_weights(checkpoint: str | Path) -> Weights:
    """Weights of a checkpoint, read by the same strict rules as in a run.

    Raises:
        CheckpointError: If it holds no weights where a run looks for them.
    """
    held = CheckpointLoader.load_checkpoint(
        str(checkpoint), map_location='cpu', logger='silent'
    )
    weights = held.get('state_dict', held)
    others = [k for k, v in weights.items() if not isinstance(v, torch.Tensor)]
    if others:
        raise CheckpointError(
            checkpoint,
            'weights by their names, or "state_dict" with these',
            f'other things as {", ".join(map(repr, others[:3]))}',
            'Save the weights it holds there by themselves.',
        )
    return weights


def _below(weights: Weights, prefix: str | None) -> dict[str, torch.Tensor]:
    """Weights whose key begins with ``prefix``, without it."""
    prefix = f'{prefix.rstrip(".")}.' if prefix else ''
    return {
        key.removeprefix(prefix): value
        for key, value in weights.items()
        if key.startswith(prefix)
    }


def _adapted(
    model_part: nn.Module, source: Weights, checkpoint: str
) -> dict[str, torch.Tensor]:
    """The weights after the model's own hooks, which resize some of them."""
    arriving = dict(source)
    for name, module in model_part.named_modules():
        prefix = f'{name}.' if name else ''
        for hook in module._load_state_dict_pre_hooks.values():
            try:
                hook(arriving, prefix, {}, True, [], [], [])
            except (AssertionError, RuntimeError) as error:
                raise LoadAuditError(
                    checkpoint,
                    f'tensors that {type(module).__name__} can resize',
                    f'others ({error})',
                    'Pre-train on square images.',
                ) from error
    return arriving


def _prefix_hint(weights: Weights, prefix: str | None, stem: str) -> str:
    """Where the checkpoint keeps the patch embedding, if elsewhere."""
    places = [key.removesuffix(stem) for key in weights if key.endswith(stem)]
    if not stem or not places or places[0] == (prefix or ''):
        return ''
    return f'The encoder of this file lies below prefix={places[0]!r}.'


def _shape(tensor: torch.Tensor | None) -> Shape | None:
    return None if tensor is None else tuple(tensor.shape)
