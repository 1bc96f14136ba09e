"""Cut a random window out of a stored scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from ...charts import IGNORE, get_task
from ...registry import TRANSFORMS
from ...scenes.window import draw_start
from .place_window import POLYGON, around, draw_blocks


@TRANSFORMS.register_module()
class CropScene(BaseTransform):
    """Read a random window at the record's pixel spacing.

    Every position is equally likely, the last row and column included. A
    window with too little SAR or too few labels is drawn again, and after
    ``max_tries`` the best one seen is taken. A scene smaller than the crop
    lies at a random place in it, with invalid pixels around.

    Rare classes are rare in windows at random. With ``focus`` a window is
    drawn around a block of pixels that holds a random class or polygon, each
    equally likely, whatever its area, see
    :func:`~.place_window.draw_blocks`.

    Reads ``stored``, ``spacing``, ``channels``, ``tasks``, ``polygons`` and
    ``rng``; adds

    - ``image``: float32 (C, H, W), physical units, NaN invalid;
    - ``valid``: bool (H, W), True where there is SAR;
    - ``charts``: uint8 (H, W) by task, 255 no label;
    - ``polygon_ids``: uint16 (H, W), 0 none, if the data set gives polygons;
    - ``window``: (y, x, H, W) in pixels of the stored grid;
    - ``ori_shape``: (H, W).

    Args:
        size: Height and width of the crop, or one number for both.
        min_valid: Share of valid pixels to look for, of those that the
            scene can fill at all.
        max_tries: Windows to look at.
        label_tasks: Tasks of which a window should have labels.
        min_labelled: Share of valid pixels to look for that carry a label
            of at least one of ``label_tasks``; 0 is content with a single
            pixel.
        focus: Name of a task whose classes windows are drawn around, or
            'polygon'; None for windows anywhere.
        focus_share: Share of the draws that have a focus.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        min_valid: float = 0.3,
        max_tries: int = 10,
        label_tasks: Sequence[str] = (),
        min_labelled: float = 0.0,
        focus: str | None = None,
        focus_share: float = 1.0,
    ) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        if len(self.size) != 2 or min(self.size) < 1:
            raise ValueError(
                f'size must be one or two positive numbers, but got {size}.'
            )
        if max_tries < 1:
            raise ValueError(
                f'max_tries must be at least 1, but got {max_tries}.'
            )
        for name, share in (
            ('min_valid', min_valid),
            ('min_labelled', min_labelled),
            ('focus_share', focus_share),
        ):
            if not 0 <= share <= 1:
                raise ValueError(
                    f'{name} must be within [0, 1], but got {share}.'
                )
        self.min_valid = min_valid
        self.max_tries = max_tries
        self.label_tasks = tuple(label_tasks)
        self.min_labelled = min_labelled
        if focus not in (None, POLYGON):
            get_task(focus)
        self.focus = focus
        self.focus_share = focus_share

    def transform(self, results: dict) -> dict:
        """Add the crop to ``results``."""
        unknown = set(self.label_tasks) - set(results['tasks'])
        if unknown:
            raise ValueError(
                f'label_tasks must be among the tasks of the data set '
                f'{tuple(results["tasks"])}, but got {sorted(unknown)}.'
            )
        shape = results['stored'].shape(results['spacing'])
        draw = self._choose_focus(results)
        best = (-1.0, None, None)
        for _ in range(self.max_tries):
            window = (*draw(), *self.size)
            crop = self._read(results, window)
            score = self._score(crop, shape)
            if score > best[0]:
                best = (score, window, crop)
            if score >= 1:
                break
        _, window, crop = best
        results.update(
            image=crop.image,
            valid=crop.valid,
            charts=dict(crop.charts),
            window=window,
            ori_shape=self.size,
        )
        if crop.polygons is not None:
            results['polygon_ids'] = crop.polygons
        return results

    def _choose_focus(self, results: dict) -> Callable[[], tuple[int, int]]:
        """What windows of this sample are drawn by: one choice for all tries.

        Were it made anew for each try, classes in windows that are turned
        down would come less often.
        """
        rng, stored, spacing = (
            results[key] for key in ('rng', 'stored', 'spacing')
        )
        shape, blocks = stored.shape(spacing), None
        if self.focus and rng.random() < self.focus_share:
            blocks = draw_blocks(self.focus, stored.overview, rng)
        if blocks is None:
            return partial(draw_start, shape, self.size, rng)
        metres = stored.overview.block_metres
        return partial(around, blocks, metres, shape, spacing, self.size, rng)

    @staticmethod
    def _read(results: dict, window: tuple[int, int, int, int]) -> Any:
        y, x, height, width = window
        return results['stored'].read(
            results['spacing'],
            channels=results['channels'],
            tasks=results['tasks'],
            y=y,
            x=x,
            height=height,
            width=width,
            polygons=results.get('polygons', False),
        )

    def _score(self, crop: Any, shape: tuple[int, int]) -> float:
        """1 if the crop meets all wishes, else how near it comes."""
        filled = np.prod(np.minimum(self.size, shape))
        scores = [1.0]
        if self.min_valid > 0:
            scores.append(crop.valid.sum() / filled / self.min_valid)
        if self.label_tasks:
            labelled = np.any(
                [crop.charts[task] != IGNORE for task in self.label_tasks],
                axis=0,
            )
            share = (labelled & crop.valid).sum() / max(1, crop.valid.sum())
            wanted = self.min_labelled
            scores.append(share / wanted if wanted else float(share > 0))
        return float(min(scores))

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, '
            f'min_valid={self.min_valid}, max_tries={self.max_tries}, '
            f'label_tasks={self.label_tasks}, '
            f'min_labelled={self.min_labelled}, focus={self.focus!r}, '
            f'focus_share={self.focus_share})'
        )
