"""Which scenes the arguments of a command stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import SceneFileError
from ..scenes import SceneStore, scene_files
from ..scenes.open import lies_beside
from ..scenes.open_stream import GEOTIFFS
from ..scenes.sentinel1.product import is_safe


def find_scenes(sources: Iterable[str | Path]) -> list[Path]:
    """Scenes that paths and patterns stand for, each once.

    Args:
        sources: Scene files; SAFE folders; stores, or scenes of one; other
            folders, for all scenes below; text files with a path in each
            line; patterns with ``*``, ``?`` or ``[``.

    Raises:
        SceneFileError: If one stands for no scene.
    """
    found: dict[Path, None] = {}
    for source in sources:
        if not str(source):
            raise SceneFileError(
                repr(source), 'a path', 'an empty text', 'Is a variable unset?'
            )
        scenes = list(_expand(Path(source)))
        if not scenes:
            raise SceneFileError(
                source, 'a scene, or a folder or list of some', 'none there',
                'Check the path.',
            )  # fmt: skip
        found.update(dict.fromkeys(scenes))
    return list(found)


def _expand(path: Path, lists: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Scenes of one path; ``lists`` are those that led to it."""
    if path.suffix == '.txt' and path.is_file():
        if path.resolve() in lists:
            raise SceneFileError(
                path, 'a list of scenes', 'one that names itself',
                'Take the line out.',
            )  # fmt: skip
        for entry in _read_list(path):
            yield from _expand(path.parent / entry, (*lists, path.resolve()))
    elif not path.exists():
        pattern = str(path)
        if not any(sign in pattern for sign in '*?['):
            raise SceneFileError(
                path, 'a scene', 'nothing there', 'Check the path.'
            )
        anchor = Path(path.anchor or '.')
        for match in sorted(anchor.glob(str(path.relative_to(path.anchor)))):
            if not lies_beside(match):
                yield from _expand(match, lists)
    elif is_safe(path) or path.is_file():
        yield path
    elif (path / 'zarr.json').is_file():
        yield from _expand_group(path)
    else:
        yield from scene_files(path)
        yield from sorted(p for p in path.rglob('*.SAFE') if is_safe(p))
        yield from sorted(
            p
            for p in path.rglob('*')
            if p.suffix.lower() in GEOTIFFS and not _in_safe(p)
        )


def _read_list(path: Path) -> list[str]:
    """Lines of a list that say something."""
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise SceneFileError(
            path, 'a text file with a path in each line', str(error)
        ) from error
    lines = [line.strip() for line in lines]
    return [line for line in lines if line and not line.startswith('#')]


def _expand_group(path: Path) -> Iterator[Path]:
    """A scene of a store, or all scenes of one."""
    if (path.parent / 'zarr.json').is_file():
        yield path
        return
    for name in SceneStore(path).scene_ids:
        yield path / name


def _in_safe(path: Path) -> bool:
    return any(parent.suffix == '.SAFE' for parent in path.parents)
