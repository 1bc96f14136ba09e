"""Bring all channels to one scale, and missing pixels to 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import MissingChannelError
from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class NormaliseScene(BaseTransform):
    """Subtract the mean, divide by the standard deviation, clip, fill.

    The fill value 0 is the mean of each channel. It stands wherever the
    SAR is invalid, and where a channel of its own is missing or infinite,
    so no NaN leaves this step.

    Args:
        mean: Mean by channel name, in the units of the channel; more
            channels than the data have do no harm.
        std: Standard deviation by channel name.
        clip: Lowest and highest normalised value, in standard deviations;
            it tames outliers (files hold sigma0 down to -380 dB). None
            keeps them.
    """

    #: Normalised value of missing pixels.
    fill = 0.0

    def __init__(
        self,
        mean: Mapping[str, float],
        std: Mapping[str, float],
        clip: Sequence[float] | None = (-5.0, 5.0),
    ) -> None:
        self.mean = dict(mean)
        self.std = dict(std)
        self.clip = None if clip is None else tuple(clip)
        if self.mean.keys() != self.std.keys():
            raise ValueError(
                f'std must have the channels of mean, {sorted(self.mean)}, '
                f'but got {sorted(self.std)}.'
            )
        for name, value in self.std.items():
            if not value > 0:
                raise ValueError(
                    f'std of {name} must be positive, but got {value}.'
                )
        if self.clip and not self.clip[0] <= self.fill <= self.clip[1]:
            raise ValueError(
                f'clip must be (low, high) around 0, but got {clip}.'
            )

    def check_channels(self, channels: Sequence[str]) -> None:
        """Check that each channel has a mean and a standard deviation.

        Raises:
            MissingChannelError: If one has none.
        """
        for name in channels:
            if name not in self.mean:
                raise MissingChannelError(
                    'NormaliseScene',
                    f'mean and std of channel {name!r}',
                    f'those of {", ".join(self.mean)}',
                    'Add the channel to both arguments.',
                )

    def transform(self, results: dict) -> dict:
        """Normalise ``image`` in ``results``, (C, H, W)."""
        channels = results['channels']
        self.check_channels(channels)
        mean, std = (
            np.array([table[name] for name in channels], np.float32)
            for table in (self.mean, self.std)
        )
        image = results['image']
        known = np.isfinite(image)
        known &= results['valid']
        image = image - mean[:, None, None]
        image /= std[:, None, None]
        if self.clip:
            np.clip(image, *self.clip, out=image)
        if not known.all():
            np.copyto(image, self.fill, where=~known)
        results['image'] = image
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(mean={self.mean}, std={self.std}, '
            f'clip={self.clip})'
        )
