"""Finite passes over a data set, with numbered draws."""

from __future__ import annotations

from collections.abc import Iterator

from mmengine.dataset import DefaultSampler

from ...registry import DATA_SAMPLERS
from .draw import Draw


@DATA_SAMPLERS.register_module()
class EpochSampler(DefaultSampler):
    """mmengine's ``DefaultSampler`` whose indices are numbered draws.

    For training by epochs: the order is upstream's, and each sample's
    augmentation follows from the seed, the epoch and its place in it.
    """

    def __iter__(self) -> Iterator[Draw]:
        """Yield the draws of this rank in the current epoch."""
        number = self.epoch * self.total_size + self.rank
        for index in super().__iter__():
            yield Draw(index, number, self.seed)
            number += self.world_size
