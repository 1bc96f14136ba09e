"""Random charted scenes, as inference leaves them to the products."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..charts import IGNORE, TASKS
from ..scenes.stream import CHARTED, LAND, NO_DATA
from ..version import __version__
from .recipes import make_scene


def make_charted(
    height: int = 120, width: int = 130, seed: int = 0, **kwargs: Any
) -> xr.Dataset:
    """A charted scene of every layer that the products know.

    Charts, SAR and tie points are those of :func:`make_scene`, so they are
    blocky and do not agree with each other. Land is where the distance zone
    is 0; all that has SAR and is no land is charted.

    Args:
        height: Lines, at least 60.
        width: Samples, at least 60.
        seed: Two scenes of one seed are equal.
        **kwargs: Those of ``make_scene``.
    """
    scene = make_scene(height, width, seed, **kwargs)
    rng = np.random.default_rng(seed)
    land = scene['distance_zone'].values == 0
    blank = np.isnan(scene['HH'].values)
    status = np.where(land, LAND, np.where(blank, NO_DATA, CHARTED))
    charted = status == CHARTED
    layers = {'status': status.astype(np.uint8)}
    for name, task in TASKS.items():
        # Inference leaves no pixel with SAR without a class.
        classes = scene[name].values % task.num_classes
        if task.kind == 'classification':
            layers[name] = np.where(charted, classes, IGNORE).astype(np.uint8)
            entropy = rng.random(classes.shape, np.float32)
            layers[f'{name}_entropy'] = np.where(charted, entropy, np.nan)
            bits = 1 << classes | rng.integers(0, 4, classes.shape)
            layers[f'{name}_set'] = np.where(charted, bits, 0).astype(np.uint8)
            continue
        value = classes + rng.uniform(-0.4, 0.4, classes.shape)
        value = np.where(charted, value.clip(0, 10), np.nan)
        layers[name] = value.astype(np.float32)
        low, high = (value - 1).clip(0, 10), (value + 1).clip(0, 10)
        layers[f'{name}_low'] = low.astype(np.float32)
        layers[f'{name}_high'] = high.astype(np.float32)
    kept = scene[['HH', 'HV', 'latitude', 'longitude']]
    return kept.assign(
        {name: (('y', 'x'), values) for name, values in layers.items()}
    ).assign_attrs(
        model='multitask_tiny',
        checkpoint='tiny.pth',
        checkpoint_sha256='0' * 64,
        software=f'mmseaice {__version__}',
        source=scene.attrs['path'],
        calibration='',
    )
