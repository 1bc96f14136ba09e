"""Encoders of other libraries, with the weights these publish.

A file holds an encoder by the names of its library; here it is a part of a
backbone, has other channels and may see images of another size.
"""

from __future__ import annotations

import itertools
import math
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import nn

from .stem import adapt_stem

Weights = dict[str, torch.Tensor]

#: How the names of the library's weights begin in ours.
_PART = 'body.'

#: A layer or stage within a name.
_LAYER = re.compile(r'\b(?:blocks|layers|stages|encoder)[._]?(\d+)\b')

#: Tokens of classes and registers that an encoder may have.
_OTHERS = 8


class ForeignEncoder(BaseModule):
    """A backbone around an encoder, and the way of weights into it.

    Derive from it, build the encoder, and give feature maps in ``forward``.
    Weights come by ``init_cfg=dict(type='Pretrained', checkpoint=...)``: a
    file, ``hf://organisation/repository/file``, or none for random ones.
    They are audited like those of our own encoders.

    Args:
        encoder: The library's encoder.
        first: Name of its first layer, which meets the channels.
        stem: How weights of that for other channels are taken over, see
            :func:`adapt_stem`.
        init_cfg: Where the weights are.
    """

    def __init__(
        self,
        encoder: nn.Module,
        first: str,
        stem: str = 'average',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.body = encoder
        self.stem = stem
        self._first = f'{first}.weight'
        self._register_load_state_dict_pre_hook(self._translate)

    @property
    def first_weight(self) -> str:
        """Name of the weight that meets the channels."""
        return f'{_PART}{self._first}'

    @abstractmethod
    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Feature maps, (N, C', H', W') each, of images, (N, C, H, W)."""

    def init_weights(self) -> None:
        """Load the weights, and leave those that the library drew."""
        if self.init_cfg:
            super().init_weights()
        self._is_init = True

    def get_layer_depth(
        self, param_name: str, prefix: str = ''
    ) -> tuple[int, int]:
        """Depth of a parameter, for learning rates that decay by layers.

        Args:
            param_name: Name of the parameter.
            prefix: How names of this encoder begin.

        Returns:
            From 0 for what meets the pixels to the last, and how many.
        """
        names = [name for name, _ in self.named_parameters()]
        layers = [int(m[1]) for m in map(_LAYER.search, names) if m]
        count = max(layers, default=-1) + 3
        match = _LAYER.search(param_name.removeprefix(prefix))
        if match:
            return int(match[1]) + 1, count
        last = 'norm' in param_name.removeprefix(prefix).partition('.')[2][:5]
        return (count - 1 if last else 0), count

    def own_names(self, weights: Mapping[str, torch.Tensor]) -> Weights:
        """Weights of a file by their names here, otherwise as they are."""
        if _are_ours(weights):
            return dict(weights)
        known = self.body.state_dict()
        return {
            f'{_PART}{key}' if key in known else key: value
            for key, value in self.cleaned(weights).items()
        }

    def cleaned(self, weights: Mapping[str, torch.Tensor]) -> Weights:
        """Weights of a file by the names of the encoder.

        Here, names may differ by what they begin with.
        """
        return match_prefix(weights, self.body.state_dict())

    def resized(self, weights: Weights) -> Weights:
        """Weights for images of the size here; to be overridden.

        Args:
            weights: By the names of the encoder, with its channels.
        """
        return weights

    def _translate(self, weights: Weights, prefix: str, *args: Any) -> None:
        """Turn what a file holds into what this encoder does, in place."""
        found = {
            key.removeprefix(prefix): weights.pop(key)
            for key in list(weights)
            if key.startswith(prefix)
        }
        ours = self.own_names(found)
        inner = {
            key.removeprefix(_PART): ours.pop(key)
            for key in list(ours)
            if key.startswith(_PART)
        }
        known = self.body.state_dict()
        first = inner.get(self._first)
        # What was trained here has its channels already.
        if first is not None and first.ndim > 3 and not _are_ours(found):
            channels = known[self._first].shape[1]
            inner[self._first] = adapt_stem(first, channels, self.stem)
        both = known.keys() & inner
        if any(known[key].shape != inner[key].shape for key in both):
            inner = self.resized(inner)
        ours |= {f'{_PART}{key}': value for key, value in inner.items()}
        weights.update({f'{prefix}{key}': v for key, v in ours.items()})


def match_prefix(
    weights: Mapping[str, torch.Tensor], known: Mapping[str, torch.Tensor]
) -> Weights:
    """Weights by other names, of which those that fit begin as known ones.

    Args:
        weights: Of a file, where names begin as whatever held the encoder.
        known: Of the encoder.

    Returns:
        All of ``weights``. Of all ways to take a beginning away and put
        another in its place, the one by which most names are known.

    Raises:
        ValueError: If several parts of the file would fit equally well.
    """
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    most = 0
    for old, new in itertools.product(
        _beginnings(weights), _beginnings(known)
    ):
        arriving = tuple(
            key
            for key in weights
            if key.startswith(old) and new + key.removeprefix(old) in known
        )
        if len(arriving) > most:
            most, found = len(arriving), {}
        if arriving and len(arriving) == most:
            found.setdefault(arriving, (old, new))
    if 2 * most < len(known):
        # Of another encoder, which the audit will tell.
        return dict(weights)
    if len(found) > 1:
        places = ' and '.join(repr(old) for old, _ in found.values())
        raise ValueError(
            f'Encoders that fit lie below {places}: say which with prefix.'
        )
    ((arriving, (old, new)),) = found.items()
    chosen = {new + key.removeprefix(old): weights[key] for key in arriving}
    # Another of the same name belongs to something else in the file.
    others = {k: v for k, v in weights.items() if k not in arriving}
    return {k: v for k, v in others.items() if k not in known} | chosen


def _beginnings(names: Iterable[str]) -> list[str]:
    """Nothing, and what comes before the first dot or the second."""
    found = {''}
    for name in names:
        parts = name.split('.')
        found |= {'.'.join(parts[:n]) + '.' for n in (1, 2) if len(parts) > n}
    return sorted(found)


def _are_ours(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether they come from a backbone like this and not from a library."""
    return any(key.startswith(_PART) for key in weights)


def tokens_to_map(tokens: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Tokens of square patches as a map.

    Args:
        tokens: (N, L, C'): a few others, such as a class token, and then
            the patches, row by row.
        size: H and W of the image.

    Returns:
        (N, C', H / patch, W / patch).

    Raises:
        ValueError: If the tokens are none of such patches.
    """
    for others in range(_OTHERS + 1):
        patches = tokens.shape[1] - others
        patch = math.isqrt(math.prod(size) // max(patches, 1))
        if patch and not (size[0] % patch or size[1] % patch):
            grid = size[0] // patch, size[1] // patch
            if math.prod(grid) == patches:
                return tokens[:, others:].transpose(1, 2).unflatten(2, grid)
    raise ValueError(
        f'{tokens.shape[1]} tokens are no square patches of an image of '
        f'{size[0]} x {size[1]} pixels.'
    )


def spread_indices(depth: int, count: int = 4) -> list[int]:
    """Numbers of layers, evenly apart, the last one included."""
    count = min(count, depth)
    return [depth * (step + 1) // count - 1 for step in range(count)]


def checked_indices(
    indices: Sequence[int] | None, depth: int, default: Sequence[int]
) -> list[int]:
    """Numbers of layers from 0, of which negative ones count from the end.

    Raises:
        ValueError: If there is no such layer.
    """
    indices = list(default if indices is None else indices)
    if bad := [i for i in indices if not -depth <= i < depth]:
        raise ValueError(
            f'out_indices must be below {depth}, the layers of this encoder, '
            f'but got {bad}.'
        )
    return [i % depth for i in indices]
