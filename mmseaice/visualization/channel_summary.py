"""Normalised values in numbers, and what looks wrong about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmseaice.scenes.statistics import ChannelStatistics

#: Mean, standard deviation and share of clipped values beyond which a
#: normalisation is in doubt. A few samples reach a mean of 2 as they should.
MOST_MEAN = 3.0
STD_RANGE = (0.1, 5.0)
MOST_CLIPPED = 0.05


class ChannelSummary:
    """Statistics of one channel's normalised values over samples.

    Args:
        name: Name of the channel.
        clip: Lowest and highest value that the pipeline lets through; None
            if it clips nothing.
    """

    #: Head of the table that :meth:`row` gives the lines of.
    header = (
        f'{"channel":<18}{"pixels":>12}{"mean":>9}{"std":>9}{"min":>9}'
        f'{"max":>9}{"clipped":>11}'
    )

    def __init__(self, name: str, clip: Sequence[float] | None = None) -> None:
        self.name = name
        self.found = ChannelStatistics()
        self._low, self._high = clip or (-np.inf, np.inf)
        self._clipped = 0

    def update(self, values: np.ndarray) -> None:
        """Add the valid values of a sample, of any shape."""
        self.found.update(values)
        ends = (values <= self._low) | (values >= self._high)
        self._clipped += int(ends.sum())

    @property
    def clipped(self) -> float:
        """Share (0..1) of the values that lie at an end of the clipping."""
        return self._clipped / max(1, self.found.count)

    def row(self) -> str:
        """One line of the table."""
        found = self.found
        if not found.count:
            return f'{self.name:<18}{0:>12}'
        numbers = (found.mean, found.std, found.minimum, found.maximum)
        cells = ''.join(f'{number:9.3f}' for number in numbers)
        share = f'{100 * self.clipped:9.1f} %'
        return f'{self.name:<18}{found.count:>12,}{cells}{share}'

    def doubts(self) -> list[str]:
        """What speaks against the normalisation, one sentence each."""
        mean, std = self.found.mean, self.found.std
        if not self.found.count:
            return [f'{self.name} has no valid pixel.']
        doubts = []
        if abs(mean) > MOST_MEAN:
            doubts.append(f'has mean {mean:.2f} where about 0 is expected')
        if std > STD_RANGE[1]:
            doubts.append(f'has std {std:.2f} where about 1 is expected')
        if std < STD_RANGE[0]:
            doubts.append(
                f'hardly varies (std {std:.3f}), unless more samples show '
                'otherwise'
            )
        if self.clipped > MOST_CLIPPED:
            share = 100 * self.clipped
            doubts.append(f'is clipped in {share:.0f} % of its pixels')
        return [f'{self.name} {doubt}.' for doubt in doubts]
