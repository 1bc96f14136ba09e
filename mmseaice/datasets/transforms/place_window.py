"""Where on a scene a random window lies."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...charts import get_task

#: What a window may be drawn around, beside the name of a task.
POLYGON = 'polygon'


def anywhere(
    shape: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """Draw the first line and sample of a window.

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


def around(
    focus: str,
    stored: Any,
    spacing: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[int, int] | None:
    """Draw a window that holds a random place of a random class.

    Each class that occurs in the scene is equally likely, however little of
    it there is, and so is each polygon.

    Args:
        focus: Name of the task whose classes are drawn from, or 'polygon'.
        stored: The :class:`~mmseaice.scenes.store.StoredScene`.
        spacing: Pixel spacing of the window in m.
        size: Height and width of the window.
        rng: Source of the draws.

    Returns:
        First line and sample, None if the scene has nothing to draw around.
    """
    overview = stored.overview
    if focus == POLYGON:
        kinds = np.unique(overview.polygons[overview.polygons > 0])
    else:
        bits = overview.classes[focus]
        kinds = [
            kind
            for kind in range(get_task(focus).num_classes)
            if (bits >> kind & 1).any()
        ]
    if not len(kinds):
        return None
    kind = rng.choice(kinds)
    if focus == POLYGON:
        blocks = np.argwhere(overview.polygons == kind)
    else:
        blocks = np.argwhere(bits >> kind & 1)
    block = blocks[rng.integers(len(blocks))] + rng.random(2)
    place = block * overview.block_metres / spacing
    start = []
    for at, length, limit in zip(
        place, size, stored.shape(spacing), strict=True
    ):
        first = int(at - rng.random() * length)
        room = limit - length
        start.append(min(max(first, min(0, room)), max(0, room)))
    return start[0], start[1]
