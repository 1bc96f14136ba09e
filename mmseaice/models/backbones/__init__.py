"""Encoders, where upstream's lack something, and those of others."""

from .foreign import ForeignEncoder
from .masked_vit import MaskedViT
from .stem import adapt_stem
from .terratorch_backbone import TerraTorchBackbone
from .timm_features import TIMMFeatures
from .unet import UNet

__all__ = [
    'ForeignEncoder',
    'MaskedViT',
    'TIMMFeatures',
    'TerraTorchBackbone',
    'UNet',
    'adapt_stem',
]
