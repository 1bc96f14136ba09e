"""Which patches and channels a masked autoencoder does not see."""

from .block import BlockMasking
from .polarisation import PolarisationMasking
from .random import RandomMasking
from .region import RegionMasking

__all__ = [
    'BlockMasking',
    'PolarisationMasking',
    'RandomMasking',
    'RegionMasking',
]
