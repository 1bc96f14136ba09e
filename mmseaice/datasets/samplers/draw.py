"""Draws: indices that know which draw of the run they are."""

from __future__ import annotations

import numpy as np


def generator(seed: int, *key: int) -> np.random.Generator:
    """A random generator that depends on nothing but its arguments."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


class Draw(int):
    """Index of a record, with the number of the draw that chose it.

    All randomness of the sample then follows from ``seed`` and ``number``:
    the same draw gives the same crop in any worker, on any rank, and after
    a resume. A draw is a plain ``int`` for everybody who does not care.
    Data sets that wrap others take a remainder or a difference of it; the
    result is the same draw at another index.

    Args:
        index: Index of the record in the data set.
        number: Number of the draw, counted over all ranks from the start
            of the run.
        seed: Seed of the run.
    """

    number: int
    seed: int

    def __new__(cls, index: int, number: int, seed: int) -> Draw:
        """Make an int that carries two more numbers."""
        draw = super().__new__(cls, index)
        draw.number = number
        draw.seed = seed
        return draw

    def __reduce__(self) -> tuple:
        """Keep the extra numbers on the way to a data-loader worker."""
        return type(self), (int(self), self.number, self.seed)

    def moved(self, index: int) -> Draw:
        """The same draw at another index."""
        return type(self)(index, self.number, self.seed)

    def __mod__(self, size: int) -> Draw:
        """The index in a data set that is repeated."""
        result = super().__mod__(size)
        return result if result is NotImplemented else self.moved(result)

    def __sub__(self, start: int) -> Draw:
        """The index in a data set that begins at ``start``."""
        result = super().__sub__(start)
        return result if result is NotImplemented else self.moved(result)

    def generator(self) -> np.random.Generator:
        """The generator of this draw, fresh at each call."""
        return generator(self.seed, self.number)


def generator_of(index: int, test_mode: bool) -> np.random.Generator:
    """The generator that a data set gives to the sample at ``index``.

    A draw brings its own. In test mode a plain index is its own seed, so
    evaluation never changes. Else numpy's global state decides, which
    mmengine seeds in each worker.
    """
    if isinstance(index, Draw):
        return index.generator()
    if test_mode:
        return generator(0, int(index))
    return np.random.default_rng(np.random.randint(2**31))
