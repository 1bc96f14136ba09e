"""Decode heads that predict one number per pixel instead of a class."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.decode_heads import (
    DepthwiseSeparableASPPHead,
    FCNHead,
    SegformerHead,
    UPerHead,
)
from mmseg.structures import SegDataSample

from ...registry import MODELS


class RegressionMixin:
    """Turns an mmseg decode head into its regression twin.

    Put it before the head: ``class MyHead(RegressionMixin, FCNHead)``. The
    output has one channel, in the units of the labels, without activation;
    all other arguments are the head's own.

    Args:
        loss_decode: Loss or losses of (N, 1, H, W) against (N, H, W).
        value_range: Lowest and highest label. The last layer then works on
            a scale where they are -1 and 1, so that it starts in the middle
            of the labels and need not grow to reach their ends, which an
            optimiser with bounded steps does slowly. Values outside remain
            possible. None leaves the output of the layer as it is.
    """

    def __init__(
        self,
        *args: Any,
        loss_decode: dict | list[dict] | None = None,
        value_range: tuple[float, float] | None = None,
        **kwargs: Any,
    ) -> None:
        low, high = value_range or (-1.0, 1.0)
        if not low < high:
            raise ValueError(
                f'value_range must rise, but got {tuple(value_range)}.'
            )
        # Upstream knows one channel as binary segmentation only, so the
        # head is built as that and told the truth afterwards.
        super().__init__(
            *args,
            num_classes=2,
            out_channels=1,
            threshold=0.0,
            loss_decode=loss_decode or dict(type='mmseaice.MaskedMSELoss'),
            **kwargs,
        )
        self.num_classes = 1
        self.offset, self.scale = (low + high) / 2, (high - low) / 2

    def cls_seg(self, feat: torch.Tensor) -> torch.Tensor:
        """Predict one number per pixel, (N, 1, h, w), from (N, C, h, w)."""
        return self.offset + self.scale * super().cls_seg(feat)

    def loss_by_feat(
        self,
        seg_logits: torch.Tensor,
        batch_data_samples: list[SegDataSample],
    ) -> dict[str, torch.Tensor]:
        """Compute the losses, without an accuracy that would mean nothing.

        Args:
            seg_logits: Output of the head, (N, 1, h, w).
            batch_data_samples: Samples with ``gt_sem_seg``, (1, H, W).
        """
        losses = super().loss_by_feat(seg_logits, batch_data_samples)
        losses.pop('acc_seg', None)
        return losses


@MODELS.register_module()
class RegressionUPerHead(RegressionMixin, UPerHead):
    """Regression twin of ``mmseg.UPerHead``."""


@MODELS.register_module()
class RegressionFCNHead(RegressionMixin, FCNHead):
    """Regression twin of ``mmseg.FCNHead``."""


@MODELS.register_module()
class RegressionSegformerHead(RegressionMixin, SegformerHead):
    """Regression twin of ``mmseg.SegformerHead``."""


@MODELS.register_module()
class RegressionASPPHead(RegressionMixin, DepthwiseSeparableASPPHead):
    """Regression twin of ``mmseg.DepthwiseSeparableASPPHead``."""
