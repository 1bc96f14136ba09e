"""Endless draws with equal weight per value of a record key."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ...registry import DATA_SAMPLERS
from .draw import Draw, generator

#: First part of the random key: it keeps orders of groups, orders of
#: records and the samples' own draws (key of length 1) apart.
_GROUPS, _RECORDS = 0, 1


@DATA_SAMPLERS.register_module()
class BalancedSampler(Sampler):
    """Draw without end, visiting each group of records equally often.

    Records are grouped by the value of ``key``, for example their pixel
    spacing. Any ``G`` draws that start at a multiple of ``G``, the number
    of groups, hold each group once in random order; within a group every
    record comes once, in random order, before one comes again.

    Which record draw ``n`` takes is a function of the seed and ``n`` alone.
    So ``skip`` costs nothing, and a run resumes exactly. Rank ``r`` of
    ``w`` takes draws ``r, r + w, r + 2 w, ...``: no draw is taken twice.

    Args:
        dataset: Data set with ``get_data_info``, or anything with a length
            if ``key`` is None.
        key: Key of the records to balance, None for a single group.
        seed: Seed, the same on all ranks; None takes a random one.
        shuffle: False keeps groups and records in their given order.
    """

    def __init__(
        self,
        dataset: Sized,
        key: str | None = 'spacing',
        seed: int | None = None,
        shuffle: bool = True,
    ) -> None:
        if len(dataset) == 0:
            raise ValueError('dataset must hold a record, but got none.')
        self.rank, self.world_size = get_dist_info()
        self.size = len(dataset)
        self.key = key
        self.seed = sync_random_seed() if seed is None else seed
        self.shuffle = shuffle
        self.groups = self._group(dataset)
        self._position = 0
        self._orders: dict[tuple[int, ...], tuple[int, np.ndarray]] = {}

    def _group(self, dataset: Sized) -> list[np.ndarray]:
        """Indices of the records of each group, (count,) each."""
        if self.key is None:
            return [np.arange(self.size)]
        groups: dict[object, list[int]] = {}
        for index in range(self.size):
            record = dataset.get_data_info(index)
            if self.key not in record:
                raise ValueError(
                    f'key must be one of {", ".join(sorted(record))}, but '
                    f'got {self.key!r}.'
                )
            groups.setdefault(record[self.key], []).append(index)
        return [np.array(groups[value]) for value in sorted(groups)]

    def _order(self, size: int, turn: int, *what: int) -> np.ndarray:
        """The order of the ``turn``-th pass over ``size`` things, (size,).

        Only the latest order of each kind is kept: draws come in sequence.
        """
        if not self.shuffle:
            return np.arange(size)
        kept, order = self._orders.get(what, (None, None))
        if kept != turn:
            order = generator(self.seed, *what, turn).permutation(size)
            self._orders[what] = (turn, order)
        return order

    def draw(self, number: int) -> Draw:
        """The ``number``-th draw of the run, counted over all ranks."""
        turn, place = divmod(number, len(self.groups))
        group = self._order(len(self.groups), turn, _GROUPS)[place]
        records = self.groups[group]
        turn, place = divmod(turn, len(records))
        place = self._order(len(records), turn, _RECORDS, int(group))[place]
        return Draw(int(records[place]), number, self.seed)

    def __iter__(self) -> Iterator[Draw]:
        """Yield the draws of this rank for ever."""
        number = self.rank + self._position * self.world_size
        while True:
            yield self.draw(number)
            number += self.world_size

    def skip(self, num_samples: int) -> None:
        """Start after ``num_samples`` draws of this rank, absolute.

        mmengine calls this on resume instead of loading what was seen.
        """
        if num_samples < 0:
            raise ValueError(
                f'num_samples must be at least 0, but got {num_samples}.'
            )
        self._position = num_samples

    def __len__(self) -> int:
        """Number of records, though the draws never end."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: there are no epochs."""
