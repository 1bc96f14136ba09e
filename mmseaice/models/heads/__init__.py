"""Heads that upstream lacks: regression twins and masked reconstruction."""

from .masked_reconstruction import MaskedReconstructionHead
from .regression import (
    RegressionASPPHead,
    RegressionFCNHead,
    RegressionMixin,
    RegressionSegformerHead,
    RegressionUPerHead,
)

__all__ = [
    'MaskedReconstructionHead',
    'RegressionASPPHead',
    'RegressionFCNHead',
    'RegressionMixin',
    'RegressionSegformerHead',
    'RegressionUPerHead',
]
