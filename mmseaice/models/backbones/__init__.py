"""Encoders, where upstream's lack something."""

from .masked_vit import MaskedViT
from .unet import UNet

__all__ = ['MaskedViT', 'UNet']
