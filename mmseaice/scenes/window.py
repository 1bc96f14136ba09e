"""Windows on a scene, and what is read there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Crop(NamedTuple):
    """A window of a scene.

    Args:
        image: Channels in physical units, float32, shape (C, h, w), NaN
            where missing.
        charts: Classes by task, uint8, shape (h, w), 255 without label.
        valid: True inside the scene where every full-grid channel that was
            asked for has a value, shape (h, w).
        polygons: Ids of the chart's polygons, uint16, shape (h, w), 0 is
            none; None unless asked for.
    """

    image: np.ndarray
    charts: dict[str, np.ndarray]
    valid: np.ndarray
    polygons: np.ndarray | None = None


class Window:
    """The part of a window that lies inside the scene.

    Attributes:
        source: Slices of the scene.
        inside: The same pixels as slices of the window.
        whole: Whether that is all of the window.
    """

    def __init__(
        self, y: int, x: int, height: int, width: int, size: tuple[int, int]
    ) -> None:
        spans = ((y, height, size[0]), (x, width, size[1]))
        source, inside = [], []
        for start, length, limit in spans:
            first = min(max(start, 0), limit)
            last = max(min(start + length, limit), first)
            source.append(slice(first, last))
            shift = min(first - start, length) if last > first else 0
            inside.append(slice(shift, shift + last - first))
        self.source = tuple(source)
        self.inside = tuple(inside)
        self.whole = all(
            part.stop - part.start == length
            for part, (_, length, _) in zip(inside, spans, strict=True)
        )


def draw_start(
    shape: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """Draw the first line and sample of a window on a scene.

    Every position is equally likely. A scene smaller than the window lies
    at a random place in it.

    Args:
        shape: Lines and samples of the scene.
        size: Height and width of the window.
        rng: Source of the draw.
    """
    y, x = (
        int(rng.integers(min(0, room), max(0, room) + 1))
        for room in (n - s for n, s in zip(shape, size, strict=True))
    )
    return y, x
