"""Mirror an image and its charts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS

#: Wind along samples and along lines.
_WIND = ('u10m_rotated', 'v10m_rotated')


@TRANSFORMS.register_module()
class FlipScene(BaseTransform):
    """Mirror image, validity and charts together, at random.

    A satellite looks to one side: its incidence angle grows along the
    samples. A horizontal flip of a scene therefore swaps near and far
    range, a vertical one does not. Patches whose incidence angle was
    removed may use all eight symmetries of the square. The wind, which ERA5
    channels give along samples (u) and lines (v), is mirrored with the rest;
    it must be in m/s still, so before :class:`NormaliseScene`.

    Args:
        horizontal: Probability of reversing the samples (columns), that
            is the look direction.
        vertical: Probability of reversing the lines (rows), that is the
            flight direction.
        transpose: Probability of swapping lines and samples.
    """

    def __init__(
        self,
        horizontal: float = 0.5,
        vertical: float = 0.0,
        transpose: float = 0.0,
    ) -> None:
        self.horizontal = horizontal
        self.vertical = vertical
        self.transpose = transpose

    def transform(self, results: dict) -> dict:
        """Mirror the maps in ``results``."""
        chances = (self.horizontal, self.vertical, self.transpose)
        draws = results['rng'].random(3) < chances
        charts = results.get('charts', {})
        for task, chart in charts.items():
            if chart.shape != results['valid'].shape:
                raise ValueError(
                    f'The {task} chart must lie on the grid of the image, '
                    f'{results["valid"].shape}, to be flipped, but got '
                    f'{chart.shape}. Drop FlipScene, or label_spacing of '
                    'LoadScene.'
                )
        image = self._flip(results['image'], draws)
        results['image'] = _turn_wind(image, results.get('channels'), draws)
        results['valid'] = self._flip(results['valid'], draws)
        results['charts'] = {
            task: self._flip(chart, draws) for task, chart in charts.items()
        }
        if 'polygon_ids' in results:
            results['polygon_ids'] = self._flip(results['polygon_ids'], draws)
        return results

    @staticmethod
    def _flip(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Mirror (..., H, W) as drawn: columns, rows, transposition.

        A view: what reads it next makes its own copy anyhow.
        """
        horizontal, vertical, transpose = draws
        if horizontal:
            values = values[..., ::-1]
        if vertical:
            values = values[..., ::-1, :]
        if transpose:
            values = np.swapaxes(values, -1, -2)
        return values

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(horizontal={self.horizontal}, '
            f'vertical={self.vertical}, transpose={self.transpose})'
        )


def _turn_wind(
    image: np.ndarray, channels: Sequence[str] | None, draws: np.ndarray
) -> np.ndarray:
    """Mirror the components of the wind in an image that was mirrored.

    Args:
        image: Physical units, (C, H, W).
        channels: Names of the C channels.
        draws: Whether it was mirrored along samples, lines, both swapped.

    Raises:
        ValueError: If they were swapped and one component is missing.
    """
    names = list(channels or ())
    places = [names.index(name) if name in names else None for name in _WIND]
    if places == [None, None] or not draws.any():
        return image
    image = image.copy()
    for place, mirrored in zip(places, draws, strict=False):
        if place is not None and mirrored:
            image[place] *= -1
    if draws[2]:
        if None in places:
            raise ValueError(
                f'channels must have both of {", ".join(_WIND)} to swap lines '
                f'and samples, but got {", ".join(names)}.'
            )
        image[places] = image[places[::-1]]
    return image
