"""From a patch with one label to what a classifier takes."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.transforms import BaseTransform
from mmpretrain.structures import DataSample

from ...registry import TRANSFORMS
from .pack_scene import pack_image

#: Keys of the results that a sample keeps, where they exist.
META_KEYS = ('patch_id', 'scene_id', 'spacing', 'channels', 'sample_idx')


@TRANSFORMS.register_module()
class PackPatch(BaseTransform):
    """Pack a patch for classification.

    Gives ``inputs``, float32 (C, H, W), and ``data_samples``, mmpretrain's
    ``DataSample`` with ``gt_label`` where the patch has a label. For
    pre-training use :class:`PackScene`, which keeps the validity mask.

    Args:
        meta_keys: Keys to keep as metainfo, beside ``img_shape``.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack ``results``."""
        inputs, meta = pack_image(results, self.meta_keys)
        sample = DataSample(metainfo=meta)
        if 'gt_label' in results:
            sample.set_gt_label(int(results['gt_label']))
        return {'inputs': inputs, 'data_samples': sample}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'
