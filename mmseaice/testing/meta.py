"""Models of any size that take no memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock


@contextmanager
def on_meta_device() -> Iterator[None]:
    """Build models whose weights have shapes and no values.

    It is ``torch.device('meta')`` for all but ``torch.linspace``, from which
    upstream's ConvNeXt, Swin and SegFormer read their rates of drop path.
    """
    import torch

    readable = partial(torch.linspace, device='cpu')
    patch = mock.patch.object(torch, 'linspace', readable)
    with patch, torch.device('meta'):
        yield
