"""The folder of a store while it is being built.

Scenes are written to hidden folders ``.<file>.<host>-<process>.part`` and
renamed when they are complete.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from pathlib import Path

import zarr

from ..errors import ReleaseError, SceneFileError, StoreError
from ..version import __version__
from .store import list_scenes, read_root
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
            return False
        self._note(scene_id)
        return True

    @property
    def complete(self) -> bool:
        """Whether the root group says that the build has finished."""
        return read_root(self.path)['complete']

    def mark(self, complete: bool) -> None:
        """Note in the root group whether the build has finished."""
        if self.complete != complete:
            root = zarr.open_group(self.path, mode='r+', zarr_format=3)
            root.attrs['complete'] = complete

    def remove_parts(self) -> None:
        """Remove what this process has written but not committed."""
        for part in self.path.glob(f'.*.{self._tag}'):
            shutil.rmtree(part, ignore_errors=True)

    def _note(self, scene_id: str) -> None:
        attrs = StoredScene(self.path / scene_id, self.options).attrs
        self.sources[attrs['source']] = scene_id
        self.releases.add(attrs['release'])

    def _create(self) -> None:
        if self.path.exists() and (
            not self.path.is_dir() or any(self.path.iterdir())
        ):
            raise StoreError(
                self.path,
                'a scene store or an empty folder',
                'something else',
                'Choose another folder.',
            )
        zarr.create_group(
            self.path,
            zarr_format=3,
            attributes={
                'format': FORMAT,
                'format_version': FORMAT_VERSION,
                'software_version': __version__,
                'options': self.options.as_attrs(),
                'complete': False,
            },
        )

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
            with contextlib.suppress(PermissionError):
                try:
                    os.kill(int(process), 0)
                except (ProcessLookupError, ValueError):
                    shutil.rmtree(part, ignore_errors=True)
