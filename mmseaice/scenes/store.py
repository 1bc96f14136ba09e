"""A store of scenes, opened for reading."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import MissingChannelError, StoreError
from .store_format import FORMAT, FORMAT_VERSION, StoreOptions
from .stored_scene import Crop, StoredScene, open_group

__all__ = [
    'SOURCES',
    'Crop',
    'SceneStore',
    'StoredScene',
    'list_scenes',
    'note_of',
    'read_root',
    'skipped_sources',
]

#: Hidden folder of notes on scenes that are not there (yet).
SOURCES = '.sources'

_REBUILD = 'Build the store again with this version of mmseaice.'


class SceneStore:
    """A store of scenes, as ``build_store`` writes it.

    Safe to fork and to pickle: no file stays open.

    Args:
        path: Folder of the store.
        allow_incomplete: Whether a store whose build has not finished may
            be read, with the scenes that are there.

    Raises:
        StoreError: If there is no store, it is of another format, or its
            build has not finished.
    """

    def __init__(
        self, path: str | Path, *, allow_incomplete: bool = False
    ) -> None:
        self.path = Path(path)
        attrs = read_root(self.path)
        if not allow_incomplete:
            _check_finished(self.path, attrs)
        self.options = _options_of(self.path, attrs)
        self._scenes: dict[str, StoredScene] = {}

    def __reduce__(self) -> tuple:
        return _reopen, (self.path,)

    @property
    def spacings(self) -> tuple[float, ...]:
        """Pixel spacings in metres, finest first."""
        return self.options.spacings

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return self.options.channels

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the charts."""
        return self.options.tasks

    @cached_property
    def scene_ids(self) -> tuple[str, ...]:
        """Ids of all scenes, sorted."""
        return tuple(list_scenes(self.path))

    def __getitem__(self, scene_id: str) -> StoredScene:
        if scene_id not in self._scenes:
            if scene_id not in self.scene_ids:
                raise StoreError(
                    self.path,
                    f'scene {scene_id!r}',
                    f'{len(self)} other scenes',
                    'Check the list of scenes, or add the scene to the '
                    'store by building again with its file.',
                )
            scene = StoredScene(self.path / scene_id, self.options)
            self._scenes[scene_id] = scene
        return self._scenes[scene_id]

    def describe(
        self, scene_ids: Iterable[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Attributes of scenes by scene id, as :func:`.find_leaks` wants.

        With ``footprint`` where the scene has tie points.

        Args:
            scene_ids: Scenes, None for all.
        """
        chosen = self.scene_ids if scene_ids is None else scene_ids
        return {name: self[name].attrs | self[name].place for name in chosen}

    def __contains__(self, scene_id: object) -> bool:
        return scene_id in self.scene_ids

    def __iter__(self) -> Iterator[str]:
        return iter(self.scene_ids)

    def __len__(self) -> int:
        return len(self.scene_ids)


def _options_of(path: Path, attrs: dict[str, Any]) -> StoreOptions:
    try:
        return StoreOptions(**attrs['options'])
    except (TypeError, ValueError, MissingChannelError) as error:
        raise StoreError(
            path, 'the options of a store', str(error), _REBUILD
        ) from error


def _reopen(path: Path) -> SceneStore:
    return SceneStore(path, allow_incomplete=True)


def _check_finished(path: Path, attrs: dict[str, Any]) -> None:
    """Raise unless every builder of a store has finished."""
    waiting = [name for name, reason in _notes(path).items() if not reason]
    if attrs['complete'] and not waiting:
        return
    found = 'an unfinished one'
    if waiting:
        found += f' that lacks {len(waiting)} scenes, {waiting[0]} first'
    raise StoreError(
        path,
        'a store whose build has finished',
        found,
        'Run the same build command again: it continues. Are several '
        'builders at work, then wait for the last one. To do without a '
        f'scene, remove its note in {SOURCES}.',
    )


def skipped_sources(path: Path) -> dict[str, str]:
    """Why scenes were skipped when a store was built, by file name."""
    return {name: reason for name, reason in _notes(path).items() if reason}


def note_of(path: Path, source: str) -> Path:
    """Where the note on a source lies, while its scene is not there."""
    return path / SOURCES / f'{source}.note'


def _notes(path: Path) -> dict[str, str]:
    """Notes by source, empty for those that are still to come."""
    notes = {}
    for note in sorted((path / SOURCES).glob('[!.]*.note')):
        # A builder that is at work may have removed it.
        with contextlib.suppress(FileNotFoundError):
            notes[note.stem] = note.read_text()
    return notes


def list_scenes(path: Path) -> list[str]:
    """Ids of the complete scenes in the folder of a store, sorted."""
    return sorted(
        folder.parent.name
        for folder in path.glob('*/zarr.json')
        if not folder.parent.name.startswith('.')
    )


def read_root(path: Path) -> dict[str, Any]:
    """Attributes of a store's root group.

    Raises:
        StoreError: If there is no store or it is of another format.
    """
    attrs = dict(open_group(path).attrs)
    found = attrs.get('format'), attrs.get('format_version')
    if found != (FORMAT, FORMAT_VERSION):
        raise StoreError(
            path,
            f'{FORMAT} version {FORMAT_VERSION}',
            f'a Zarr group of format {found[0]!r}, version {found[1]!r}',
            _REBUILD,
        )
    for name in ('options', 'complete'):
        if name not in attrs:
            raise StoreError(
                path, f'attribute {name!r}', 'a store without', _REBUILD
            )
    return attrs
