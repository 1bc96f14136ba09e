"""Batches in shared memory that is used again and again.

A data-loader worker hands its tensors over in shared memory, new for every
batch. The system clears each page of it, twice maps it, and takes it back:
longer than it takes to read the crops. Here a worker keeps a few buffers.
The training process maps each of them once, and gives it free when the last
tensor in it is gone.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..utils.processes import is_alive

#: The first byte of a buffer says whether it is in use.
_HEADER = 64
_ALIGNMENT = 64
_FREE, _IN_USE = 0, 1

#: Shape and kind of a tensor, and where it begins in its buffer.
Place = tuple[tuple[int, ...], torch.dtype, int]

#: Makes a batch of stacked tensors and what came beside them.
Assemble = Callable[[dict[str, torch.Tensor], Any], Any]


class _Buffer:
    """Shared memory of a worker."""

    def __init__(self, number: int, size: int) -> None:
        self.key = (os.getpid(), number)
        self.bytes = torch.zeros(size, dtype=torch.uint8).share_memory_()
        self.known = False

    @property
    def free(self) -> bool:
        return self.bytes[0].item() == _FREE


@dataclass
class _Parcel:
    """A filled buffer on its way, and what to make of it on arrival."""

    buffer: _Buffer
    places: dict[str, Place]
    assemble: Assemble
    rest: Any

    def __reduce__(self) -> tuple:
        # Only the first time does the receiver need to map the memory.
        memory = None if self.buffer.known else self.buffer.bytes
        self.buffer.known = True
        arguments = (memory, self.places, self.assemble, self.rest)
        return _unpack, (self.buffer.key, *arguments)


_own: list[_Buffer] = []
_mapped: dict[tuple[int, int], np.ndarray] = {}


def share(
    stacks: Mapping[str, Sequence[torch.Tensor]],
    assemble: Assemble,
    rest: Any,
) -> _Parcel:
    """Stack tensors in a shared buffer. To be called in a worker.

    Args:
        stacks: Tensors of one shape and dtype each, by name.
        assemble: Function of a module, called on arrival with the stacked
            tensors by name, shape (N, ...), and ``rest``.
        rest: What else travels, small.

    Returns:
        What arrives in the other process as the result of ``assemble``.
    """
    places, end = {}, _HEADER
    for name, tensors in stacks.items():
        shape = (len(tensors), *tensors[0].shape)
        places[name] = (shape, tensors[0].dtype, end)
        size = tensors[0].nbytes * len(tensors)
        end += -(-size // _ALIGNMENT) * _ALIGNMENT
    buffer = _free_buffer(end)
    buffer.bytes[0] = _IN_USE
    for name, out in _views(buffer.bytes, places).items():
        torch.stack(list(stacks[name]), out=out)
    return _Parcel(buffer, places, assemble, rest)


def _free_buffer(size: int) -> _Buffer:
    """A buffer that nobody reads any more, or a new one."""
    if _own and _own[0].key[0] != os.getpid():
        # Inherited from the process that this one was forked from.
        _own.clear()
    number = len(_own)
    for buffer in _own:
        if buffer.free:
            if len(buffer.bytes) >= size:
                return buffer
            number = buffer.key[1]
    # In place of a free one that is too small, under its key.
    buffer = _Buffer(number, size)
    _own[number : number + 1] = [buffer]
    return buffer


def _views(
    memory: torch.Tensor, places: Mapping[str, Place]
) -> dict[str, torch.Tensor]:
    """The tensors of a buffer."""
    views = {}
    for name, (shape, dtype, start) in places.items():
        size = int(np.prod(shape)) * dtype.itemsize
        views[name] = memory[start : start + size].view(dtype).view(shape)
    return views


def _unpack(
    key: tuple[int, int],
    memory: torch.Tensor | None,
    places: dict[str, Place],
    assemble: Assemble,
    rest: Any,
) -> Any:
    """Receive a parcel."""
    if memory is not None:
        _forget_dead_workers()
        _mapped[key] = memory.numpy()
    mapped = _mapped[key]
    # Lives as long as a tensor does that looks into the buffer.
    lease = mapped[:]
    weakref.finalize(lease, _give_free, mapped, os.getpid())
    return assemble(_views(torch.from_numpy(lease), places), rest)


def _give_free(mapped: np.ndarray, owner: int) -> None:
    # A fork has a copy of the lease; the memory is the same.
    if os.getpid() == owner:
        mapped[0] = _FREE


def _forget_dead_workers() -> None:
    """Unmap the memory of workers that have ended."""
    for key in list(_mapped):
        if not is_alive(key[0]):
            _mapped.pop(key, None)
