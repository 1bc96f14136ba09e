"""Tensor steps that several models share."""

from .blending import BLENDS, BandAccumulator, Blend, blend_weights
from .frozen_encoder import FrozenEncoderMixin
from .refine import FinePixels, refine_bilinear, refine_nearest
from .sliding import slide_windows, window_starts
from .validity import find_seen_patches, hide_invalid, stack_valid

__all__ = [
    'BLENDS',
    'BandAccumulator',
    'Blend',
    'FinePixels',
    'FrozenEncoderMixin',
    'blend_weights',
    'find_seen_patches',
    'hide_invalid',
    'refine_bilinear',
    'refine_nearest',
    'slide_windows',
    'stack_valid',
    'window_starts',
]
