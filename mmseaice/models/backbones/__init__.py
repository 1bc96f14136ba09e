"""Encoders, where upstream's lack something."""

from .masked_vit import MaskedViT

__all__ = ['MaskedViT']
