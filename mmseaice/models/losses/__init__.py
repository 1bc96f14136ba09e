"""Losses that divide by what is valid."""

from .cross_task import CrossTaskLoss, read_concentration, read_water
from .dice import ValidDiceLoss
from .focal import ValidFocalLoss
from .ordinal import OrdinalLoss
from .polygon import PolygonLoss
from .reconstruction import MaskedPixelLoss
from .reduction import sum_over_ranks, valid_mean
from .valid_pixel import (
    MaskedMSELoss,
    ValidCrossEntropyLoss,
    ValidLoss,
    ValidPixelLoss,
)
from .water_consistency import WaterConsistencyLoss

__all__ = [
    'CrossTaskLoss',
    'MaskedMSELoss',
    'MaskedPixelLoss',
    'OrdinalLoss',
    'PolygonLoss',
    'ValidCrossEntropyLoss',
    'ValidDiceLoss',
    'ValidFocalLoss',
    'ValidLoss',
    'ValidPixelLoss',
    'WaterConsistencyLoss',
    'read_concentration',
    'read_water',
    'sum_over_ranks',
    'valid_mean',
]
