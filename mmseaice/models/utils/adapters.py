"""Low-rank updates of an encoder whose own weights stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from ...errors import DependencyError

Weights = dict[str, torch.Tensor]

#: Settings of adapters, of which the update is 2 B A.
ADAPTERS = {'rank': 8, 'alpha': 16, 'targets': None}

#: How peft calls the layer that it stands around, and its own parameters.
_BASE = 'base_layer.'
_DOWN, _UP = 'lora_A.default.weight', 'lora_B.default.weight'

#: A layer or stage within a name: what precedes or follows them stays.
_LAYER = re.compile(r'\b(?:blocks|layers|stages|encoder|layer)[._]?\d+\b')


def add_adapters(
    encoder: nn.Module, rank: int, alpha: float, targets: str | None = None
) -> None:
    """Freeze an encoder, and let low-rank updates of it learn.

    LoRA (Hu et al. 2022, arXiv:2106.09685) of the linear layers: W becomes
    W + alpha / rank B A, where B is zero at first. Weights of an encoder
    without it are loaded as ever.

    Args:
        encoder: Changed in place.
        rank: Of A and B.
        alpha: Weight of the update, times the rank.
        targets: Regular expression that is found in the names of the layers
            to update, such as ``'qkv|proj'``; None for all linear layers.

    Raises:
        DependencyError: If peft is not installed.
        ValueError: If there are no such layers.
    """
    try:
        # No requirement of ours.
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise DependencyError(
            f"tuning='lora' needs peft ({error}). "
            "Mend it with: pip install 'mmseaice[lora]'"
        ) from error
    # That of nn.MultiheadAttention is never called.
    names = [
        key
        for key, module in encoder.named_modules()
        if isinstance(module, nn.Linear)
        and not isinstance(module, NonDynamicallyQuantizableLinear)
        and _LAYER.search(key)
        and re.search(targets or '', key)
    ]
    if not names:
        raise ValueError(
            f"tuning must not be 'lora' for {type(encoder).__name__}, whose "
            'layers hold no linear layer '
            + (f'like {targets!r}' if targets else 'to update')
            + '; take full or probe.'
        )
    encoder.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=names)
    inject_adapter_in_model(config, encoder)
    for name in names:
        layer = encoder.get_submodule(name)
        layer._register_load_state_dict_pre_hook(_take_plain)
    _check_use(encoder, names)


@contextmanager
def without_adapters(encoder: nn.Module) -> Iterator[None]:
    """Take adapters out for a while, so that weights can be drawn or loaded.

    Libraries draw weights of all linear layers they find, adapters included.
    """
    adapted = [
        (key, module)
        for key, module in encoder.named_modules()
        if hasattr(module, 'lora_A')
    ]
    for key, module in adapted:
        encoder.set_submodule(key, module.base_layer)
    try:
        yield
    finally:
        for key, module in adapted:
            encoder.set_submodule(key, module)


def merged_weights(
    weights: Mapping[str, torch.Tensor], scale: float
) -> Weights:
    """Weights of a model without adapters that does the same.

    Args:
        weights: Of a model with adapters.
        scale: alpha / rank.
    """
    merged = {
        key.replace(f'.{_BASE}', '.'): value
        for key, value in weights.items()
        if not key.endswith((_DOWN, _UP))
    }
    for key in [key for key in weights if key.endswith(_UP)]:
        layer = key.removesuffix(_UP)
        update = weights[key] @ weights[f'{layer}{_DOWN}']
        merged[f'{layer}weight'] = merged[f'{layer}weight'] + scale * update
    return merged


def _take_plain(weights: Weights, prefix: str, *args: Any) -> None:
    """Let a layer with an adapter load weights of one without, in place."""
    for name in ('weight', 'bias'):
        if f'{prefix}{name}' in weights:
            value = weights.pop(f'{prefix}{name}')
            weights[f'{prefix}{_BASE}{name}'] = value


def _check_use(encoder: nn.Module, names: list[str]) -> None:
    """Let the first pass raise if it goes past an adapter.

    Some encoders compute with the weight of a layer and not with the layer;
    what an adapter adds would be lost without a word.
    """
    unused = dict.fromkeys(names)

    def use(name: str, *args: Any) -> None:
        unused.pop(name, None)

    def check(*args: Any) -> None:
        for handle in handles:
            handle.remove()
        if unused:
            some = ', '.join(list(unused)[:3])
            raise ValueError(
                f'tuning.targets must name layers that the encoder calls, but '
                f'{len(unused)} of {len(names)} have no effect: {some}. Leave '
                'them out, or let out_indices end with the last layer.'
            )

    handles = [
        encoder.get_submodule(name).register_forward_hook(partial(use, name))
        for name in names
    ]
    handles.append(encoder.register_forward_hook(check))
