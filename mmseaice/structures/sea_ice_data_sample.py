"""Labels and predictions of one image, by task name."""

from __future__ import annotations

import torch
from mmengine.structures import BaseDataElement, PixelData
from mmseg.structures import SegDataSample

from ..charts import TASKS

_PREFIXES = ('gt_', 'pred_')


def _task_order(task: str) -> tuple[int, str]:
    """Sort key: tasks of the code table first and in its order."""
    names = list(TASKS)
    return (names.index(task) if task in TASKS else len(names), task)


class SeaIceDataSample(BaseDataElement):
    """Ground truth, prediction, logits and validity of one image.

    Every map is a :class:`~mmengine.structures.PixelData` with one tensor
    ``data``, so it is always (channels, H, W):

    - ``gt_<TASK>``: class numbers, (1, H, W), 255 without a label; uint8
      as packed, int64 in a batch for training;
    - ``pred_<TASK>``: class numbers, int64 (1, H, W), or the predicted
      quantity, float32 (1, H, W), of a regression task;
    - ``logits_<TASK>``: float32 (K, H, W);
    - ``valid``: bool (1, H, W), True where the image has SAR. It has the
      size of the image, while labels may lie on another grid;
    - ``polygons``: ids of the ice chart's polygons, int32 (1, H, W), 0 is
      none. Metainfo ``polygon_codes`` holds the table of their codes.

    Metainfo fields are scene_id, spacing (m), ``ori_shape`` (H, W of the
    grid that predictions are scored on), ``img_shape``, window, channels.
    """

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks with a ground truth or a prediction."""
        names = {
            key.removeprefix(prefix)
            for key in self.keys()
            for prefix in _PREFIXES
            if key.startswith(prefix)
        }
        return tuple(sorted(names, key=_task_order))

    def _set_map(self, key: str, value: torch.Tensor) -> None:
        if value.ndim == 2:
            value = value[None]
        if value.ndim != 3:
            raise ValueError(
                f'{key} must be (H, W) or (channels, H, W), but got shape '
                f'{tuple(value.shape)}.'
            )
        setattr(self, key, PixelData(data=value))

    def _get_map(self, key: str) -> torch.Tensor:
        if key not in self:
            raise KeyError(
                f'This sample has no {key!r}, but only '
                f'{", ".join(sorted(self.keys())) or "metainfo"}.'
            )
        return getattr(self, key).data

    def set_gt(self, task: str, value: torch.Tensor) -> None:
        """Store class numbers, (H, W) or (1, H, W), 255 = no label."""
        self._set_map(f'gt_{task}', value)

    def get_gt(self, task: str) -> torch.Tensor:
        """Class numbers, (1, H, W), 255 = no label."""
        return self._get_map(f'gt_{task}')

    def set_pred(self, task: str, value: torch.Tensor) -> None:
        """Store the predicted class or quantity, (H, W) or (1, H, W)."""
        self._set_map(f'pred_{task}', value)

    def get_pred(self, task: str) -> torch.Tensor:
        """Predicted class or quantity, (1, H, W)."""
        return self._get_map(f'pred_{task}')

    def set_logits(self, task: str, value: torch.Tensor) -> None:
        """Store the raw output of a head, (K, H, W)."""
        self._set_map(f'logits_{task}', value)

    def get_logits(self, task: str) -> torch.Tensor:
        """Raw output of a head, (K, H, W)."""
        return self._get_map(f'logits_{task}')

    def set_valid(self, value: torch.Tensor) -> None:
        """Store where the image has SAR: bool, (H, W) or (1, H, W)."""
        self._set_map('valid', value)

    def get_valid(self) -> torch.Tensor:
        """True where the image has SAR: bool, (1, H, W)."""
        return self._get_map('valid')

    def set_polygons(self, value: torch.Tensor) -> None:
        """Store the ids of polygons: int32, (H, W) or (1, H, W)."""
        self._set_map('polygons', value)

    def get_polygons(self) -> torch.Tensor:
        """Ids of polygons: int32, (1, H, W), 0 is none."""
        return self._get_map('polygons')

    def view(self, task: str) -> SegDataSample:
        """This sample as a plain mmseg head sees it: one task, no names.

        Returns:
            A sample with the same metainfo and, where the task has labels,
            ``gt_sem_seg``. Tensors are shared, not copied.
        """
        sample = SegDataSample(metainfo=self.metainfo)
        if f'gt_{task}' in self:
            sample.gt_sem_seg = getattr(self, f'gt_{task}')
        return sample
