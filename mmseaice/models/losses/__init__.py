"""Losses that divide by what is valid."""

from .reconstruction import MaskedPixelLoss
from .reduction import valid_mean
from .valid_pixel import (
    MaskedMSELoss,
    ValidCrossEntropyLoss,
    ValidPixelLoss,
)

__all__ = [
    'MaskedMSELoss',
    'MaskedPixelLoss',
    'ValidCrossEntropyLoss',
    'ValidPixelLoss',
    'valid_mean',
]
