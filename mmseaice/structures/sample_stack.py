"""The samples of a batch as a few tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement, PixelData

from .sea_ice_data_sample import SeaIceDataSample


class SampleStack(BaseDataElement):
    """Samples of one size, each of their maps stacked to (N, channels, H, W).

    A data-loader worker hands over every tensor on its own, which takes
    longer than to read the crop. So a batch travels as a stack. The metainfo
    ``metas`` holds the metainfo of each sample.
    """

    @classmethod
    def of(
        cls, maps: Mapping[str, torch.Tensor], metas: Sequence[dict[str, Any]]
    ) -> SampleStack:
        """Make a stack of stacked maps and the metainfo of each sample."""
        return cls(metainfo={'metas': list(metas)}, **maps)

    def samples(self) -> list[SeaIceDataSample]:
        """The samples, which share the memory of the stack."""
        samples = [SeaIceDataSample(metainfo=meta) for meta in self.metas]
        for key, maps in self.items():
            for sample, one in zip(samples, maps, strict=True):
                sample.set_data({key: PixelData(data=one)})
        return samples

    def __getitem__(self, index: int) -> SeaIceDataSample:
        return self.samples()[index]

    def __len__(self) -> int:
        return len(self.get('metas', ()))
