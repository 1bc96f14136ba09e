"""Pixels of a scene against those that a model was trained on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import Compose

from ..datasets.parity import parity_record
from ..engine import parity_differences
from ..engine.parity import PIXEL_ENTRIES
from ..errors import ParityError
from ..scenes.open_stream import NO_LAND
from ..scenes.stream import SceneStream
from ..scenes.variables import find_channel

#: What the config says of the preparation, and what only a scene can tell.
CONFIG_ENTRIES = (*PIXEL_ENTRIES, 'spacings')
SCENE_ENTRIES = ('mask', 'release')
NEEDED = {*CONFIG_ENTRIES, *SCENE_ENTRIES, 'min_valid'}

#: Kinds of scenes that do not know where land is.
_BARE_KINDS = ('grd', 'geotiff')
_SAY_LAND = (
    'Say where land is with --land-mask FILE, or with --land-mask none that '
    'there is none.'
)


def check_config(
    checkpoint: str,
    trained: Mapping[str, Any],
    pipeline: Compose,
    channels: Sequence[str],
    spacing: float,
) -> None:
    """Hold a config against what a checkpoint remembers.

    Args:
        checkpoint: What messages call the checkpoint.
        trained: Its record.
        pipeline: How the config prepares pixels.
        channels: Channels of the config.
        spacing: Pixel spacing of the config in m.

    Raises:
        ParityError: If the record lacks an entry, or they differ.
    """
    if missing := sorted(NEEDED - trained.keys()):
        raise ParityError(
            checkpoint,
            'a record of how its training data were prepared',
            f'one without {", ".join(missing)}' if trained else 'none',
            'Use a checkpoint that mmseaice wrote.',
        )
    ours = parity_record(
        pipeline.transforms,
        channels,
        [spacing],
        [find_channel(name).units for name in channels],
    )
    _refuse(
        checkpoint,
        parity_differences(
            {key: trained[key] for key in CONFIG_ENTRIES}, ours
        ),
        'Give the config that the checkpoint was trained with.',
    )


def check_stream(stream: SceneStream, trained: Mapping[str, Any]) -> None:
    """Hold a scene against what a checkpoint remembers.

    A mask of land stands in for one of the chart, with a warning. A scene
    that is of no release is not judged by it.

    Raises:
        ParityError: If the scene is of another release, or masked in
            another way.
    """
    lines = []
    remedy = (
        'Open the scene as those of the training were, or use a model '
        'trained on scenes like this one.'
    )
    for key in SCENE_ENTRIES:
        wanted = np.atleast_1d(trained[key]).tolist()
        found = stream.attrs[key]
        if key == 'mask' and 'chart' in wanted and found == 'land':
            bare = stream.attrs.get('land_mask') == NO_LAND
            blanked = 'Nothing' if bare else 'Only land'
            warnings.warn(
                f'{stream.attrs["scene_id"]}: the model was trained on SAR '
                f'blanked outside the ice chart. {blanked} is blanked here, '
                'so it also sees pixels of a kind it was never shown, such '
                f'as {"land and " * bare}lakes.',
                stacklevel=4,
            )
        elif found and found not in wanted:
            lines.append(
                f'{key}: trained with {" and ".join(wanted)}, data have '
                f'{found}'
            )
            if key == 'mask' and stream.attrs.get('kind') in _BARE_KINDS:
                remedy = _SAY_LAND
    _refuse(stream.name, lines, remedy)


def _refuse(subject: str, differences: list[str], remedy: str) -> None:
    """Raise a ParityError if there are differences."""
    if differences:
        raise ParityError(
            subject,
            'data prepared as in training',
            'these differences:\n  ' + '\n  '.join(differences) + '\n',
            remedy,
        )
