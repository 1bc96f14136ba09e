"""What a window of a stored scene must hold, and what a patch says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ...charts.codes import IGNORE, get_task
from ..store_format import spacing_name
from ..stored_scene import Crop, StoredScene
from ..variables import FULL_CHANNELS
from .files import percent_step
from .sampler import PatchSampler, Window
from .table import Patch


@dataclass(frozen=True)
class PatchOptions:
    """What every patch of one export has in common.

    Args:
        sampler: Size and placement.
        spacing: Pixel spacing in metres.
        channels: Channel names in the order of the files, one at least of
            the SAR grid.
        tasks: Charts to write; none for patches without labels.
        min_valid: Share of a window's pixels that must have SAR.
        min_labelled: Share of those that must have a label of at least one
            task.
        seed: Seed of all random choices.

    Raises:
        ValueError: If an option is out of range.
    """

    sampler: PatchSampler = field(default_factory=PatchSampler)
    spacing: float = 80.0
    channels: Sequence[str] = ('HH', 'HV')
    tasks: Sequence[str] = ('SIC',)
    min_valid: float = 0.3
    min_labelled: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ('min_valid', 'min_labelled'):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(
                    f'{name} must be within [0, 1], but got {share}.'
                )
        if not set(self.channels) & set(FULL_CHANNELS):
            raise ValueError(
                f'channels must hold one of {", ".join(FULL_CHANNELS)}, but '
                f'got {tuple(self.channels)}.'
            )
        for name in ('channels', 'tasks'):
            values = tuple(getattr(self, name))
            if len(set(values)) < len(values):
                raise ValueError(
                    f'{name} must differ from each other, but got {values}.'
                )
            object.__setattr__(self, name, values)
        for task in self.tasks:
            get_task(task)

    def as_attrs(self) -> dict[str, Any]:
        """The options as JSON can hold them."""
        options = asdict(self)
        options = options.pop('sampler') | options
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in options.items()
        }


class CropJudge:
    """Reads windows of a stored scene and keeps those with enough in them.

    Args:
        scene: The scene.
        options: What is enough.
    """

    def __init__(self, scene: StoredScene, options: PatchOptions) -> None:
        self.scene = scene
        self.options = options

    def __call__(self, window: Window) -> Crop | None:
        """The pixels with all charts of the store, None for too few.

        Raises:
            MissingChannelError: If the store lacks a channel.
            StoreError: If it lacks a chart or the spacing, or a file of it
                cannot be read.
        """
        tasks = dict.fromkeys((*self.options.tasks, *self.scene.options.tasks))
        crop = self.scene.read(
            self.options.spacing,
            channels=self.options.channels,
            tasks=list(tasks),
            **window._asdict(),
        )
        if crop.valid.mean() < self.options.min_valid:
            return None
        wanted = self.options.min_labelled
        if wanted and labelled_share(crop, self.options.tasks) < wanted:
            return None
        return crop


def labelled_share(crop: Crop, tasks: Sequence[str]) -> float:
    """Share of the valid pixels that have a label of at least one task."""
    labelled = np.zeros(crop.valid.shape, bool)
    for task in tasks:
        labelled |= crop.charts[task] != IGNORE
    return float((labelled & crop.valid).sum() / max(1, crop.valid.sum()))


def summarise_charts(
    charts: Mapping[str, np.ndarray], valid: np.ndarray
) -> dict[str, float | None]:
    """One number for each chart, over the labelled pixels with SAR.

    Args:
        charts: Classes by task, shape (H, W), 255 no label.
        valid: True where there is SAR, shape (H, W).

    Returns:
        By name: ``SIC_mean`` in percent, as it is a quantity; the most
        frequent class of others as ``SOD_majority``, the lower one of two.
        None without labels.
    """
    numbers: dict[str, float | None] = {}
    for task, chart in charts.items():
        regression = get_task(task).kind == 'regression'
        name = f'{task}_mean' if regression else f'{task}_majority'
        classes = chart[valid & (chart != IGNORE)]
        if not classes.size:
            numbers[name] = None
        elif regression:
            mean = float(classes.mean()) * percent_step(task)
            numbers[name] = round(mean, 2)
        else:
            numbers[name] = int(np.bincount(classes).argmax())
    return numbers


def describe_patch(
    scene_id: str,
    scene: StoredScene,
    window: Window,
    crop: Crop,
    options: PatchOptions,
) -> Patch:
    """The row of a patch, not split yet.

    Args:
        scene_id: Id of its scene.
        scene: The scene.
        window: Its place in the scene.
        crop: Its pixels and charts.
        options: Options of the export.
    """
    name = f'{scene_id}_{spacing_name(options.spacing)}m'
    name += f'_y{window.y}_x{window.x}'
    latitude = longitude = None
    if scene.place:
        centre = window.y + window.height / 2, window.x + window.width / 2
        metres = (position * options.spacing for position in centre)
        degrees = scene.geolocation.at(*metres)
        latitude, longitude = (round(float(angle), 5) for angle in degrees)
    return Patch(
        patch_id=name,
        file=f'patches/{scene_id}/{name}.npz',
        scene_id=scene_id,
        spacing=float(options.spacing),
        **window._asdict(),
        latitude=latitude,
        longitude=longitude,
        valid=round(float(crop.valid.mean()), 4),
        labelled=round(labelled_share(crop, options.tasks), 4),
        labels=summarise_charts(crop.charts, crop.valid),
        seed=options.seed,
    )
