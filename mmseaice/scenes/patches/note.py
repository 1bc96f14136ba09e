"""``export.json``: how patches were made, and of which scenes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DatasetError
from ...utils.json_file import write_json
from ...version import __version__
from ..store import SceneStore
from .content import PatchOptions

NOTE = 'export.json'
FORMAT = 'mmseaice patches'
FORMAT_VERSION = 1

#: Attributes of a scene that its patches keep: what leaks are found by, and
#: how its pixels and labels were made.
ATTRIBUTES = (
    *('product_id', 'ice_service', 'acquisition_time', 'absolute_orbit'),
    *('chart_id', 'release', 'mask', 'label_rule', 'footprint'),
)

#: What a reader of the patches needs of options and scenes.
_OPTIONS = ('channels', 'tasks', 'charts', 'cell_min_valid')
_SCENE = ('release', 'mask', 'label_rule')

_REMEDY = 'Export the patches with tools/data/export_patches.py.'


def make_note(
    store: SceneStore,
    scenes: Mapping[str, Mapping[str, Any]],
    options: PatchOptions,
) -> dict[str, Any]:
    """Describe an export before it begins.

    Args:
        store: Store that the patches are cut from.
        scenes: Its scenes to cut, as :meth:`.SceneStore.describe` does.
        options: Options of the export.

    Returns:
        ``options``, with ``store``, ``charts`` and ``cell_min_valid`` of the
        store, and ``scenes``, :data:`ATTRIBUTES` by scene id.
    """
    attrs = options.as_attrs() | {
        'store': store.path.resolve().name,
        'charts': store.options.charts,
        'cell_min_valid': store.options.min_valid,
    }
    kept = {}
    for name, known in scenes.items():
        kept[name] = {key: known[key] for key in ATTRIBUTES if key in known}
        if 'footprint' in known:
            kept[name]['footprint'] = np.asarray(known['footprint']).tolist()
    return {
        'format': FORMAT,
        'format_version': FORMAT_VERSION,
        'software_version': __version__,
        'options': attrs,
        'scenes': kept,
    }


def read_note(root: str | os.PathLike) -> dict[str, Any]:
    """Read how patches were made.

    Args:
        root: Folder of the export.

    Returns:
        What :func:`make_note` says.

    Raises:
        DatasetError: If there is no note, or one of another form.
    """
    path = Path(root) / NOTE
    try:
        note = json.loads(path.read_text(encoding='utf-8'))
        found = note['format'], note['format_version']
        for name in _OPTIONS:
            note['options'][name]
        for attrs in note['scenes'].values():
            for name in _SCENE:
                attrs[name]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            path,
            'the note of a patch export',
            f'{type(error).__name__} ({error})',
            _REMEDY,
        ) from error
    if found != (FORMAT, FORMAT_VERSION):
        raise DatasetError(
            path,
            f'{FORMAT} version {FORMAT_VERSION}',
            f'{found[0]!r} version {found[1]!r}',
            'Export the patches again with this version of mmseaice.',
        )
    return note


def open_folder(root: Path, note: dict[str, Any]) -> None:
    """Make a folder the place of an export, or find that it is.

    Args:
        root: Folder of the export, made if missing.
        note: Note of the export to come.

    Raises:
        DatasetError: If the folder holds something else, or an export with
            other options.
    """
    if (root / NOTE).is_file():
        there, wanted = read_note(root)['options'], note['options']
        differ = [k for k in wanted if there.get(k) != wanted[k]]
        if differ:
            raise DatasetError(
                root,
                ', '.join(f'{k}={wanted[k]!r}' for k in differ),
                'patches exported with '
                + ', '.join(f'{k}={there.get(k)!r}' for k in differ),
                'Repeat these options, or export to another folder.',
            )
    elif root.exists() and (
        not root.is_dir() or any(p.name[0] != '.' for p in root.iterdir())
    ):
        raise DatasetError(
            root,
            'a folder of patches or an empty one',
            'something else',
            'Choose another folder.',
        )
    write_json(root / NOTE, note)
