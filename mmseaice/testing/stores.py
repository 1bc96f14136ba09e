"""Scene stores that exist a second after they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..scenes.build import BuildReport, build_store
from .recipes import open_recipe, write_recipe


def build_tiny_store(
    out: str | Path,
    count: int = 2,
    height: int = 128,
    width: int = 144,
    first_seed: int = 0,
    spacings: Sequence[float] = (80, 160),
    **options: Any,
) -> BuildReport:
    """Build a store of random scenes, see :func:`make_scene`.

    Args:
        out: Folder of the store.
        count: Number of scenes.
        height: Lines of 80 m of each.
        width: Samples of 80 m of each.
        first_seed: Seed of the first scene; the others follow.
        spacings: Pixel spacings in m.
        **options: Further arguments of ``build_store``.
    """
    with TemporaryDirectory() as folder:
        sources = [
            write_recipe(
                Path(folder) / f'{seed}.json',
                height=height,
                width=width,
                seed=seed,
            )
            for seed in range(first_seed, first_seed + count)
        ]
        return build_recipes(
            sources,
            out,
            spacings=spacings,
            **options,
        )


def build_recipes(
    sources: Iterable[Path], out: str | Path, **options: Any
) -> BuildReport:
    """Call ``build_store`` on recipes, without a progress bar."""
    defaults = {'opener': open_recipe, 'progress': False}
    return build_store(sources, out, **defaults | options)


def read_files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path relative to it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }
