"""Encoders, where upstream's lack something, and those of others."""

from .foreign import ForeignEncoder
from .masked_vit import MaskedViT
from .stem import adapt_stem
from .timm_features import TIMMFeatures
from .unet import UNet

__all__ = ['ForeignEncoder', 'MaskedViT', 'TIMMFeatures', 'UNet', 'adapt_stem']
