"""Cut the patches of a store's scenes and write them to files.

A scene is done when its own table is there, which is written after its
patches. So an export can be killed and run again; what it then writes is
what it would have written undisturbed, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from ...errors import DatasetError
from ...utils.atomic import remove_abandoned_parts
from ..splits.lists import write_split
from ..store import SceneStore
from .content import CropJudge, PatchOptions, describe_patch
from .files import missing_files, write_patch
from .note import make_note, open_folder
from .sampler import Window
from .split import check_split, split_patches, split_scenes
from .table import TABLE, Patch, read_patch_table, write_patch_table


@dataclass
class PatchReport:
    """What became of an export.

    Args:
        path: Folder of the export.
        patches: All patches, those of earlier calls included.
        short: Patches found, by scene that has fewer than asked for.
        lists: File of each side of the split.
    """

    path: Path
    patches: list[Patch]
    short: dict[str, int]
    lists: dict[str, Path]

    @property
    def table(self) -> Path:
        """File of the table of all patches."""
        return self.path / TABLE


def export_patches(
    store: SceneStore,
    out: str | Path,
    options: PatchOptions | None = None,
    *,
    scene_ids: Sequence[str] | None = None,
    split_by: Literal['scene', 'patch'] = 'scene',
    val_share: float = 0.15,
    progress: bool = True,
) -> PatchReport:
    """Write patches, their table and the lists of a split.

    The positions in a scene follow from the seed and the scene's id, neither
    from other scenes nor from their order. The same call again adds what is
    missing. Another split or other scenes may be asked of the same folder:
    table and lists are those of the last call.

    Args:
        store: Store to cut from.
        out: Folder of the export.
        options: Size, placement and content; None for the defaults.
        scene_ids: Scenes to cut, None for all.
        split_by: What to split, see :func:`.split_patches`: 'scene' keeps
            neighbours together, 'patch' leaks between them.
        val_share: Share to hold out; 0 holds out nothing.
        progress: Whether to show a progress bar on stderr.

    Raises:
        ValueError: If an argument is out of range, or all scenes belong to
            one group and none can be held out.
        DatasetError: If the folder holds something else or patches of other
            options, or no window was good enough.
        StoreError: If the store lacks a scene, a chart or the spacing, or
            cannot be read.
        MissingChannelError: If it lacks a channel.
    """
    options = PatchOptions() if options is None else options
    check_split(split_by, val_share)
    chosen = store.scene_ids if scene_ids is None else scene_ids
    scenes = store.describe(sorted(set(chosen)))
    for scene_id in list(scenes)[:1]:
        # One pixel shows what the store lacks, before a folder is made.
        CropJudge(store[scene_id], options)(Window(0, 0, 1, 1))
    if split_by == 'scene' and val_share:
        # Better now than after an hour of cutting.
        split_scenes(scenes, val_share, options.seed)
    out = Path(out)
    open_folder(out, make_note(store, scenes, options))
    patches: list[Patch] = []
    short: dict[str, int] = {}
    bar = tqdm(scenes, 'Patches', unit='scene', disable=not progress)
    for scene_id in bar:
        found = _export_scene(store, scene_id, out, options)
        patches += found
        if len(found) < (options.sampler.count or 0):
            short[scene_id] = len(found)
        bar.set_postfix(patches=len(patches), refresh=False)
    if not patches:
        raise DatasetError(
            out,
            'a window with enough valid and labelled pixels',
            f'none in {len(scenes)} scenes',
            'Lower min_valid, min_labelled or the size, and export to '
            'another folder.',
        )
    patches = split_patches(patches, scenes, split_by, val_share, options.seed)
    write_patch_table(out / TABLE, patches)
    lists = {}
    for side in ('train', 'val'):
        names = [patch.patch_id for patch in patches if patch.split == side]
        path = out / f'{side}.txt'
        if names:
            write_split(path, names)
            lists[side] = path
        else:
            path.unlink(missing_ok=True)
    return PatchReport(out, patches, short, lists)


def _export_scene(
    store: SceneStore, scene_id: str, out: Path, options: PatchOptions
) -> list[Patch]:
    """Write the patches of one scene, unless they are there."""
    folder = out / 'patches' / scene_id
    table = folder / TABLE
    if table.is_file():
        patches = read_patch_table(table)
        if not missing_files(out, [patch.file for patch in patches]):
            return patches
    remove_abandoned_parts(folder, since=0)
    scene = store[scene_id]
    judge = CropJudge(scene, options)
    rng = np.random.default_rng([options.seed, *scene_id.encode()])
    patches = []
    shape = scene.shape(options.spacing)
    for window, crop in options.sampler.place(shape, judge, rng):
        patch = describe_patch(scene_id, scene, window, crop, options)
        charts = {task: crop.charts[task] for task in options.tasks}
        write_patch(out / patch.file, crop.image, charts)
        patches.append(patch)
    patches.sort(key=lambda patch: patch.window)
    write_patch_table(table, patches)
    return patches
