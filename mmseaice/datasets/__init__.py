"""Records, the steps that turn them into samples, and their samplers."""

from .ai4arctic import AI4ArcticDataset
from .polar_patch import PolarPatchDataset
from .samplers import BalancedSampler, Draw, EpochSampler
from .splits import read_split, write_split

__all__ = [
    'AI4ArcticDataset',
    'BalancedSampler',
    'Draw',
    'EpochSampler',
    'PolarPatchDataset',
    'read_split',
    'write_split',
]
