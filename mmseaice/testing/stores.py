"""Scene stores that exist a second after they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..scenes import SceneStore, write_split
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


def build_demo_stores(data: Path, train: int, test: int) -> Sequence[str]:
    """Build small stores where the demo's configs look for theirs.

    The last training scene is for validation.

    Args:
        data: What $MMSEAICE_DATA will be.
        train: Scenes of the training store, two at least.
        test: Scenes of the test store.

    Returns:
        Ids of the scenes in the training store.
    """
    sizes = {'train': train, 'test': test}
    for seed, (name, count) in enumerate(sizes.items()):
        build_tiny_store(
            data / f'demo/{name}.zarr',
            count=count,
            height=210,
            width=230,
            first_seed=10 * seed,
            spacings=(80, 160, 200, 240),
            channels=('HH', 'HV', 'incidence_angle'),
        )
    scenes = SceneStore(data / 'demo/train.zarr').scene_ids
    write_split(data / 'demo/splits/train.txt', scenes[:-1])
    write_split(data / 'demo/splits/val.txt', scenes[-1:])
    return scenes


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
