"""The folder of a store while it is being built.

Scenes are written to hidden folders ``.<file>.<host>-<process>.part`` and
renamed when they are complete. The hidden folder ``.sources`` holds an empty
file for each scene that is still to come, and one with the reason for each
that was skipped. Nothing there is ever rewritten by two builders, so any
number of them may work on one store.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import zarr
from zarr.errors import ContainsGroupError

from ..errors import ReleaseError, SceneFileError, StoreError
from ..utils.atomic import atomic_path
from ..utils.processes import is_alive
from ..version import __version__
from .store import SOURCES, list_scenes, note_of, read_root
from .store_format import FORMAT, FORMAT_VERSION, StoreOptions
from .stored_scene import StoredScene


class StoreFolder:
    """A store that takes scenes.

    Args:
        path: Folder of the store, made if missing.
        options: Options of the store.
        allow_mixed_releases: Whether scenes of several releases may meet.

    Raises:
        StoreError: If the folder holds something else, or scenes that were
            stored with other options.
    """

    def __init__(
        self,
        path: Path,
        options: StoreOptions,
        allow_mixed_releases: bool = False,
    ) -> None:
        self.path = path
        self.options = options
        self.allow_mixed_releases = allow_mixed_releases
        self._tag = f'{socket.gethostname()}-{os.getpid()}.part'
        if (path / 'zarr.json').exists():
            self._remove_abandoned_parts()
            self._adopt_options()
        else:
            self._create()
        self.sources: dict[str, str] = {}
        self.releases: set[str] = set()
        for scene_id in list_scenes(path):
            self._note(scene_id)

    def part(self, source: Path) -> Path:
        """Where to write the scene of a file before it is complete."""
        return self.path / f'.{source.name}.{self._tag}'

    def commit(self, source: Path, scene_id: str, release: str) -> bool:
        """Give a complete scene its name.

        Args:
            source: File of the scene, written to its :meth:`part`.
            scene_id: Id of the scene.
            release: Release of the scene.

        Returns:
            False if another builder was faster.

        Raises:
            ReleaseError: If the store holds scenes of another release.
            SceneFileError: If another file of the same scene is in it.
        """
        others = self.releases - {release}
        if others and not self.allow_mixed_releases:
            raise ReleaseError(
                source,
                f'release {", ".join(sorted(others))} as in the store',
                f'release {release}',
                'Labels of the releases differ. Build a store for each, or '
                'allow mixed releases.',
            )
        if read_root(self.path)['options'] != self.options.as_attrs():
            raise StoreError(
                self.path,
                'the options that this build began with',
                'others, of a builder that began meanwhile',
                'Build into another folder.',
            )
        try:
            os.rename(self.part(source), self.path / scene_id)
        except OSError:
            if not (self.path / scene_id).exists():
                raise
            self._note(scene_id)
            if self.sources.get(source.name) != scene_id:
                raise SceneFileError(
                    source,
                    'a scene that the store lacks',
                    f'another file of {scene_id}, which is there',
                    'Leave one of the two files out.',
                ) from None
            self.forget([source])
            return False
        self._note(scene_id)
        self.forget([source])
        return True

    def expect(
        self, sources: Iterable[Path], mine: Iterable[Path] = ()
    ) -> list[Path]:
        """Note which scenes are to come; the store is unfinished until then.

        Scenes that are there or were skipped by another builder are not
        expected.

        Returns:
            Sources that nobody expected before.
        """
        new = []
        retried = set(mine)
        for source in sources:
            if source.name in self.sources:
                continue
            note = note_of(self.path, source.name)
            try:
                reason = note.read_text()
            except FileNotFoundError:
                reason = None
            if reason == '' or (reason and source not in retried):
                continue
            self._blank(note)
            new.append(source)
        return new

    @staticmethod
    def _blank(note: Path) -> None:
        while True:
            note.parent.mkdir(exist_ok=True)
            # A builder that finishes may remove the empty folder.
            with contextlib.suppress(FileNotFoundError):
                note.write_text('')
                return

    def skip(self, source: Path, reason: str) -> None:
        """Note why a scene will not come."""
        with atomic_path(note_of(self.path, source.name)) as part:
            part.write_text(reason)

    def forget(self, sources: Iterable[Path]) -> None:
        """Remove the notes on scenes."""
        for source in sources:
            note_of(self.path, source.name).unlink(missing_ok=True)

    def finish(self) -> None:
        """Note that a build has finished, as far as this builder knows."""
        # What other builders have brought meanwhile.
        for scene_id in {*list_scenes(self.path)} - {*self.sources.values()}:
            self._note(scene_id)
        if len(self.releases) > 1 and not self.allow_mixed_releases:
            raise ReleaseError(
                self.path,
                'scenes of one release',
                f'those of {", ".join(sorted(self.releases))}',
                'Builders met in it. Remove the scenes of one release, or '
                'allow mixed releases.',
            )
        self.forget(map(Path, self.sources))
        if not read_root(self.path)['complete']:
            root = zarr.open_group(self.path, mode='r+', zarr_format=3)
            root.attrs['complete'] = True
        with contextlib.suppress(OSError):
            (self.path / SOURCES).rmdir()

    def remove_parts(self) -> None:
        """Remove what this process has written but not committed."""
        for part in self.path.glob(f'.*.{self._tag}'):
            shutil.rmtree(part, ignore_errors=True)

    def _note(self, scene_id: str) -> None:
        attrs = StoredScene(self.path / scene_id, self.options).attrs
        self.sources[attrs['source']] = scene_id
        self.releases.add(attrs['release'])

    def _create(self) -> None:
        # What other builders, killed ones too, may have begun.
        ours = ('zarr.json', SOURCES, 'zarr.*.partial')
        if self.path.exists() and (
            not self.path.is_dir()
            or any(
                not any(fnmatch(item.name, name) for name in ours)
                for item in self.path.iterdir()
            )
        ):
            raise StoreError(
                self.path,
                'a scene store or an empty folder',
                'something else',
                'Choose another folder.',
            )
        attrs = {
            'format': FORMAT,
            'format_version': FORMAT_VERSION,
            'software_version': __version__,
            'options': self.options.as_attrs(),
            'complete': False,
        }
        try:
            zarr.create_group(self.path, zarr_format=3, attributes=attrs)
        except ContainsGroupError:
            # Another builder was faster.
            self._adopt_options()

    def _adopt_options(self) -> None:
        """Compare the options; a store without scenes takes new ones."""
        stored = read_root(self.path)['options']
        wanted = self.options.as_attrs()
        differing = [
            name
            for name in sorted({*stored, *wanted})
            if stored.get(name) != wanted.get(name)
        ]
        if not differing:
            return
        # A part is that of a living builder with the stored options.
        if list_scenes(self.path) or any(self.path.glob('.*.part')):
            raise StoreError(
                self.path,
                ', '.join(f'{n}={wanted.get(n)!r}' for n in differing),
                'a store built with '
                + ', '.join(f'{n}={stored.get(n)!r}' for n in differing),
                "Repeat the store's options, or build into another folder.",
            )
        group = zarr.open_group(self.path, mode='r+', zarr_format=3)
        group.attrs['options'] = wanted

    def _remove_abandoned_parts(self) -> None:
        """Remove what killed builds on this machine have left."""
        host = socket.gethostname()
        for part in self.path.glob(f'.*.{host}-*.part'):
            process = part.name.rpartition('-')[2].removesuffix('.part')
            if not (process.isdigit() and is_alive(int(process))):
                shutil.rmtree(part, ignore_errors=True)
