"""Gradients at several scales, which speckle hardly disturbs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from ....registry import MODELS
from .pixel import PixelTarget
from .windows import PowerScale, check_fraction, window_mean


@MODELS.register_module()
class GradientTarget(PixelTarget):
    """Ratio-of-averages gradients, one map for each scale.

    Around each pixel, the means of two opposite half windows of radius r
    are compared, r + 1 by 2 r + 1 pixels with the middle line in both. In
    decibels their ratio is a difference, and

        g_r = sqrt((right - left) ** 2 + (below - above) ** 2)

    in units of the input. Speckle multiplies: a difference of neighbours
    has more of it where it is bright, a ratio of averages equally much
    everywhere, and less with growing r.

    Source: the target of SAR-JEPA (Li et al. 2024, ISPRS J. 218, 326-338,
    arXiv 2311.15153), there natural logarithms of means of amplitude at
    radii 9, 13 and 17; the ratio of averages is that of Touzi et al. (1988,
    IEEE TGRS 26(6), 764-773). New here: windows know what is valid.

    Args:
        radii: Radius of each scale, in pixels.
        decibels: Decibels per unit of the input, one number or one per
            channel, to average linear power. 0 averages the input itself.
        min_valid: A pixel counts if it is valid, and this fraction of each
            of its four half windows at that scale.
    """

    is_image = False

    def __init__(
        self,
        radii: Sequence[int] = (2, 4, 8),
        decibels: float | Sequence[float] = 0.0,
        min_valid: float = 0.5,
    ) -> None:
        super().__init__()
        if not radii or any(int(r) != r or r < 1 for r in radii):
            raise ValueError(
                f'radii must be whole numbers of at least 1, but got {radii}.'
            )
        self.radii = tuple(radii)
        self.maps = len(self.radii)
        self.scale = PowerScale(decibels)
        self.min_valid = check_fraction('min_valid', min_valid)

    @torch.no_grad()
    def forward(
        self, images: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Make the target of a batch, see :class:`PixelTarget`."""
        power = self.scale.to_power(images, valid)
        pairs = [self._gradient(power, valid, r) for r in self.radii]
        # (N, C, K, H, W), so that the maps of one channel are neighbours.
        maps = torch.stack([maps for maps, _ in pairs], dim=2)
        counted = torch.stack([counted for _, counted in pairs], dim=2)
        maps = torch.where(counted, maps, 0)
        return maps.flatten(1, 2), counted.expand_as(maps).flatten(1, 2)

    def _gradient(
        self, power: torch.Tensor, valid: torch.Tensor, r: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map, (N, C, H, W), and where it counts, (N, 1, H, W)."""
        along, enough_along = self._difference(power, valid, r, dim=2)
        across, enough_across = self._difference(power, valid, r, dim=3)
        magnitude = (along.square() + across.square()).sqrt()
        return magnitude, valid & enough_along & enough_across

    def _difference(
        self, power: torch.Tensor, valid: torch.Tensor, r: int, dim: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The half window after each pixel minus the one before, by level.

        The half after a pixel is the half before the one r further on, so
        one map of means serves both.
        """
        edge = (0, 0, 0, r) if dim == 2 else (0, r, 0, 0)
        before = (r, 0, r, r) if dim == 2 else (r, r, r, 0)
        means, enough = window_mean(
            F.pad(power, edge), F.pad(valid, edge), before, self.min_valid
        )
        levels, size = self.scale.from_power(means), power.shape[dim]
        difference = levels.narrow(dim, r, size) - levels.narrow(dim, 0, size)
        enough = enough.narrow(dim, r, size) & enough.narrow(dim, 0, size)
        return difference, enough
