"""Records, the steps that turn them into samples, and their samplers."""

from .ai4arctic import AI4ArcticDataset
from .collate import stack_collate
from .npz_patch import NpzPatchDataset
from .polar_patch import PolarPatchDataset
from .samplers import BalancedSampler, Draw, EpochSampler
from .wrappers import ClassBalancedDataset

__all__ = [
    'AI4ArcticDataset',
    'BalancedSampler',
    'ClassBalancedDataset',
    'Draw',
    'EpochSampler',
    'NpzPatchDataset',
    'PolarPatchDataset',
    'stack_collate',
]
