"""Which scenes belong to a split, and how to choose them."""

from .groups import group_scenes, hold_out
from .lists import read_split, write_split

__all__ = ['group_scenes', 'hold_out', 'read_split', 'write_split']
