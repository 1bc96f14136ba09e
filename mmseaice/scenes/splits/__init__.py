"""Which scenes belong to a split, and how to choose them."""

from .folds import fold_groups
from .groups import group_scenes, hold_out
from .leaks import Leak, LeakReport, find_leaks
from .lists import read_split, write_split
from .published import published_splits, read_published_split
from .strata import nested_fractions, representative_order

__all__ = [
    'Leak',
    'LeakReport',
    'find_leaks',
    'fold_groups',
    'group_scenes',
    'hold_out',
    'nested_fractions',
    'published_splits',
    'read_published_split',
    'read_split',
    'representative_order',
    'write_split',
]
