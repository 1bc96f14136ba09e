"""Patches of fixed size, cut out of scenes once and for all.

An export is a folder::

    patches.csv           one row per patch, see :class:`Patch`
    train.txt, val.txt    ids of the patches on each side of the split
    export.json           the options, and what is known of each scene
    patches/SCENE/*.npz   the pixels of each patch
    patches/SCENE/patches.csv   its rows, there once the scene is done
"""

from .content import PatchOptions
from .export import PatchReport, export_patches
from .files import missing_files, read_patch, write_patch
from .note import read_note
from .sampler import PatchSampler, Window
from .split import split_patches
from .table import Patch, read_patch_table, write_patch_table

__all__ = [
    'Patch',
    'PatchOptions',
    'PatchReport',
    'PatchSampler',
    'Window',
    'export_patches',
    'missing_files',
    'read_note',
    'read_patch',
    'read_patch_table',
    'split_patches',
    'write_patch',
    'write_patch_table',
]
