"""An ice chart's polygons as they were drawn: sets with shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ...charts import share_table
from ...registry import MODELS
from ...structures import SeaIceDataSample
from ..utils import stack_valid
from .cross_task import CrossTaskLoss, read_concentration
from .reduction import valid_mean

#: Share of ice below which its composition is not scaled to 1, because the
#: slope grows with the inverse.
_LEAST_ICE = 0.01


@MODELS.register_module()
class PolygonLoss(CrossTaskLoss):
    """Distance between predicted and charted shares of each polygon.

    The analyst gave shares to a polygon and no class to a pixel. So the
    mean prediction over the visible valid pixels of a polygon is compared
    with :func:`~mmseaice.charts.polygon_shares`, also where the class map
    has no label because no ice type dominates:

    - SOD and FLOE: ``1/2 sum over k of max(|p_k - c_k| - tolerance, 0)``,
      p the mean softmax and c the chart's shares, at most 1;
    - SIC: ``max(|p - c| - tolerance, 0)``, p the mean concentration of a
      regression or a classifier, c the total concentration, 0 to 1.

    It is the insensitive loss of Vapnik on label proportions (Yu et al.
    2013, ICML, arXiv:1306.0886). The mean over polygons weighs them by
    their visible pixels; tasks are added. A polygon whose share is unknown
    does not count for that task.

    A chart's classes have no water inside an ice polygon, shares do: 1 - CT.
    A model that is scored on the classes is then taught by ``ice_only``,
    where SOD and FLOE compare the composition of the ice, p without its
    water and scaled to 1 against CA / CT and so on, and the total is left
    to SIC.

    Args:
        tasks: Tasks to supervise. Those without a head are passed over.
        tolerance: Difference that costs nothing; analysts write tenths.
        min_pixels: Visible valid pixels from which a polygon counts. A
            corner of a polygon need not look like the whole.
        ice_only: Whether SOD and FLOE leave water out.
        loss_weight: Factor of the result.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        tasks: Sequence[str] = ('SIC', 'SOD', 'FLOE'),
        tolerance: float = 0.1,
        min_pixels: int = 256,
        ice_only: bool = False,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_polygon',
    ) -> None:
        super().__init__(tasks, loss_weight, loss_name)
        if not 0 <= tolerance < 1:
            raise ValueError(
                f'tolerance must be 0 or more and below 1, but got '
                f'{tolerance}.'
            )
        if min_pixels < 1:
            raise ValueError(
                f'min_pixels must be at least 1, but got {min_pixels}.'
            )
        self.tolerance = tolerance
        self.min_pixels = min_pixels
        self.ice_only = ice_only

    def forward(
        self,
        logits: Mapping[str, torch.Tensor],
        data_samples: Sequence[SeaIceDataSample],
    ) -> torch.Tensor:
        """Compute the loss, see :meth:`CrossTaskLoss.forward`.

        Raises:
            ValueError: If no task has a head, or a sample no polygons.
        """
        tasks = [task for task in self.tasks if task in logits]
        if not tasks:
            raise ValueError(
                f'PolygonLoss must find a head for {", ".join(self.tasks)}, '
                f'but got only {", ".join(logits)}.'
            )
        valid = stack_valid(logits[tasks[0]], data_samples)
        codes = [self._codes(sample) for sample in data_samples]
        lengths = [len(share_table(rows, tasks[0])) for rows in codes]
        index, inside = self._index(data_samples, lengths, valid[:, 0])
        pixels = _sum_by(index, inside.flatten().float(), sum(lengths))
        counts = torch.where(pixels < self.min_pixels, 0, pixels)

        losses = []
        for task in tasks:
            tables = [torch.tensor(share_table(c, task)) for c in codes]
            charted = torch.cat(tables).to(counts.device)
            weights = counts * ~charted.isnan().any(dim=1)
            used = (weights > 0)[index].view_as(inside)
            scores = logits[task].float().masked_fill(~used[:, None], 0.0)
            found = (
                read_concentration(scores)[..., None]
                if task == 'SIC'
                else scores.softmax(dim=1).movedim(1, -1)
            )
            sums = _sum_by(index, found.flatten(0, 2), sum(lengths))
            mean = sums / pixels.clamp_min(1)[:, None]
            if self.ice_only and task != 'SIC':
                weights = weights * (charted[:, 0] < 1)
                mean, charted = _without_water(mean), _without_water(charted)
            off = mean - charted.nan_to_num()
            off = (off.abs() - self.tolerance).clamp_min(0)
            # What one class has too much, the others have too little.
            off = off.sum(dim=1) / (1 if task == 'SIC' else 2)
            losses.append(valid_mean(off, weights))
        return self.loss_weight * torch.stack(losses).sum()

    @staticmethod
    def _codes(sample: SeaIceDataSample) -> list[str]:
        """The code table of a sample."""
        if 'polygons' not in sample or 'polygon_codes' not in sample:
            raise ValueError(
                'Samples must have polygons for PolygonLoss, but got one '
                f'with {", ".join(sorted(sample.keys()))}. Give the data set '
                'polygons=True and a store of raw scenes.'
            )
        return sample.polygon_codes

    @staticmethod
    def _index(
        data_samples: Sequence[SeaIceDataSample],
        lengths: Sequence[int],
        valid: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Row of each pixel in the tables of all samples, one on the other.

        Args:
            data_samples: N samples.
            lengths: Rows of the table of each sample.
            valid: Bool (N, H, W), True where the image has SAR.

        Returns:
            Rows, int64 (N * H * W), the first of a sample's table for
            pixels that do not count, and bool (N, H, W), whether they do.
        """
        ids = torch.cat([sample.get_polygons() for sample in data_samples])
        rows = torch.tensor(lengths, device=ids.device)[:, None, None]
        inside = valid & (ids > 0) & (ids < rows)
        first = rows.cumsum(dim=0) - rows
        return (torch.where(inside, ids, 0) + first).flatten(), inside


def _without_water(shares: torch.Tensor) -> torch.Tensor:
    """Shares of the ice types in the ice, from shares (P, K), water first."""
    ice = shares[:, 1:]
    total = ice.sum(dim=1, keepdim=True)
    return ice / total.clamp_min(_LEAST_ICE)


def _sum_by(
    index: torch.Tensor, values: torch.Tensor, length: int
) -> torch.Tensor:
    """Sums of values, (P, ...), that have one index, (length, ...)."""
    sums = values.new_zeros((length, *values.shape[1:]))
    return sums.index_add(0, index, values)
