"""Patches of fixed size that were exported from a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import DatasetError, MissingChannelError
from ..registry import DATASETS
from ..scenes.patches import (
    Patch,
    missing_files,
    read_note,
    read_patch,
    read_patch_table,
)
from ..scenes.patches.table import TABLE
from ..scenes.splits import read_split
from ..scenes.variables import FULL_CHANNELS, find_channel
from .ai4arctic import RESAMPLER
from .metainfo import task_metainfo
from .parity import one_or_all, parity_record
from .preflight import check_releases
from .samplers import generator_of

#: Values of ``split`` that stand for the column of the table.
SPLITS = ('train', 'val')


@DATASETS.register_module()
class NpzPatchDataset(BaseDataset):
    """Patches as ``tools/data/export_patches.py`` writes them.

    A record is one patch. Samples start where those of
    :class:`AI4ArcticDataset` are after ``CropScene``, so the steps that
    follow it and the models serve unchanged.

    Features:

    - one npz file per patch, found by the table ``patches.csv``;
    - channels in physical units, float32, NaN where invalid;
    - concentration in percent (0 to 100), returned as SIC class
      ``round(percent / 10)``; 255 without a label.

    ``metainfo`` holds ``tasks``, ``classes`` and ``palette`` by task, and
    ``parity``, the record of how pixels were prepared, which equals that of
    :class:`AI4ArcticDataset` on the same store.

    Args:
        data_root: Folder of the export.
        split: 'train' or 'val' as the table says, None for all patches; or
            patches by their ids or by those of their scenes: a list, or the
            path of a list file. Such a list goes past the table's split.
        channels: Channels of the image, in this order.
        tasks: Tasks to read charts of; none for pre-training.
        pipeline: Steps after loading; they get ``image`` float32 (C, H, W)
            with NaN for no data, ``valid`` bool (H, W), ``charts`` uint8
            (H, W) by task, ``window`` (y, x, H, W) in the scene,
            ``ori_shape``, ``spacing`` and ``ori_spacing`` (m), ``patch_id``,
            ``scene_id``, ``scene_attrs``, ``channels``, ``tasks``,
            ``test_mode`` and ``rng``.
        test_mode: Whether samples are for testing or prediction.
        allow_mixed_releases: Take patches of different releases, though
            their labels follow different rules.
        **kwargs: Further arguments of mmengine's ``BaseDataset``.

    Raises:
        DatasetError: If files are missing or inconsistent, a task or a
            listed patch is missing, or no patch is left.
        MissingChannelError: If a channel is missing.
        ReleaseError: If releases are mixed.
    """

    def __init__(
        self,
        data_root: str,
        split: str | Sequence[str] | None = 'train',
        channels: str | Sequence[str] = ('HH', 'HV'),
        tasks: str | Sequence[str] = (),
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        allow_mixed_releases: bool = False,
        **kwargs: Any,
    ) -> None:
        one = isinstance(channels, str)
        self.channels = (channels,) if one else tuple(channels)
        self.tasks = (tasks,) if isinstance(tasks, str) else tuple(tasks)
        if not self.channels:
            raise ValueError('channels must not be empty, but got none.')
        self.split = split
        self.allow_mixed_releases = allow_mixed_releases
        super().__init__(
            metainfo=task_metainfo(self.tasks)
            | dict(kwargs.pop('metainfo', None) or {}),
            data_root=os.fspath(data_root),
            pipeline=list(pipeline),
            test_mode=test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """One record per patch of the split, after all checks."""
        note = read_note(self.data_root)
        self._options = note['options']
        self._check_offer('channels', self.channels, MissingChannelError)
        self._check_offer('tasks', self.tasks, DatasetError)
        patches = read_patch_table(Path(self.data_root, TABLE))
        patches = self._chosen(patches, note['scenes'])
        if not patches:
            raise DatasetError(
                self.data_root,
                'a patch to work with',
                f'none in split {self.split!r}',
                'Choose another split, or export the patches with one.',
            )
        self._scenes = self._described(patches, note['scenes'])
        absent = missing_files(self.data_root, [p.file for p in patches])
        if absent:
            raise DatasetError(
                self.data_root,
                f'the files of {len(patches)} patches',
                f'a folder without {len(absent)} of them, such as {absent[0]}',
                'Copy them there, or export again with the same command: it '
                'adds what is missing.',
            )
        self._metainfo['parity'] = self._parity(patches)
        return [
            {
                'patch_id': patch.patch_id,
                'file': patch.file,
                'scene_id': patch.scene_id,
                'spacing': patch.spacing,
                'window': tuple(patch.window),
            }
            for patch in patches
        ]

    def describe_scenes(self) -> dict[str, dict[str, Any]]:
        """What is known of every scene with a patch here, by scene id."""
        self.full_init()
        return self._scenes

    def _check_offer(
        self, kind: str, wanted: Sequence[str], error: type[Exception]
    ) -> None:
        """Check that all names were exported."""
        offered = self._options[kind]
        for name in wanted:
            if name not in offered:
                raise error(
                    self.data_root,
                    f'{name!r} among the {kind} of the patches',
                    f'only {", ".join(offered) or "none"}',
                    'Choose among these, or export the patches with it.',
                )

    def _chosen(
        self, patches: list[Patch], scenes: dict[str, Any]
    ) -> list[Patch]:
        """Patches of the split."""
        if self.split is None:
            return patches
        if self.split in SPLITS:
            return [patch for patch in patches if patch.split == self.split]
        by_path = isinstance(self.split, (str, os.PathLike))
        wanted = set(read_split(self.split) if by_path else self.split)
        known = {patch.patch_id for patch in patches} | scenes.keys()
        unknown = sorted(wanted - known)
        if unknown:
            raise DatasetError(
                self.split if by_path else self.data_root,
                f'ids of patches or scenes in {self.data_root}',
                f'{len(unknown)} others, such as {unknown[0]}',
                "Mend the list, or set split to 'train', 'val' or None.",
            )
        return [p for p in patches if {p.patch_id, p.scene_id} & wanted]

    def _described(
        self, patches: list[Patch], scenes: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Attributes of the scenes of these patches, after a check."""
        names = sorted({patch.scene_id for patch in patches})
        unknown = [name for name in names if name not in scenes]
        if unknown:
            raise DatasetError(
                self.data_root,
                f'the note of the export to name all scenes of {TABLE}',
                f'one without {unknown[0]}',
                'Take both files from the same export.',
            )
        found = {name: scenes[name] for name in names}
        if not self.allow_mixed_releases:
            releases = {name: a['release'] for name, a in found.items()}
            check_releases(self.data_root, releases)
        return found

    def _parity(self, patches: list[Patch]) -> dict[str, Any]:
        """The parity record of these patches."""
        return parity_record(
            self.pipeline.transforms,
            self.channels,
            [patch.spacing for patch in patches],
            [find_channel(name).units for name in self.channels],
            resampler=RESAMPLER,
            chart_resampling=self._options['charts'],
            min_valid=self._options['cell_min_valid'],
            **{
                key: one_or_all(attrs[key] for attrs in self._scenes.values())
                for key in ('mask', 'release', 'label_rule')
            },
        )

    def prepare_data(self, idx: int) -> Any:
        """Load the patch and run the pipeline on it."""
        results = self.get_data_info(int(idx))
        shape = results['window'][2:]
        stored = self._options['channels']
        image, charts = read_patch(
            Path(self.data_root, results['file']),
            (len(stored), *shape),
            self.tasks,
        )
        image = image[[stored.index(name) for name in self.channels]]
        valid = np.ones(shape, bool)
        for plane, name in zip(image, self.channels, strict=True):
            if name in FULL_CHANNELS:
                valid &= ~np.isnan(plane)
        results.update(
            image=image,
            valid=valid,
            charts=charts,
            channels=self.channels,
            tasks=self.tasks,
            scene_attrs=dict(self._scenes[results['scene_id']]),
            ori_shape=shape,
            ori_spacing=results['spacing'],
            rng=generator_of(idx, self.test_mode),
            test_mode=self.test_mode,
        )
        return self.pipeline(results)
