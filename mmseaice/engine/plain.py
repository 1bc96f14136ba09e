"""Turn what a runner keeps into values that load without a pickle.

``torch.load(weights_only=True)`` takes tensors, numbers, strings, lists,
tuples and dicts; a runner also keeps numpy scalars, arrays, config dicts and
history buffers.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

#: Marks an array that is stored as a tensor, and a history buffer.
_ARRAY, _HISTORY = '__array__', '__history__'

_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.Size)


def to_plain(value: Any) -> Any:
    """Rewrite ``value`` with tensors, plain scalars and containers only.

    Args:
        value: Any nesting of dicts, lists and tuples.

    Raises:
        TypeError: If something in it has no plain form.
    """
    # Exact types: numpy's float64 is a subclass of float.
    if type(value) in _PLAIN or isinstance(value, (torch.Tensor, torch.dtype)):
        return value
    if isinstance(value, HistoryBuffer):
        log, count = (torch.as_tensor(array) for array in value.data)
        return {_HISTORY: (log, count, value.max_length)}
    if isinstance(value, np.ndarray):
        if value.dtype.kind in 'biufc':
            return {_ARRAY: torch.from_numpy(value.copy())}
        return to_plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        kind = OrderedDict if isinstance(value, OrderedDict) else dict
        return kind((to_plain(k), to_plain(v)) for k, v in value.items())
    if isinstance(value, tuple):
        return tuple(to_plain(item) for item in value)
    if isinstance(value, AbstractSet):
        return sorted(to_plain(item) for item in value)
    if isinstance(value, (list, range, deque)):
        return [to_plain(item) for item in value]
    if isinstance(value, PathLike):
        return fspath(value)
    for base in (bool, int, float, str):
        if isinstance(value, base):
            return base(value)
    raise TypeError(
        f'a checkpoint must hold plain values, but got '
        f'{type(value).__module__}.{type(value).__qualname__}.'
    )


def from_plain(value: Any) -> Any:
    """Bring arrays and history buffers back from :func:`to_plain`."""
    if isinstance(value, Mapping):
        if value.keys() == {_HISTORY}:
            log, count, max_length = value[_HISTORY]
            log, count = (part.cpu().numpy() for part in (log, count))
            return HistoryBuffer(log, count, max_length)
        if value.keys() == {_ARRAY}:
            return value[_ARRAY].cpu().numpy()
        return type(value)((k, from_plain(v)) for k, v in value.items())
    if type(value) in (list, tuple):
        return type(value)(from_plain(item) for item in value)
    return value
