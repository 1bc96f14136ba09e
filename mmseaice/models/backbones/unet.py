"""A U-Net whose levels are as wide as they are told to be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList, Sequential

from ...registry import MODELS


@MODELS.register_module()
class UNet(BaseModule):
    """Two convolutions per level, down by pooling and up along the skips.

    Source: Ronneberger et al. (2015, MICCAI, arXiv:1505.04597), in the form
    of the AutoICE starter kit: 3x3 convolutions that keep the size, each
    with normalisation and ReLU; 2x2 max-pooling down; bilinear
    interpolation, concatenation with the map of the same level and two
    convolutions up. Each map on the way up is as wide as on the way down.

    ``mmseg.UNet`` can only double the width from level to level.

    Images may have any size: level i has ``ceil(H / 2**i)`` lines, and what
    interpolation makes beyond an odd size is cut off.

    Args:
        in_channels: C, channels of the image.
        widths: Channels of each level, the finest first; the last one is
            the bridge.
        norm_cfg: Normalisation after each convolution, None for none.
        act_cfg: What follows it.
        init_cfg: Initialisation; by default that of mmcv's convolutions
            (He et al. 2015).
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        norm_cfg: dict | None = dict(type='BN'),  # noqa: B006 - read only
        act_cfg: dict | None = dict(type='ReLU'),  # noqa: B006 - read only
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(
                'widths must be at least two positive numbers, but got '
                f'{widths}.'
            )
        self.widths = tuple(widths)

        layer = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        above = (in_channels, *self.widths)
        self.down = ModuleList(
            _double(channels, width, **layer)
            for channels, width in pairwise(above)
        )
        self.up = ModuleList(
            _double(deep + width, width, **layer)
            for width, deep in pairwise(self.widths)
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Make one map per level.

        Args:
            x: Images, (N, C, H, W).

        Returns:
            The maps of the way up, (N, widths[i], ceil(H / 2**i),
            ceil(W / 2**i)), the finest first; the last one is the bridge.
        """
        maps = []
        for level, block in enumerate(self.down):
            if level:
                # A line too many makes a pixel of its own.
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = block(x)
            maps.append(x)
        for level in reversed(range(len(self.up))):
            skip = maps[level]
            height, width = skip.shape[-2:]
            x = F.interpolate(x, scale_factor=2, mode='bilinear')
            x = torch.cat([x[..., :height, :width], skip], dim=1)
            x = maps[level] = self.up[level](x)
        return tuple(maps)


def _double(channels: int, width: int, **layer: Any) -> Sequential:
    """Two convolutions of one width."""
    return Sequential(
        ConvModule(channels, width, 3, padding=1, **layer),
        ConvModule(width, width, 3, padding=1, **layer),
    )
