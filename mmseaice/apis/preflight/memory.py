"""How much memory a training step takes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import nn

#: Bytes for each trained number: itself, its gradient and two moments.
_TRAINED = 16


def state_bytes(model: nn.Module) -> int:
    """Memory of weights, gradients and the state of AdamW, float32."""
    parameters = list(model.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    rest = sum(p.numel() for p in parameters if not p.requires_grad)
    return _TRAINED * trained + 4 * rest


def checkpoint_bytes(model: nn.Module) -> int:
    """Size of a checkpoint: weights and two moments, float32."""
    buffers = sum(b.numel() * b.element_size() for b in model.buffers())
    return sum(4 * p.numel() * (3 if p.requires_grad else 1)
               for p in model.parameters()) + buffers  # fmt: skip


@contextmanager
def saved_bytes(model: nn.Module) -> Iterator[list[int]]:
    """Count what a forward pass keeps for the backward one.

    The list holds one number after the block: bytes of all tensors that
    autograd saved, each storage once, weights left out. It is the same on
    any device, so a step on a CPU tells what a GPU needs.
    """
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    # The tensors are kept so that no address is used twice.
    kept: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        address = tensor.untyped_storage().data_ptr()
        if address not in weights:
            kept[address] = tensor
        return tensor

    total: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        yield total
    total.append(sum(t.untyped_storage().nbytes() for t in kept.values()))


def batch_bytes(
    model: BaseModel, batch: Mapping[str, Any], batch_size: int
) -> float:
    """What a forward pass of a batch keeps, from one crop and from two.

    They tell apart what each crop keeps and what is kept once, such as the
    weights in bfloat16.

    Args:
        model: Model in training mode, on its device.
        batch: Two crops or more, as a data loader gives them.
        batch_size: Crops of the batch to tell of.
    """
    kept = []
    for crops in (1, 2):
        part = {key: _first(value, crops) for key, value in batch.items()}
        data = model.data_preprocessor(part, True)
        with saved_bytes(model) as saved:
            model(**data, mode='loss')
        kept += saved
    return kept[0] + (kept[1] - kept[0]) * (batch_size - 1)


def _first(values: Any, count: int) -> Any:
    """A copy of the first of them, which holds no memory of the others."""
    if isinstance(values, torch.Tensor):
        return values[:count].clone()
    return copy.deepcopy(values[:count])
