"""Losses of mmseg's decode heads, without the accuracy beside them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import nn

from ..heads import RegressionMixin

_PLAIN = (BaseDecodeHead.loss_by_feat, RegressionMixin.loss_by_feat)


def is_plain(head: BaseDecodeHead) -> bool:
    """Whether a head's loss is mmseg's own, of every pixel."""
    return (
        type(head).loss is BaseDecodeHead.loss
        and type(head).loss_by_feat in _PLAIN
        and head.sampler is None
    )


def plain_losses(
    head: BaseDecodeHead,
    features: Sequence[torch.Tensor],
    labels: torch.Tensor,
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """What ``head.loss`` computes, and the logits it compares.

    Upstream's also counts the pixels that are right, for which a GPU has to
    wait twice in each step.

    Args:
        head: A plain head, see :func:`is_plain`.
        features: Maps for the head, each (N, C_i, h_i, w_i).
        labels: Class numbers, int64 (N, H, W).

    Returns:
        Losses by name, and logits (N, K, H, W), float32.

    Raises:
        TypeError: If the head gives anything but one map.
    """
    logits = head(features)
    if not isinstance(logits, torch.Tensor):
        raise TypeError(
            f'{type(head).__name__} must give one map of logits, but gave '
            f'{type(logits).__name__}.'
        )
    fine = F.interpolate(
        logits.float(),
        labels.shape[-2:],
        mode='bilinear',
        align_corners=head.align_corners,
    )
    losses: dict[str, torch.Tensor] = {}
    several = isinstance(head.loss_decode, nn.ModuleList)
    for loss in head.loss_decode if several else [head.loss_decode]:
        value = loss(fine, labels, weight=None, ignore_index=head.ignore_index)
        losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
    return losses, fine
