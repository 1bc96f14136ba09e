"""From samples to the batch that a data-loader worker hands over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import get_worker_info

from ..registry import FUNCTIONS
from ..structures import SampleStack, SeaIceDataSample
from .shared_batches import share


@FUNCTIONS.register_module()
def stack_collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Collate packed samples into as few tensors as possible.

    In a data-loader worker they lie in shared memory that is used again
    once the batch is gone. What cannot be stacked, for its size or its
    kind, stays a list, as mmengine's ``pseudo_collate`` gives it.

    Args:
        samples: What a data set gives, with ``inputs``.

    Returns:
        ``inputs``, float32 (N, C, H, W); ``data_samples``, a
        :class:`~mmseaice.structures.SampleStack`; other keys as lists. In
        a worker it is a parcel, which becomes that batch on arrival.
    """
    batch = pseudo_collate(samples)
    stacks = {'inputs': batch['inputs']}
    packed = batch.get('data_samples')
    if packed and all(isinstance(s, SeaIceDataSample) for s in packed):
        for name in dict.fromkeys(key for s in packed for key, _ in s.items()):
            stacks[name] = [
                s.get(name).data if name in s else None for s in packed
            ]
    if not all(map(_alike, stacks.values())):
        return batch
    rest = {key: batch[key] for key in batch if key != 'inputs'}
    if len(stacks) > 1:
        rest['data_samples'] = [sample.metainfo for sample in packed]
    if get_worker_info() is not None:
        return share(stacks, _assemble, rest)
    tensors = {name: torch.stack(list(t)) for name, t in stacks.items()}
    return _assemble(tensors, rest)


def _alike(tensors: Sequence[torch.Tensor | None]) -> bool:
    """Whether tensors can be stacked."""
    if any(tensor is None for tensor in tensors):
        return False
    return len({(tensor.shape, tensor.dtype) for tensor in tensors}) == 1


def _assemble(
    tensors: dict[str, torch.Tensor], rest: dict[str, Any]
) -> dict[str, Any]:
    """The batch of stacked tensors and what came beside them."""
    inputs = tensors.pop('inputs')
    if tensors:
        metas = rest['data_samples']
        rest = rest | {'data_samples': SampleStack.of(tensors, metas)}
    return {'inputs': inputs, **rest}
