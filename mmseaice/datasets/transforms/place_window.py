"""Where on a scene a random window lies."""

from __future__ import annotations

import numpy as np

from ...charts import get_task
from ...scenes.overview import Overview

#: What a window may be drawn around, beside the name of a task.
POLYGON = 'polygon'


def draw_blocks(
    focus: str, overview: Overview, rng: np.random.Generator
) -> np.ndarray | None:
    """Draw a class or polygon, and say where it is.

    Each class that occurs in the scene beside valid SAR is equally likely,
    however little of it there is. So is each polygon that covers the middle
    of a block, which those of an ice chart do.

    Args:
        focus: Name of the task whose classes are drawn from, or 'polygon'.
        overview: What lies in the blocks of the scene.
        rng: Source of the draw.

    Returns:
        Lines and samples of its blocks, int (n, 2); None if the scene has
        nothing to draw.
    """
    seen = overview.valid > 0
    if focus == POLYGON:
        where = {
            kind: seen & (overview.polygons == kind)
            for kind in np.unique(overview.polygons[overview.polygons > 0])
        }
    else:
        bits = overview.classes[focus]
        where = {
            kind: seen & (bits >> kind & 1).astype(bool)
            for kind in range(get_task(focus).num_classes)
        }
    kinds = [kind for kind, blocks in where.items() if blocks.any()]
    return np.argwhere(where[rng.choice(kinds)]) if kinds else None


def around(
    blocks: np.ndarray,
    block_metres: float,
    shape: tuple[int, int],
    spacing: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Draw a window around one of several blocks.

    It holds the whole block, or as much of it as fits, and stays on the
    scene.

    Args:
        blocks: Lines and samples of the blocks, (n, 2).
        block_metres: Size of a block in m.
        shape: Lines and samples of the scene at the spacing.
        spacing: Pixel spacing in m.
        size: Height and width of the window.
        rng: Source of the draws.

    Returns:
        First line and sample.
    """
    block = blocks[rng.integers(len(blocks))]
    length = block_metres / spacing
    start = []
    for place, window, limit in zip(block, size, shape, strict=True):
        ends = place * length, (place + 1) * length - window
        first = round(rng.uniform(min(ends), max(ends)))
        room = limit - window
        start.append(min(max(first, min(0, room)), max(0, room)))
    return start[0], start[1]
