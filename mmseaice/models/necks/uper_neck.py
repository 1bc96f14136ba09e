"""UPerNet's pyramid, made once for all heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.decode_heads import UPerHead

from ...registry import MODELS


@MODELS.register_module()
class UPerNeck(UPerHead):
    """The part of ``mmseg.UPerHead`` that does not depend on the task.

    Pooling pyramid, top-down path and fusion take nearly all the time of a
    UPerNet head (Xiao et al. 2018, arXiv:1807.10221). As a neck they run
    once, and a task adds a 1x1 convolution: ``mmseg.FCNHead`` or
    ``RegressionFCNHead`` with ``num_convs=0``, ``concat_input=False`` and
    ``channels`` for both of its widths. The tasks then share all but their
    last layer.

    Args:
        in_channels: Channels of each feature map.
        channels: Channels of the fused map.
        **kwargs: ``in_index``, ``pool_scales``, ``norm_cfg``, ``act_cfg``
            and ``align_corners`` as the head has them.
    """

    def __init__(
        self, in_channels: Sequence[int], channels: int, **kwargs: Any
    ) -> None:
        super().__init__(
            in_channels=list(in_channels),
            channels=channels,
            # What a head must be told, and a neck has no use for.
            num_classes=3,
            loss_decode=dict(type='mmseaice.ValidCrossEntropyLoss'),
            init_cfg=None,
            **kwargs,
        )
        del self.conv_seg, self.loss_decode
        self.dropout = None

    def forward(self, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor]:
        """Fuse the maps of an encoder or of a feature pyramid.

        Args:
            inputs: Feature maps, (N, C_i, h_i, w_i), the finest first.

        Returns:
            One map, (N, channels, h_0, w_0).
        """
        return (self._forward_feature(inputs),)
