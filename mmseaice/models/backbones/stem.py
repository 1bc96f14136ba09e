"""First layers, for other channels than they were trained on."""

from __future__ import annotations

import torch

#: How weights for some channels become weights for others.
STEMS = ('average', 'repeat', 'random')

_SALT = 0x57E3


def adapt_stem(
    weight: torch.Tensor, channels: int, stem: str = 'average'
) -> torch.Tensor:
    """Weights of a first convolution for another number of channels.

    Outputs keep their size: with the mean over the trained channels, a layer
    gives what it gave where all channels hold the same image.

    Args:
        weight: (D, C, ...), as trained.
        channels: C wanted.
        stem: ``average`` gives each channel the mean over the trained ones;
            ``repeat`` takes these in turn; ``random`` draws anew, with the
            mean and spread of outputs that the trained ones have.

    Returns:
        (D, channels, ...); ``weight`` itself if the numbers agree, except
        for ``random``.

    Raises:
        ValueError: If there is no such way.
    """
    if stem not in STEMS:
        raise ValueError(
            f'stem must be one of {", ".join(STEMS)}, but got {stem!r}.'
        )
    trained = weight.shape[1]
    if stem == 'random':
        shape = (len(weight), channels, *weight.shape[2:])
        # The same at every call in a run, so that loading can be audited,
        # and unlike what the run itself draws.
        generator = torch.Generator()
        generator.manual_seed((torch.initial_seed() + _SALT) % 2**63)
        spread = float(weight.std()) * (trained / channels) ** 0.5
        drawn = torch.randn(shape, generator=generator) * spread
        mean = weight.mean().cpu() * (trained / channels)
        return (drawn + mean).to(weight)
    if channels == trained:
        return weight
    if stem == 'average':
        mean = weight.mean(1, keepdim=True) * (trained / channels)
        return mean.repeat_interleave(channels, dim=1)
    order = torch.arange(channels, device=weight.device) % trained
    return weight[:, order] * (trained / channels)
