"""Spread the grey values of 8-bit patches."""

from __future__ import annotations

from typing import Literal

import numpy as np
from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class ScalePatch(BaseTransform):
    """Bring grey values x of 0..255 to 0..1, without a physical unit.

    - 'linear': ``x / 255``;
    - 'log': ``log(1 + x) / log(256)``, which spreads dark sea ice and water
      as decibels would, and has a value at x = 0 in one channel.

    Args:
        mode: 'log' or 'linear'.
    """

    def __init__(self, mode: Literal['log', 'linear'] = 'log') -> None:
        if mode not in ('log', 'linear'):
            raise ValueError(
                f"mode must be 'log' or 'linear', but got {mode!r}."
            )
        self.mode = mode

    def transform(self, results: dict) -> dict:
        """Scale ``image`` in ``results``, (C, H, W); NaN stays NaN."""
        image = results['image']
        if self.mode == 'log':
            image = np.log1p(image) / np.log(np.float32(256))
        else:
            image = image / np.float32(255)
        results['image'] = image
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mode={self.mode!r})'
