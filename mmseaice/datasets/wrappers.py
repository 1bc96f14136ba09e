"""What mmengine's data-set wrappers lack for numbered draws."""

from __future__ import annotations

from mmengine.dataset import ClassBalancedDataset as _ClassBalancedDataset

from ..registry import DATASETS
from .samplers import Draw


@DATASETS.register_module()
class ClassBalancedDataset(_ClassBalancedDataset):
    """mmengine's wrapper, which repeats rare classes, for numbered draws.

    It looks indices up in a list, where a :class:`Draw` would become a
    plain number and its sample would no longer follow from the seed.
    mmengine's other wrappers only calculate, and keep draws as they are.
    """

    def _get_ori_dataset_idx(self, idx: int) -> int:
        """The index in the wrapped data set, still the same draw."""
        index = super()._get_ori_dataset_idx(idx)
        return idx.moved(index) if isinstance(idx, Draw) else index
