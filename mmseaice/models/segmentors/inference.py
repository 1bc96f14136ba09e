"""How a segmentor turns the output of its heads into charts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead

from ...charts import get_task
from ...scenes.variables import CHART_SPACING
from ..heads import RegressionMixin
from ..utils import BLENDS, Blend, refine_bilinear, refine_nearest


@dataclass
class InferenceConfig:
    """The ``test_cfg`` of a segmentor.

    Args:
        mode: 'whole' for one pass over the image, 'slide' for windows.
        crop_size: Height and width of a window, for 'slide'.
        stride: Steps between windows, down and across; ``crop_size`` by
            default, which is no overlap.
        batch_size: Windows in one pass.
        blend: How much the pixels of a window count where windows overlap:
            'uniform', 'linear' or 'gaussian', see :func:`blend_weights`.
        refine: How classes return to a finer grid: 'bilinear' interpolates
            probabilities, 'nearest' repeats classes. Regression is always
            interpolated.
        keep_logits: Store ``logits_<TASK>`` in the samples.
    """

    mode: Literal['whole', 'slide'] = 'whole'
    crop_size: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None
    batch_size: int = 8
    blend: Blend = 'uniform'
    refine: Literal['bilinear', 'nearest'] = 'bilinear'
    keep_logits: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ('whole', 'slide'):
            raise ValueError(
                f"mode must be 'whole' or 'slide', but got {self.mode!r}."
            )
        if self.refine not in ('bilinear', 'nearest'):
            raise ValueError(
                f"refine must be 'bilinear' or 'nearest', but got "
                f'{self.refine!r}.'
            )
        if self.blend not in BLENDS:
            raise ValueError(
                f'blend must be one of {", ".join(BLENDS)}, but got '
                f'{self.blend!r}.'
            )
        if self.mode == 'whole':
            return
        if self.crop_size is None:
            raise ValueError("crop_size must be given for mode='slide'.")
        self.stride = tuple(self.stride or self.crop_size)
        self.crop_size = tuple(self.crop_size)
        for step, length in zip(self.stride, self.crop_size, strict=True):
            if not 1 <= step <= length:
                raise ValueError(
                    f'stride must be between 1 and crop_size '
                    f'{self.crop_size}, but got {self.stride}.'
                )

    def changed(
        self,
        window: tuple[int, int] | None,
        stride: tuple[int, int] | None,
        **changes: Any,
    ) -> InferenceConfig:
        """The same with other windows; what is None stays as it is.

        Args:
            window: Height and width; another one moves by half of itself
                unless ``stride`` is given.
            stride: Steps between windows.
            **changes: Values of other fields.

        Raises:
            ValueError: If a value is out of range, or there is a stride and
                no window.
        """
        changes = {name: value for name, value in changes.items() if value}
        if window:
            changes |= {'mode': 'slide', 'crop_size': tuple(window)}
            if changes['crop_size'] != self.crop_size:
                changes['stride'] = tuple(max(n // 2, 1) for n in window)
        elif stride and self.mode == 'whole':
            raise ValueError(
                'window must be given with a stride, as the config of this '
                f'model has none, but got stride {stride} alone.'
            )
        if stride:
            changes['stride'] = tuple(stride)
        return replace(self, **changes)


def refining_factor(metainfo: dict) -> float:
    """Pixels of the scored grid per pixel of the image, along each axis.

    Args:
        metainfo: ``img_shape``, ``ori_shape`` and, where they differ,
            ``spacing`` (m) of the image and ``ori_spacing`` (m) of the
            scored grid, that of the published charts if absent.

    Raises:
        ValueError: If shapes and spacings contradict each other.
    """
    image, scored = metainfo['img_shape'], metainfo['ori_shape']
    if tuple(image) == tuple(scored):
        return 1.0
    factor = metainfo['spacing'] / metainfo.get('ori_spacing', CHART_SPACING)
    whole = tuple(int(size / factor + 1e-9) for size in scored)
    if factor < 1 or whole != tuple(image):
        raise ValueError(
            f'ori_shape must be the grid that the image was resampled from '
            f'by {factor:g}, but got {tuple(scored)} for an image of '
            f'{tuple(image)}.'
        )
    return factor


def to_scored_grid(
    logits: torch.Tensor,
    head: BaseDecodeHead,
    factor: float,
    shape: tuple[int, int],
    refine: str,
) -> torch.Tensor:
    """Bring the output of a head to the grid it is scored on.

    Args:
        logits: Output for one image, (K, h, w).
        head: The head that it comes from.
        factor: As :func:`refining_factor` gives it.
        shape: Size (H, W) of the scored grid.
        refine: 'bilinear' or 'nearest', for classes.

    Returns:
        Float32 (K, H, W): the quantity of a regression, probabilities of
        classes otherwise. One channel is the probability of class 1.
    """
    logits = logits.float()
    if isinstance(head, RegressionMixin):
        return refine_bilinear(logits, factor, shape)
    scores = logits.sigmoid() if len(logits) == 1 else logits.softmax(dim=0)
    to_grid = refine_nearest if refine == 'nearest' else refine_bilinear
    return to_grid(scores, factor, shape)


def read_scores(
    scores: torch.Tensor, task: str, head: BaseDecodeHead
) -> torch.Tensor:
    """The chart that scores (K, H, W) stand for.

    Classes that are steps of one scale are read by their mean: a score of
    squared errors, such as R2, is best served by it, and a regression gives
    it as well.

    Returns:
        (1, H, W): float32 within the classes of the task for a quantity,
        int64 classes otherwise.
    """
    if isinstance(head, RegressionMixin):
        return scores.clamp(0, get_task(task).num_classes - 1)
    if get_task(task).kind == 'regression' and len(scores) > 1:
        steps = torch.arange(len(scores), device=scores.device)
        return (scores * steps[:, None, None]).sum(dim=0, keepdim=True)
    if len(scores) == 1:
        return (scores > head.threshold).long()
    return scores.argmax(dim=0, keepdim=True)


def scores_to_logits(
    scores: torch.Tensor, head: BaseDecodeHead
) -> torch.Tensor:
    """Finite logits whose softmax or sigmoid gives the scores, (K, H, W)."""
    if isinstance(head, RegressionMixin):
        return scores
    if len(scores) == 1:
        return scores.logit(eps=torch.finfo(scores.dtype).eps)
    return scores.clamp_min(torch.finfo(scores.dtype).tiny).log()
