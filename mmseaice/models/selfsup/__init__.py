"""Learning without labels."""

from .masking import (
    BlockMasking,
    PolarisationMasking,
    RandomMasking,
    RegionMasking,
)
from .sea_ice_mae import SeaIceMAE
from .targets import DespeckledTarget, GradientTarget, PixelTarget

__all__ = [
    'BlockMasking',
    'DespeckledTarget',
    'GradientTarget',
    'PixelTarget',
    'PolarisationMasking',
    'RandomMasking',
    'RegionMasking',
    'SeaIceMAE',
]
