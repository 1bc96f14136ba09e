"""Where the patches of a scene lie: at random, or one beside the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from ..window import draw_start

T = TypeVar('T')

PLACEMENTS = ('random', 'grid')

#: Windows to keep per scene where nobody says how many.
COUNT = 20


class Window(NamedTuple):
    """Place of a patch, in pixels of its scene.

    Args:
        y: First line; it may be negative if the scene has fewer lines than
            the window.
        x: First sample, likewise.
        height: Lines.
        width: Samples.
    """

    y: int
    x: int
    height: int
    width: int


@dataclass(frozen=True)
class PatchSampler:
    """Places windows of one size on a scene of any size.

    It knows nothing of what a scene is: whether a window is worth keeping
    says a function.

    - 'random': every position is equally likely, the last row and column
      included, and none comes twice. It ends with ``count`` windows, or
      with fewer after ``max_tries * count`` tries.
    - 'grid': windows follow each other line by line, ``stride`` apart, and
      those at the end lie flush with the border, so that every pixel of the
      scene is in one.

    A scene smaller than the window lies inside it: at a random place, or
    in its upper left corner.

    Args:
        size: Height and width, or one number for both.
        placement: 'random' or 'grid'.
        count: Windows to keep at most, for 'random'; None for
            :data:`COUNT`.
        stride: Lines and samples from one window to the next, or one number
            for both, for 'grid'; None for the size, that is no overlap.
        max_tries: Tries for each window to keep, for 'random'.

    Raises:
        ValueError: If an argument is out of range or means nothing for the
            placement.
    """

    size: int | Sequence[int] = 224
    placement: Literal['random', 'grid'] = 'random'
    count: int | None = None
    stride: int | Sequence[int] | None = None
    max_tries: int = 10

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise ValueError(
                f'placement must be one of {", ".join(PLACEMENTS)}, but got '
                f'{self.placement!r}.'
            )
        foreign = 'stride' if self.placement == 'random' else 'count'
        if getattr(self, foreign) is not None:
            raise ValueError(
                f'{foreign} must be None for placement {self.placement!r}, '
                f'but got {getattr(self, foreign)}.'
            )
        object.__setattr__(self, 'size', _pair('size', self.size))
        if self.placement == 'random':
            count = COUNT if self.count is None else self.count
            object.__setattr__(self, 'count', count)
            for name in ('count', 'max_tries'):
                if getattr(self, name) < 1:
                    raise ValueError(
                        f'{name} must be at least 1, but got '
                        f'{getattr(self, name)}.'
                    )
        else:
            stride = self.size if self.stride is None else self.stride
            object.__setattr__(self, 'stride', _pair('stride', stride))
            if any(a > b for a, b in zip(self.stride, self.size, strict=True)):
                raise ValueError(
                    f'stride must be at most the size {self.size}, or pixels '
                    f'are left out, but got {self.stride}.'
                )

    def place(
        self,
        shape: tuple[int, int],
        judge: Callable[[Window], T | None],
        rng: np.random.Generator,
    ) -> Iterator[tuple[Window, T]]:
        """Yield the windows that a function keeps.

        Args:
            shape: Lines and samples of the scene.
            judge: Gives anything about a window to keep, such as its
                pixels, and None for one to leave out. It is asked once
                about a window.
            rng: Source of the random positions.

        Yields:
            The window, and what ``judge`` said of it.
        """
        if self.placement == 'grid':
            windows = self._grid(shape)
        else:
            windows = self._draws(shape, rng)
        kept = 0
        for window in windows:
            found = judge(window)
            if found is None:
                continue
            yield window, found
            kept += 1
            if kept == self.count:
                return

    def _draws(
        self, shape: tuple[int, int], rng: np.random.Generator
    ) -> Iterator[Window]:
        """Different windows at random, as many as the tries bring."""
        seen = set()
        for _ in range(self.max_tries * self.count):
            y, x = draw_start(shape, self.size, rng)
            if (y, x) not in seen:
                seen.add((y, x))
                yield Window(y, x, *self.size)

    def _grid(self, shape: tuple[int, int]) -> Iterator[Window]:
        """Windows that cover the scene, line by line."""
        starts = []
        for axis in (0, 1):
            last = max(0, shape[axis] - self.size[axis])
            starts.append([*range(0, last, self.stride[axis]), last])
        for y, x in product(*starts):
            yield Window(y, x, *self.size)


def _pair(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Two numbers also of a single one."""
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(
            f'{name} must be one or two positive numbers, but got {value}.'
        )
    return pair
