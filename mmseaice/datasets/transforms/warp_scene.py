"""Turn and zoom an image and its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from ...charts import IGNORE
from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class WarpScene(BaseTransform):
    """Rotate and zoom image, validity and charts about the crop's centre.

    Belongs between :class:`CropScene` and :class:`NormaliseScene`, where
    what is missing is still NaN. Each pixel of image and charts is the
    nearest one, as the challenge's winner has it (Chen et al. 2024, The
    Cryosphere 18, 1621). What turns in from outside the crop is invalid,
    without label or polygon. Wind is not turned.

    With ``smooth`` the image is made of bilinear means of valid pixels, in
    the units of the channel, and a pixel is valid where at least half of
    its weight is. That takes speckle away, more of it the further a pixel
    lies from the centres of the old ones, and a model then sees smoother
    images in training than in testing.

    Args:
        rotation: Largest angle in degrees; angles are equally likely
            between minus and plus that.
        scale: Least and greatest factor, equally likely in between. Above
            1 magnifies.
        prob: Probability of the rotation, and of the zoom.
        smooth: Whether the image is interpolated.
    """

    def __init__(
        self,
        rotation: float = 90.0,
        scale: Sequence[float] = (0.9, 1.1),
        prob: float = 0.5,
        smooth: bool = False,
    ) -> None:
        if not 0 <= rotation <= 180:
            raise ValueError(
                f'rotation must be from 0 to 180 degrees, but got {rotation}.'
            )
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ValueError(
                f'scale must be two rising factors above 0, but got {scale}.'
            )
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, but got {prob}.')
        self.rotation = rotation
        self.scale = tuple(scale)
        self.prob = prob
        self.smooth = smooth

    def transform(self, results: dict) -> dict:
        """Warp the maps in ``results``."""
        rng, shape = results['rng'], results['valid'].shape
        turned, zoomed = rng.random(2) < self.prob
        angle = rng.uniform(-self.rotation, self.rotation)
        factor = rng.uniform(*self.scale)
        for task, chart in results.get('charts', {}).items():
            if chart.shape != shape:
                raise ValueError(
                    f'The {task} chart must lie on the grid of the image, '
                    f'{shape}, to be warped, but got {chart.shape}. Drop '
                    'WarpScene, or label_spacing of LoadScene.'
                )
        if not (turned or zoomed):
            return results
        matrix = cv2.getRotationMatrix2D(
            # Of the centres of pixels, the first of which is at 0.
            ((shape[1] - 1) / 2, (shape[0] - 1) / 2),
            angle if turned else 0.0,
            factor if zoomed else 1.0,
        )
        warp = partial(_warp, matrix=matrix)
        image, valid = results['image'], results['valid']
        if self.smooth:
            weight = warp(valid.astype(np.float32), smooth=True)
            results['image'] = np.stack(
                [_warp_known(c, valid, weight, warp) for c in image]
            )
            results['valid'] = weight >= 0.5
        else:
            results['valid'] = warp(valid.view(np.uint8)).astype(bool)
            results['image'] = np.stack([warp(c) for c in image])
            results['image'][:, ~results['valid']] = np.nan
        results['charts'] = {
            task: warp(chart, outside=IGNORE)
            for task, chart in results.get('charts', {}).items()
        }
        if 'polygon_ids' in results:
            results['polygon_ids'] = warp(results['polygon_ids'])
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(rotation={self.rotation}, '
            f'scale={self.scale}, prob={self.prob}, smooth={self.smooth})'
        )


def _warp(
    values: np.ndarray,
    matrix: np.ndarray,
    outside: float = 0,
    smooth: bool = False,
) -> np.ndarray:
    """Warp (H, W) to the nearest pixels, or to bilinear means."""
    return cv2.warpAffine(
        np.ascontiguousarray(values),
        matrix,
        values.shape[::-1],
        flags=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=outside,
    )


def _warp_known(
    channel: np.ndarray,
    valid: np.ndarray,
    weight: np.ndarray,
    warp: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Bilinear means over the known pixels of a channel.

    Args:
        channel: Values, float32 (H, W), NaN where missing.
        valid: Bool (H, W), True where the image has SAR.
        weight: ``valid`` after ``warp``, which serves channels that miss
            nothing else.
        warp: How (H, W) is warped.

    Returns:
        Float32 (H, W), NaN where less than half of the weight is known.
    """
    known = np.isfinite(channel) & valid
    if not np.array_equal(known, valid):
        weight = warp(known.astype(np.float32), smooth=True)
    total = warp(np.where(known, channel, np.float32(0)), smooth=True)
    mean = np.full_like(total, np.nan)
    return np.divide(total, weight, out=mean, where=weight >= 0.5)
