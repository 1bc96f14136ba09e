"""From a scene file to its charts."""

from __future__ import annotations

import os
import warnings

import numpy as np
import torch
import xarray as xr
from mmcv.transforms import Compose
from mmengine.config import Config

from ..charts import IGNORE, get_task
from ..datasets.parity import parity_record
from ..engine import parity_differences
from ..engine.parity import PIXEL_ENTRIES
from ..errors import MissingChannelError, ParityError
from ..registry import TRANSFORMS
from ..scenes import (
    CHART_SPACING,
    Geolocation,
    open_scene,
    resample_scene,
)
from ..scenes.coarse import interpolate_coarse
from ..scenes.place import place_channel
from ..scenes.variables import PLACE_CHANNELS, find_channel
from .model import init_model

#: What the config says of the preparation, and what only a scene can tell.
CONFIG_ENTRIES = (*PIXEL_ENTRIES, 'spacings')
SCENE_ENTRIES = ('mask', 'release')
NEEDED = {*CONFIG_ENTRIES, *SCENE_ENTRIES, 'min_valid'}


class SceneInferencer:
    """Charts whole scenes with a trained model.

    The scene is held in memory. It is prepared exactly as the training
    data were: spacing, channels and normalisation come from the config's
    ``test_dataloader`` and are compared with the record in the checkpoint,
    which also says how valid a resampled cell must be, and which mask and
    release a scene must have.

    Args:
        config: Config of the fine-tuning, or its path.
        checkpoint: Its weights.
        device: Where to run; the first GPU by default, the CPU without one.
        trust_checkpoint: Whether the checkpoint may run code.

    Raises:
        CheckpointError: If the checkpoint does not fit the config.
        ParityError: If the config prepares pixels in another way than the
            model was trained on.
    """

    def __init__(
        self,
        config: str | os.PathLike | Config,
        checkpoint: str | os.PathLike,
        device: str | torch.device | None = None,
        trust_checkpoint: bool = False,
    ) -> None:
        self.model = init_model(config, checkpoint, device, trust_checkpoint)
        dataset = self.model.cfg.test_dataloader.dataset
        # Data sets take a single value as well as a list.
        self.channels = tuple(np.atleast_1d(dataset.channels).tolist())
        self.spacing = float(np.atleast_1d(dataset.spacings)[0])
        steps = [
            step
            for step in dataset.pipeline
            if step['type'].rpartition('.')[2] != 'LoadScene'
        ]
        self.pipeline = Compose([TRANSFORMS.build(step) for step in steps])
        self._check_config(str(checkpoint))

    def _check_config(self, checkpoint: str) -> None:
        """Hold the config against what the checkpoint remembers."""
        trained = self.model.parity or {}
        if missing := sorted(NEEDED - trained.keys()):
            raise ParityError(
                checkpoint,
                'a record of how its training data were prepared',
                f'one without {", ".join(missing)}' if trained else 'none',
                'Use a checkpoint that mmseaice wrote.',
            )
        ours = parity_record(
            self.pipeline.transforms,
            self.channels,
            [self.spacing],
            [find_channel(name).units for name in self.channels],
        )
        _refuse(
            checkpoint,
            parity_differences(
                {key: trained[key] for key in CONFIG_ENTRIES}, ours
            ),
            'Give the config that the checkpoint was trained with.',
        )

    def _check_scene(self, scene: xr.Dataset) -> None:
        """Hold a scene against what the checkpoint remembers."""
        lines = []
        for key in SCENE_ENTRIES:
            trained = np.atleast_1d(self.model.parity[key]).tolist()
            found = scene.attrs[key]
            if key == 'mask' and 'chart' in trained and found == 'land':
                _tell_stand_in(scene)
            elif found not in trained:
                trained = ' and '.join(trained)
                lines.append(
                    f'{key}: trained with {trained}, data have {found}'
                )
        _refuse(
            scene.attrs.get('path') or scene.attrs['scene_id'],
            lines,
            'Open the scene as those of the training were, or use a model '
            'trained on scenes like this one.',
        )

    def __call__(self, scene: str | os.PathLike | xr.Dataset) -> xr.Dataset:
        """Chart one scene.

        Args:
            scene: A supported file, or a canonical scene.

        Returns:
            On the 80 m grid, dims (y, x): SIC as float32 class numbers 0 to
            10 (tenths), SOD and FLOE as uint8 classes, 255 and NaN where
            there is no SAR; tie points and attributes of the scene.

        Raises:
            ParityError: If the scene is of another release, or masked in
                another way, than those the model was trained on. A mask of
                land stands in for one of the chart, with a warning.
            MissingChannelError: If the scene lacks a channel of the model.
            SceneFileError: If the file cannot be read.
        """
        if not isinstance(scene, xr.Dataset):
            scene = open_scene(scene)
        self._check_scene(scene)
        min_valid = self.model.parity['min_valid']
        fine = resample_scene(scene, CHART_SPACING, min_valid=min_valid)
        work = resample_scene(scene, self.spacing, min_valid=min_valid)
        image = self._stack(work)
        full = [n for n in self.channels if find_channel(n).grid == 'full']
        results = dict(
            image=image,
            valid=np.isfinite(work[full].to_array().values).all(axis=0),
            charts={},
            channels=self.channels,
            spacing=self.spacing,
            scene_id=scene.attrs['scene_id'],
            ori_spacing=CHART_SPACING,
            ori_shape=fine['HH'].shape,
            test_mode=True,
        )
        packed = self.pipeline(results)
        batch = {key: [value] for key, value in packed.items()}
        with torch.inference_mode():
            sample = self.model.test_step(batch)[0]
        return self._charts(sample, fine)

    def _stack(self, scene: xr.Dataset) -> np.ndarray:
        """The channels of the model on one grid, float32 (C, H, W)."""
        missing = [
            name
            for name in self.channels
            if name not in scene and name not in PLACE_CHANNELS
        ]
        if missing:
            raise MissingChannelError(
                scene.attrs.get('path', scene.attrs['scene_id']),
                f'channels {", ".join(self.channels)}',
                f'no {", ".join(missing)}',
                'Use a model that does without.',
            )
        planes = [_plane(name, scene) for name in self.channels]
        return np.stack(planes).astype(np.float32)

    def _charts(self, sample: object, fine: xr.Dataset) -> xr.Dataset:
        """The predicted charts on the 80 m grid of a scene."""
        valid = np.isfinite(fine['HH'].values)
        charts = {}
        for task in self.model.tasks:
            values = sample.get_pred(task).squeeze(0).cpu().numpy()
            if get_task(task).kind == 'regression':
                values = np.where(valid, values, np.float32(np.nan))
            else:
                values = np.where(valid, values, IGNORE).astype(np.uint8)
            charts[task] = (
                ('y', 'x'),
                values,
                _chart_attrs(task),
            )
        places = fine[['latitude', 'longitude']]
        return places.drop_attrs().assign(charts).assign_attrs(fine.attrs)


def _plane(name: str, scene: xr.Dataset) -> np.ndarray:
    """A channel on the full grid of a scene, (H, W)."""
    height, width = scene['HH'].shape
    grid = find_channel(name).grid
    if grid == 'full':
        return scene[name].values
    if grid == '2km':
        return interpolate_coarse(
            scene[name].values,
            scene['y_2km'].values,
            scene['x_2km'].values,
            y=0,
            x=0,
            height=height,
            width=width,
        )
    return place_channel(
        name,
        scene.attrs['acquisition_time'],
        Geolocation.from_scene(scene),
        np.arange(height) + 0.5,
        np.arange(width) + 0.5,
    )


def _chart_attrs(task: str) -> dict[str, object]:
    """Name, and unit or meaning of the values, in the words of CF."""
    row = get_task(task)
    if row.kind == 'regression':
        return {'long_name': row.title, 'units': 'tenths'}
    return {
        'long_name': row.title,
        'flag_values': np.arange(row.num_classes, dtype=np.uint8),
        'flag_meanings': ' '.join(n.replace(' ', '_') for n in row.classes),
    }


def _tell_stand_in(scene: xr.Dataset) -> None:
    """Warn that a scene to be charted is masked by land alone."""
    warnings.warn(
        f'{scene.attrs["scene_id"]}: the model was trained on SAR blanked '
        'outside the ice chart. Only land is blanked here, so it also sees '
        'pixels of a kind it was never shown, such as lakes.',
        stacklevel=4,
    )


def _refuse(subject: str, differences: list[str], remedy: str) -> None:
    """Raise a ParityError if there are differences."""
    if differences:
        raise ParityError(
            subject,
            'data prepared as in training',
            'these differences:\n  ' + '\n  '.join(differences) + '\n',
            remedy,
        )
