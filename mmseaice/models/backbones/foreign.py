"""Encoders of other libraries, with the weights these publish.

A file holds an encoder by the names of its library; here it is a part of a
backbone, has other channels and may see images of another size.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import nn

from .stem import adapt_stem

Weights = dict[str, torch.Tensor]

#: How the names of the library's weights begin in ours.
_PART = 'body.'


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

    @abstractmethod
    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Feature maps, (N, C', H', W') each, of images, (N, C, H, W)."""

    def init_weights(self) -> None:
        """Load the weights, and leave those that the library drew."""
        if self.init_cfg:
            super().init_weights()
        self._is_init = True

    def own_names(self, weights: Mapping[str, torch.Tensor]) -> Weights:
        """Weights of a file by their names here, otherwise as they are."""
        if _are_ours(weights):
            return dict(weights)
        known = self.body.state_dict()
        weights = self.cleaned(weights)
        return {
            f'{_PART}{key}' if key in known else key: value
            for key, value in weights.items()
        }

    def cleaned(self, weights: Mapping[str, torch.Tensor]) -> Weights:
        """Weights of a file by the names of the encoder; to be overridden."""
        return dict(weights)

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
        if _are_ours(found):
            weights.update({f'{prefix}{key}': v for key, v in found.items()})
            return
        ours = self.own_names(found)
        inner = {
            key.removeprefix(_PART): ours.pop(key)
            for key in list(ours)
            if key.startswith(_PART)
        }
        if self._first in inner:
            channels = self.body.state_dict()[self._first].shape[1]
            inner[self._first] = adapt_stem(
                inner[self._first], channels, self.stem
            )
        if inner:
            inner = self.resized(inner)
        ours |= {f'{_PART}{key}': value for key, value in inner.items()}
        weights.update({f'{prefix}{key}': v for key, v in ours.items()})


def _are_ours(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether they come from a backbone like this and not from a library."""
    return any(key.startswith(_PART) for key in weights)


def tokens_to_map(tokens: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """Tokens of patches as a map; others, such as a class token, come first.

    Args:
        tokens: (N, L, C'), with the patches of ``grid`` last, row by row.
        grid: Rows and columns.

    Returns:
        (N, C', rows, columns).
    """
    patches = tokens[:, -math.prod(grid) :]
    return patches.transpose(1, 2).unflatten(2, grid)


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
