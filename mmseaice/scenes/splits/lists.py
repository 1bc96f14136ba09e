"""Scene lists: which scenes belong to a split."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import DatasetError
from ...utils.atomic import atomic_path
from .published import published_splits, read_published_split


def read_split(path: str | os.PathLike) -> list[str]:
    """Read scene ids from a list file, or take a published list.

    Args:
        path: Name of a published list, see :func:`.published_splits`, or a
            file: a JSON file that holds a list of scene ids, or a text file
            with one id per line, where empty lines and what follows a
            ``#`` do not count.

    Returns:
        Scene ids in the order of the file.

    Raises:
        DatasetError: If the file is missing, of another form, empty, or
            names a scene twice.
    """
    if str(path) in published_splits():
        return [scene.scene_id for scene in read_published_split(str(path))]
    path = Path(path)
    try:
        text = path.read_text(encoding='utf-8')
        if path.suffix == '.json':
            names = json.loads(text)
        else:
            lines = (line.partition('#')[0] for line in text.splitlines())
            names = [line.strip() for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise DatasetError(
            path,
            'a readable scene list',
            str(error),
            'Give a text file with one scene id per line, a JSON list, or one '
            f'of {", ".join(published_splits())}.',
        ) from error
    if not isinstance(names, list) or not all(
        isinstance(name, str) for name in names
    ):
        raise DatasetError(
            path,
            'a JSON list of scene ids',
            f'a {type(names).__name__}',
            'Write it as ["20180607T184326_dmi", ...].',
        )
    if not names:
        raise DatasetError(
            path, 'at least one scene id', 'an empty list', 'Fill the list.'
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatasetError(
            path,
            'each scene once',
            f'{", ".join(twice[:3])} more than once',
            'Remove the repeated lines.',
        )
    return names


def write_split(path: str | os.PathLike, scene_ids: Sequence[str]) -> None:
    """Write scene ids in the form that :func:`read_split` reads.

    Args:
        path: File to write, a JSON list if it ends in ``.json``, else text
            with one id per line.
        scene_ids: Scene ids, in the order to keep.
    """
    path = Path(path)
    if path.suffix == '.json':
        text = json.dumps(list(scene_ids), indent=1) + '\n'
    else:
        text = ''.join(f'{scene_id}\n' for scene_id in scene_ids)
    with atomic_path(path) as part:
        part.write_text(text, encoding='utf-8')
