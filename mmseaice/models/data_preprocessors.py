"""From a list of samples to one batch on the device."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from mmengine.model import BaseDataPreprocessor

from ..charts import IGNORE
from ..registry import MODELS
from ..structures import SampleStack, SeaIceDataSample


def _pad(
    values: torch.Tensor, size: tuple[int, int], fill: float
) -> torch.Tensor:
    """Pad (..., h, w) on the right and at the bottom to ``size``."""
    height, width = values.shape[-2:]
    if (height, width) == size:
        return values
    return F.pad(values, (0, size[1] - width, 0, size[0] - height), value=fill)


@MODELS.register_module()
class SeaIceDataPreprocessor(BaseDataPreprocessor):
    """Stack images of any size and channel number, and move them.

    Images arrive normalised, so nothing is scaled here. Smaller ones are
    padded on the right and at the bottom: image 0, ``valid`` False, labels
    255. In training the labels grow with their image; in testing they stay
    on the grid that they are scored on, whatever its spacing.

    Each :class:`SeaIceDataSample` gets ``pad_shape`` (H, W) of the batch in
    its metainfo. Other kinds of samples (patch classification) and other
    keys of the batch only change device.

    Args:
        size_divisor: Height and width of the batch are multiples of it.
        non_blocking: Passed to ``Tensor.to``.
        batch_augments: Configs of what mixes the images of a batch in
            training, such as ``dict(type='CutMixScenes')``, in this order.
    """

    def __init__(
        self,
        size_divisor: int = 1,
        non_blocking: bool = False,
        batch_augments: Sequence[dict] = (),
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        if size_divisor < 1:
            raise ValueError(
                f'size_divisor must be at least 1, but got {size_divisor}.'
            )
        self.size_divisor = size_divisor
        self.batch_augments = [MODELS.build(cfg) for cfg in batch_augments]

    def forward(self, data: dict, training: bool = False) -> dict:
        """Build one batch.

        Args:
            data: ``inputs``, a list of (C, h, w) tensors or one
                (N, C, h, w); ``data_samples``, a list, a
                :class:`SampleStack` or None; anything else.
            training: Whether labels are padded with their image, and
                images mixed.

        Returns:
            The same keys, with ``inputs`` (N, C, H, W).
        """
        data = self.cast_data(data)
        images = data['inputs']
        size = tuple(
            math.ceil(largest / self.size_divisor) * self.size_divisor
            for largest in (
                max(image.shape[axis] for image in images) for axis in (-2, -1)
            )
        )
        if isinstance(images, torch.Tensor):
            data['inputs'] = _pad(images, size, 0.0)
        else:
            padded = [_pad(image, size, 0.0) for image in images]
            data['inputs'] = torch.stack(padded)
        if isinstance(data.get('data_samples'), SampleStack):
            data['data_samples'] = data['data_samples'].samples()
        for sample in data.get('data_samples') or ():
            if isinstance(sample, SeaIceDataSample):
                self._pad_sample(sample, size, training)
        for mix in self.batch_augments if training else ():
            data['inputs'] = mix(data['inputs'], data.get('data_samples'))
        return data

    @staticmethod
    def _pad_sample(
        sample: SeaIceDataSample, size: tuple[int, int], training: bool
    ) -> None:
        """Let the maps of a sample grow with its image, in place."""
        if 'valid' in sample:
            sample.set_valid(_pad(sample.get_valid(), size, False))
        if training:
            for task in sample.tasks:
                if f'gt_{task}' in sample:
                    labels = _pad(sample.get_gt(task), size, IGNORE)
                    sample.set_gt(task, labels.long())
            if 'polygons' in sample:
                sample.set_polygons(_pad(sample.get_polygons(), size, 0))
        sample.set_metainfo({'pad_shape': size})
