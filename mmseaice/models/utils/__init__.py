"""Tensor steps that several models share."""

from .adapters import ADAPTERS, merged_weights
from .blending import BLENDS, BandAccumulator, Blend, blend_weights
from .refine import FinePixels, refine_bilinear, refine_nearest
from .sliding import slide_windows, window_starts
from .tuning import TunedEncoderMixin
from .validity import find_seen_patches, hide_invalid, stack_valid

__all__ = [
    'ADAPTERS',
    'BLENDS',
    'BandAccumulator',
    'Blend',
    'FinePixels',
    'TunedEncoderMixin',
    'blend_weights',
    'find_seen_patches',
    'hide_invalid',
    'merged_weights',
    'refine_bilinear',
    'refine_nearest',
    'slide_windows',
    'stack_valid',
    'window_starts',
]
