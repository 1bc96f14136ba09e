"""Labelled Sentinel-1 patches of water, ice and land."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import DatasetError
from ..registry import DATASETS
from .parity import parity_record
from .patch_files import TABLE, match_rows, read_patches, read_table
from .samplers import generator_of

#: Letter of the table to class number.
_CLASSES = {'W': 0, 'I': 1, 'L': 2}


@DATASETS.register_module()
class PolarPatchDataset(BaseDataset):
    """Patches of 64 x 64 pixels with one label each.

    Features:

    - Sentinel-1 EW, HH and HV, 40 m, 12 scenes off East Greenland in 2018;
    - calibrated, speckle-filtered and terrain-corrected by its authors, and
      scaled to 8 bit, so grey values carry no physical unit here;
    - pixels that are 0 in both channels are no data.

    Classes: 0 water (W), 1 ice (I), 2 land (L).

    The published labels sit at the transposed place of their scenes;
    'repaired' undoes that. Scenes of split 'test' come without labels and
    may be predicted, never trained on.

    Args:
        data_root: Folder with ``patches_hh_hv.npz`` and ``meta.csv``.
        split: 'train', 'val' or 'test'; None for any.
        scenes: Scene numbers to keep; None for all of the split.
        labels: 'repaired' or 'raw'.
        clean_only: Keep only patches whose label is beyond doubt. Says
            nothing about patches without labels.
        with_labels: Give ``gt_label``. Pre-training says False.
        pipeline: Steps after loading; they get ``image`` float32
            (2, 64, 64) with NaN for no data, ``valid`` bool (64, 64),
            ``channels``, ``spacing``, ``scene_id``, ``patch_id``, ``rng``
            and, if asked for, ``gt_label``.
        test_mode: Whether samples are for testing or prediction.
        **kwargs: Further arguments of mmengine's ``BaseDataset``.

    Raises:
        DatasetError: If files are missing or inconsistent, no patch is
            left, or the test split is asked for training or for labels.
    """

    METAINFO: ClassVar[dict] = {
        'classes': ('water', 'ice', 'land'),
        'palette': ((0, 100, 255), (235, 245, 255), (130, 110, 90)),
    }

    channels = ('HH', 'HV')
    spacing = 40.0

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'test'] | None = 'train',
        scenes: Sequence[int] | None = None,
        labels: Literal['repaired', 'raw'] = 'repaired',
        clean_only: bool = True,
        with_labels: bool = True,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        if split not in ('train', 'val', 'test', None):
            raise ValueError(
                f"split must be 'train', 'val', 'test' or None, but got "
                f'{split!r}.'
            )
        if labels not in ('repaired', 'raw'):
            raise ValueError(
                f"labels must be 'repaired' or 'raw', but got {labels!r}."
            )
        self.split = split
        self.scenes = None if scenes is None else {str(s) for s in scenes}
        self.labels = labels
        self.clean_only = clean_only
        self.with_labels = with_labels
        super().__init__(
            data_root=data_root,
            pipeline=list(pipeline),
            test_mode=test_mode,
            **kwargs,
        )
        self._metainfo['parity'] = parity_record(
            self.pipeline.transforms,
            self.channels,
            [self.spacing],
            ['grey value'] * len(self.channels),
        )

    def load_data_list(self) -> list[dict]:
        """One record per patch of the chosen split and scenes."""
        rows = read_table(self.data_root)
        _, ids = read_patches(self.data_root)
        places = match_rows(rows, ids, self.data_root)
        records = [
            self._record(row, place)
            for row, place in zip(rows, places, strict=True)
            if self._wanted(row)
        ]
        if not records:
            raise DatasetError(
                self.data_root,
                'patches to work with',
                f'none in split {self.split!r}, scenes '
                f'{sorted(self.scenes) if self.scenes else "all"}',
                'Choose scenes of that split, or clean_only=False.',
            )
        return records

    def _wanted(self, row: dict[str, str]) -> bool:
        if self.split not in (row['split'], None):
            return False
        if self.scenes is not None and row['scene'] not in self.scenes:
            return False
        return not (self.clean_only and row['clean'] == '0')

    def _record(self, row: dict[str, str], place: int) -> dict:
        if row['split'] == 'test' and not self.test_mode:
            raise DatasetError(
                self.data_root,
                'scenes of split train or val to train on',
                f'scene {row["scene"]} of split test',
                'Leave the test scenes out, or set test_mode=True to '
                'predict them.',
            )
        record = {
            'patch_id': int(row['id']),
            'place': place,
            'scene_id': row['scene'],
            'spacing': self.spacing,
        }
        if self.with_labels:
            letter = row[f'label_{self.labels}']
            if letter not in _CLASSES:
                raise DatasetError(
                    f'{self.data_root}/{TABLE}',
                    f'a label {", ".join(_CLASSES)} for patch {row["id"]}',
                    repr(letter),
                    'Set with_labels=False to predict patches without.',
                )
            record['gt_label'] = _CLASSES[letter]
        return record

    def prepare_data(self, idx: int) -> Any:
        """Load the patch and run the pipeline on it."""
        results = self.get_data_info(int(idx))
        pixels, _ = read_patches(self.data_root)
        grey = pixels[results.pop('place')]
        valid = grey.any(axis=0)
        results.update(
            image=np.where(valid, grey, np.float32(np.nan)),
            valid=valid,
            channels=self.channels,
            rng=generator_of(idx, self.test_mode),
        )
        return self.pipeline(results)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class of a patch, for ``ClassBalancedDataset``."""
        return [self.get_data_info(int(idx))['gt_label']]
