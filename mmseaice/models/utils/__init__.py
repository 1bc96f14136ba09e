"""Tensor steps that several models share."""

from .frozen_encoder import FrozenEncoderMixin
from .refine import refine_bilinear, refine_nearest
from .sliding import slide_windows, window_starts
from .validity import find_seen_patches, hide_invalid, stack_valid

__all__ = [
    'FrozenEncoderMixin',
    'find_seen_patches',
    'hide_invalid',
    'refine_bilinear',
    'refine_nearest',
    'slide_windows',
    'stack_valid',
    'window_starts',
]
