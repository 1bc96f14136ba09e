"""Scenes of a store as training and test records."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from torch.utils.data import get_worker_info

from ..errors import DatasetError, MMSeaIceError
from ..registry import DATASETS
from ..scenes.splits import read_split
from ..scenes.store import SceneStore
from ..scenes.variables import find_channel
from ..utils.allocator import keep_freed_memory
from .metainfo import task_metainfo
from .parity import one_or_all, parity_record
from .preflight import (
    check_offer,
    check_releases,
    check_scene_ids,
    check_stored_scene,
)
from .samplers import generator_of
from .transforms import CropScene, LoadScene

#: The rules that lead from 40 m pixels to any spacing: the producers' own
#: step to 80 m, which ready-to-train scenes have behind them, then area
#: means. Spacings that stop on the way follow the same rules.
RESAMPLER = 'ready+area'


def _several(values: Any) -> tuple:
    """A tuple also of a single value, as command lines give it."""
    return (values,) if isinstance(values, (str, int, float)) else (*values,)


@DATASETS.register_module()
class AI4ArcticDataset(BaseDataset):
    """AI4Arctic scenes from a tiled store.

    A record is one scene at one pixel spacing. Nothing is read from it
    before a pipeline step asks: the pipeline gets the open scene as
    ``stored``, with ``scene_id``, ``spacing`` (m), ``channels``, ``tasks``,
    ``scene_attrs``, ``test_mode`` and the generator ``rng`` of this draw.

    All scenes are checked at construction from their attributes, so that a
    broken one stops a run in its first seconds.

    ``metainfo`` holds ``tasks``, ``classes`` and ``palette`` by task, and
    ``parity``, the record of how pixels were prepared.

    Args:
        store: Path of the store.
        split: Scenes to use: a list of scene ids, the path of a list file,
            the name of a published list, or None for all.
        channels: Channels of the image, in this order.
        tasks: Tasks to read charts of; none for pre-training.
        spacings: Pixel spacings in m.
        pipeline: Steps after opening.
        test_mode: Whether samples are for testing or prediction.
        polygons: Whether samples come with the polygons of the ice chart
            and their codes; the store must be one of raw scenes.
        on_error: 'raise' stops at a scene that cannot serve or is not in
            the store, 'skip' logs it and goes on.
        require_labels: Whether a scene must have a labelled pixel in at
            least one of the tasks.
        allow_mixed_releases: Take scenes of different releases, though
            their labels follow different rules.
        **kwargs: Further arguments of mmengine's ``BaseDataset``.

    Raises:
        StoreError: If the store is missing or incomplete.
        DatasetError: If a listed scene, a task or a spacing is missing, or
            no scene is left.
        MissingChannelError: If a channel is missing.
        EmptySceneError: If a scene has no SAR.
        EmptyChartError: If a scene has no labels.
        ReleaseError: If releases are mixed.
    """

    def __init__(
        self,
        store: str,
        split: str | Sequence[str] | None = None,
        channels: str | Sequence[str] = ('HH', 'HV'),
        tasks: str | Sequence[str] = (),
        spacings: float | Sequence[float] = (80,),
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        polygons: bool = False,
        on_error: Literal['raise', 'skip'] = 'raise',
        require_labels: bool = True,
        allow_mixed_releases: bool = False,
        **kwargs: Any,
    ) -> None:
        if on_error not in ('raise', 'skip'):
            raise ValueError(
                f"on_error must be 'raise' or 'skip', but got {on_error!r}."
            )
        self.store = os.fspath(store)
        self.split = split
        self.channels = _several(channels)
        self.tasks = _several(tasks)
        self.spacings = _several(spacings)
        if not (self.channels and self.spacings):
            raise ValueError(
                'channels and spacings must not be empty, but got '
                f'{channels} and {spacings}.'
            )
        self.polygons = polygons
        self.on_error = on_error
        self.require_labels = require_labels
        self.allow_mixed_releases = allow_mixed_releases
        self._scenes: SceneStore | None = None
        super().__init__(
            metainfo=task_metainfo(self.tasks)
            | dict(kwargs.pop('metainfo', None) or {}),
            pipeline=list(pipeline),
            test_mode=test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """One record per scene and spacing, after all checks."""
        self._scenes = store = SceneStore(self.store)
        spacings = (*self.spacings, *self._label_spacings())
        check_offer(self.store, store, self.channels, self.tasks, spacings)
        scene_ids = self._chosen(list(store.scene_ids))
        scene_ids = [name for name in scene_ids if self._serves(name)]
        if not scene_ids:
            raise DatasetError(
                self.store,
                'a scene to work with',
                'none left',
                'Choose another split, or see what was skipped and why.',
            )
        attrs = {name: store[name].attrs for name in scene_ids}
        if not self.allow_mixed_releases:
            check_releases(
                self.store, {name: a['release'] for name, a in attrs.items()}
            )
        self._scene_ids = scene_ids
        self._metainfo['parity'] = self._parity(list(attrs.values()))
        records = [
            {'scene_id': name, 'spacing': spacing, 'store': self.store}
            for spacing in self.spacings
            for name in scene_ids
        ]
        self._tell_small_scenes(records)
        return records

    def describe_scenes(self) -> dict[str, dict[str, Any]]:
        """Attributes and footprint of every scene, by scene id."""
        self.full_init()
        return self._scenes.describe(self._scene_ids)

    def _label_spacings(self) -> list[float]:
        """Pixel spacings (m) that the pipeline reads beside its own."""
        return [
            step.label_spacing
            for step in self.pipeline.transforms
            if isinstance(step, LoadScene) and step.label_spacing
        ]

    def _chosen(self, present: list[str]) -> list[str]:
        """Scene ids of the split."""
        if self.split is None:
            return present
        if isinstance(self.split, (str, os.PathLike)):
            wanted = read_split(self.split)
        else:
            wanted = list(self.split)
        try:
            check_scene_ids(self.store, wanted, present)
        except DatasetError as error:
            if self.on_error == 'raise':
                raise
            MMLogger.get_current_instance().warning('Skipped. %s', error)
        there = set(present)
        return [name for name in wanted if name in there]

    def _serves(self, scene_id: str) -> bool:
        """Check one scene, and log or raise what is wrong with it."""
        tasks = self.tasks if self.require_labels else ()
        try:
            attrs = self._scenes[scene_id].attrs
            check_stored_scene(self.store, scene_id, attrs, tasks)
            if self.polygons:
                _ = self._scenes[scene_id].polygon_codes
        except MMSeaIceError as error:
            if self.on_error == 'raise':
                raise
            MMLogger.get_current_instance().warning('Skipped. %s', error)
            return False
        return True

    def _tell_small_scenes(self, records: list[dict]) -> None:
        """Log once that scenes smaller than the crop will be padded."""
        crops = [
            s for s in self.pipeline.transforms if isinstance(s, CropScene)
        ]
        if not crops:
            return
        height, width = crops[0].size
        shapes = [
            self._scenes[record['scene_id']].shape(record['spacing'])
            for record in records
        ]
        small = [s for s in shapes if s[0] < height or s[1] < width]
        if small:
            MMLogger.get_current_instance().warning(
                '%d of %d records are smaller than the crop of %d x %d '
                'pixels (the smallest is %d x %d) and are padded with '
                'invalid pixels.',
                *(len(small), len(records), height, width, *min(small)),
            )

    def _parity(self, scenes: list[dict]) -> dict[str, Any]:
        """The parity record of these scenes (their attributes)."""
        return parity_record(
            self.pipeline.transforms,
            self.channels,
            self.spacings,
            [find_channel(name).units for name in self.channels],
            resampler=RESAMPLER,
            chart_resampling=self._scenes.options.charts,
            min_valid=self._scenes.options.min_valid,
            **{
                key: one_or_all(attrs[key] for attrs in scenes)
                for key in ('mask', 'release', 'label_rule')
            },
        )

    def prepare_data(self, idx: int) -> Any:
        """Open the scene of a record and run the pipeline on it."""
        if get_worker_info() is not None:
            keep_freed_memory()
        results = self.get_data_info(int(idx))
        stored = self._scenes[results['scene_id']]
        results.update(
            stored=stored,
            channels=self.channels,
            tasks=self.tasks,
            scene_attrs=dict(stored.attrs),
            rng=generator_of(idx, self.test_mode),
            test_mode=self.test_mode,
        )
        if self.polygons:
            results.update(polygons=True, polygon_codes=stored.polygon_codes)
        return self.pipeline(results)
