"""Augmentations that mix the images of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from torch.distributions import Beta

from ..registry import MODELS
from ..structures import SeaIceDataSample


@MODELS.register_module()
class CutMixScenes:
    """Paste a box of another image, with the charts and validity of it.

    A batch is mixed with probability ``prob``. Then every image takes the
    same box from that which a random permutation assigns to it. The box
    covers ``1 - lambda`` of the image, with lambda from Beta(alpha, alpha),
    around a centre that is equally likely everywhere, and is cut at the
    border. Labels are maps here, so they come along, and the loss stays as
    it is. The metainfo of a sample goes on telling of its own image.

    Random numbers come from torch's generator, which
    :class:`~mmseaice.engine.DeterministicDrawHook` seeds at every step.

    Source: Yun et al. (2019, ICCV, arXiv:1905.04899).

    Args:
        prob: Probability that a batch is mixed.
        alpha: Of the Beta distribution; 1 makes all shares equally likely.
    """

    def __init__(self, prob: float = 0.5, alpha: float = 1.0) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, but got {prob}.')
        if not alpha > 0:
            raise ValueError(f'alpha must be above 0, but got {alpha}.')
        self.prob = prob
        self.alpha = alpha

    def __call__(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[SeaIceDataSample] | None = None,
    ) -> torch.Tensor:
        """Mix a batch.

        The images are left alone; samples get new maps, so that memory
        which they share with others stays as it was.

        Args:
            inputs: Images, (N, C, H, W).
            data_samples: N samples with maps of the same size.

        Returns:
            New images, (N, C, H, W), or the same if nothing was mixed.

        Raises:
            ValueError: If samples have polygons, or maps that not all of
                them have in the size of the image.
        """
        samples = list(data_samples or ())
        size = tuple(inputs.shape[-2:])
        names = _maps_of(samples, size)
        if torch.rand(()).item() >= self.prob:
            return inputs
        rows, columns = self._draw_box(size)
        source = torch.randperm(len(inputs))
        mixed = inputs.clone()
        mixed[..., rows, columns] = inputs[source][..., rows, columns]
        for name in names:
            maps = [sample.get(name).data for sample in samples]
            for sample, own, other in zip(
                samples, maps, source.tolist(), strict=True
            ):
                new = own.clone()
                new[..., rows, columns] = maps[other][..., rows, columns]
                sample.set_data({name: PixelData(data=new)})
        return mixed

    def _draw_box(self, size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the box."""
        share = 1 - Beta(self.alpha, self.alpha).sample().item()
        box = []
        for length in size:
            side = int(length * share**0.5)
            start = int(torch.randint(length, ())) - side // 2
            box.append(slice(max(start, 0), min(start + side, length)))
        return tuple(box)


def _maps_of(
    samples: Sequence[SeaIceDataSample], size: tuple[int, int]
) -> list[str]:
    """Names of the maps that travel with a pixel.

    Raises:
        ValueError: See :class:`CutMixScenes`.
    """
    names: dict[str, int] = {}
    for sample in samples:
        if not isinstance(sample, SeaIceDataSample) or 'polygons' in sample:
            raise ValueError(
                'data_samples must be SeaIceDataSample without polygons, as '
                'ids of two scenes cannot be mixed, but got '
                f'{type(sample).__name__} with {", ".join(sample.keys())}. '
                'Leave CutMixScenes out of batch_augments.'
            )
        for name, found in sample.items():
            if name == 'valid' or name.startswith('gt_'):
                names[name] = names.get(name, 0) + (found.shape == size)
    uneven = sorted(name for name in names if names[name] < len(samples))
    if uneven:
        raise ValueError(
            f'All samples must have {", ".join(uneven)} in the size of the '
            f'image, {size}, to be mixed, but got some without.'
        )
    return list(names)
