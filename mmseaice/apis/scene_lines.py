"""Lines of a scene on their way into the model, and what waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from mmcv.transforms import Compose

from ..scenes.stream import CHARTED, Block, SceneStream
from .line_predictor import Lines


class Prepared(NamedTuple):
    """A block of lines, ready for the model.

    Args:
        start: Its first line in the image.
        lines: Its lines.
        block: What was read.
    """

    start: int
    lines: Lines
    block: Block


def prepare_lines(
    stream: SceneStream, pipeline: Compose, first: int
) -> Iterator[Prepared]:
    """Read and normalise lines.

    Args:
        stream: The scene.
        pipeline: Steps after reading, each of which sees single pixels.
        first: Line of the image to begin with; the lines before it in its
            block are left out.
    """
    for start, block in stream.blocks(first):
        results = dict(
            image=block.image,
            valid=block.valid,
            charts={},
            channels=stream.channels,
            spacing=stream.spacing,
            scene_id=stream.attrs['scene_id'],
            test_mode=True,
        )
        image = pipeline(results)['inputs'].numpy()
        charted = block.status == CHARTED
        wanted = any_in_cell(charted, stream.factor, block.valid.shape)
        cut = max(first - start, 0)
        lines = (p[..., cut:, :] for p in (image, block.valid, wanted))
        yield Prepared(start, Lines(*lines), block)


def any_in_cell(
    fine: np.ndarray, factor: float, cells: tuple[int, int]
) -> np.ndarray:
    """Whether a pixel whose centre lies in a cell is set, bool (h, w).

    Args:
        fine: Bool (H, W).
        factor: Fine pixels per cell and axis, >= 1.
        cells: Cells along each axis; the last ones take what is beyond.
    """
    for axis, count in enumerate(cells):
        starts = np.ceil(np.arange(count) * factor - 0.5 - 1e-9)
        starts = starts.clip(0).astype(int)
        fine = np.logical_or.reduceat(fine, starts, axis=axis)
    return fine


class KnownLines:
    """What the scene itself says of lines at 80 m, until they are charted.

    Args:
        first: First line at 80 m that is wanted.
        factor: Lines at 80 m in one of the image.
    """

    def __init__(self, first: int, factor: float) -> None:
        self._first = first
        self._factor = factor
        self._parts: list[dict[str, np.ndarray]] = []

    def pass_on(self, blocks: Iterator[Prepared]) -> Iterator[Lines]:
        """Keep what is known of blocks, and pass their lines on."""
        for start, lines, block in blocks:
            cut = max(self._first - round(start * self._factor), 0)
            fields = {'status': block.status, **block.sar}
            self._parts.append({k: v[cut:] for k, v in fields.items()})
            yield lines

    def take(self, count: int) -> dict[str, np.ndarray]:
        """``status``, and HH and HV if the scene has them, (count, W)."""
        taken: dict[str, list[np.ndarray]] = {}
        while count:
            part = self._parts.pop(0)
            height = len(part['status'])
            for name, values in part.items():
                taken.setdefault(name, []).append(values[:count])
            if height > count:
                rest = {k: v[count:] for k, v in part.items()}
                self._parts.insert(0, rest)
            count -= min(height, count)
        return {name: np.concatenate(v) for name, v in taken.items()}
