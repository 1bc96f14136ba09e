"""How much of an encoder learns: all, none, its last layers, adapters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from .adapters import ADAPTERS, add_adapters, without_adapters

#: Ways to tune, and the arguments that each takes beside its name.
MODES: dict[str, dict[str, Any]] = {
    'full': {},
    'probe': {},
    'partial': {'layers': 4},
    'lora': ADAPTERS,
}


class TunedEncoderMixin:
    """Lets a model with a ``backbone`` say how much of it learns.

    Put it before the model class. What is frozen gets no gradients and stays
    in evaluation mode, without dropout and with its statistics of batches,
    whatever ``train()`` says.
    """

    def set_tuning(self, tuning: str | dict[str, Any]) -> None:
        """Freeze what should not learn of the backbone, once it is built.

        Args:
            tuning: ``full``; ``probe``, nothing of it; ``partial``, its last
                ``layers``; ``lora``, low-rank updates of its linear layers.
                As a dict with ``mode`` and the arguments of
                :data:`MODES`, where others than the defaults are wanted.

        Raises:
            DependencyError: If ``lora`` is asked for and peft is missing.
            ValueError: If there is no such way, or not for this encoder.
        """
        given = dict(mode=tuning) if isinstance(tuning, str) else dict(tuning)
        mode = given.pop('mode', None)
        if mode not in MODES:
            raise ValueError(
                f'tuning must be one of {", ".join(MODES)}, but got {mode!r}.'
            )
        if unknown := set(given) - set(MODES[mode]):
            raise ValueError(
                f'tuning={mode!r} takes {", ".join(MODES[mode]) or "nothing"} '
                f'beside it, but got {", ".join(sorted(unknown))}.'
            )
        args = MODES[mode] | given
        if mode == 'probe':
            self.backbone.requires_grad_(False)
        elif mode == 'partial':
            freeze_all_but_last(self.backbone, args['layers'])
        elif mode == 'lora':
            add_adapters(self.backbone, **args)

    def init_weights(self) -> None:
        """Draw or load the weights; adapters change nothing at first."""
        with without_adapters(self.backbone):
            super().init_weights()

    def train(self, mode: bool = True) -> TunedEncoderMixin:
        """Set training mode, except for what is frozen."""
        super().train(mode)
        for module in _frozen(self.backbone):
            module.eval()
        return self


def _frozen(module: nn.Module) -> Iterator[nn.Module]:
    """The largest parts that have parameters of which none learns."""
    learns = [p.requires_grad for p in module.parameters()]
    if learns and not any(learns):
        yield module
    elif not all(learns):
        for child in module.children():
            yield from _frozen(child)


def freeze_all_but_last(encoder: nn.Module, layers: int) -> None:
    """Let the last layers of an encoder learn and nothing before.

    What comes after the last layer, such as a norm, learns as well. See He
    et al. 2022 (arXiv:2111.06377, section 4.3).

    Args:
        encoder: With ``get_layer_depth``, as for layer-wise decay.
        layers: How many.

    Raises:
        ValueError: If the encoder does not tell its layers, or has fewer.
    """
    depth_of = getattr(encoder, 'get_layer_depth', None)
    if depth_of is None:
        raise ValueError(
            f'tuning must not be partial for {type(encoder).__name__}, whose '
            'layers are not told; take full, probe or lora.'
        )
    for name, parameter in encoder.named_parameters():
        depth, count = depth_of(name, '')
        # The first depth is what meets the pixels, the last what is behind.
        if not 0 < layers <= count - 2:
            raise ValueError(
                f'tuning.layers must be 1 to {count - 2} for this encoder, '
                f'but got {layers}.'
            )
        if depth < count - 1 - layers:
            parameter.requires_grad_(False)
