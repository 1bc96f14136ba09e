"""From arrays to what a model takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS
from ...structures import SeaIceDataSample

#: Keys of the results that a sample keeps, where they exist.
META_KEYS = (
    'scene_id',
    'spacing',
    'ori_shape',
    'ori_spacing',
    'window',
    'channels',
    'sample_idx',
)


def pack_image(
    results: dict, meta_keys: Sequence[str]
) -> tuple[torch.Tensor, dict]:
    """The image as a tensor, float32 (C, H, W), and what is known of it.

    Raises:
        ValueError: If a value is NaN or infinite.
    """
    image = np.ascontiguousarray(results['image'], np.float32)
    if not np.isfinite(image).all():
        raise ValueError(
            'image must be finite to be packed, but got NaN or infinite '
            'values. Put NormaliseScene before the packing step.'
        )
    meta = {key: results[key] for key in meta_keys if key in results}
    meta['img_shape'] = tuple(image.shape[-2:])
    return torch.from_numpy(image), meta


def _check_shape(task: str, chart: np.ndarray, valid: np.ndarray) -> None:
    """Raise if a chart cannot be masked by the validity of the image."""
    if chart.shape != valid.shape:
        raise ValueError(
            f'The {task} chart must lie on the grid of the image, '
            f'{valid.shape}, to be masked by it, but got {chart.shape}. '
            'Set test_mode=True in the data set, or mask_labels=False here.'
        )


@TRANSFORMS.register_module()
class PackScene(BaseTransform):
    """Pack image, charts and validity for a model.

    Gives ``inputs``, float32 (C, H, W), and ``data_samples``, a
    :class:`~mmseaice.structures.SeaIceDataSample` with ``gt_<TASK>`` of
    each chart and ``valid``. Without charts it serves pre-training. With
    ``polygon_ids`` come ``polygons`` and the metainfo ``polygon_codes``.

    Args:
        meta_keys: Keys to keep as metainfo, beside ``img_shape``.
        mask_labels: Whether to set labels to 255 where the SAR is invalid.
            None does so in training and not in test mode, because scores
            count every labelled pixel.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = META_KEYS,
        mask_labels: bool | None = None,
    ) -> None:
        self.meta_keys = tuple(meta_keys)
        self.mask_labels = mask_labels

    def transform(self, results: dict) -> dict:
        """Pack ``results``."""
        inputs, meta = pack_image(results, self.meta_keys)
        valid = results['valid']
        meta.setdefault('ori_shape', meta['img_shape'])
        sample = SeaIceDataSample(metainfo=meta)
        sample.set_valid(torch.from_numpy(np.ascontiguousarray(valid)))
        mask_labels = self.mask_labels
        if mask_labels is None:
            mask_labels = not results.get('test_mode', False)
        # All bits are set, which is 255, where ``valid`` is 0.
        blank = valid.view(np.uint8) - np.uint8(1)
        for task, chart in results.get('charts', {}).items():
            if mask_labels:
                _check_shape(task, chart, valid)
                chart = chart | blank
            # The preprocessor makes long integers of them on the device.
            chart = np.ascontiguousarray(chart)
            sample.set_gt(task, torch.from_numpy(chart))
        if 'polygon_ids' in results:
            ids = results['polygon_ids'].astype(np.int32)
            sample.set_polygons(torch.from_numpy(ids))
            sample.set_metainfo({'polygon_codes': results['polygon_codes']})
        return {'inputs': inputs, 'data_samples': sample}

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(meta_keys={self.meta_keys}, '
            f'mask_labels={self.mask_labels})'
        )
