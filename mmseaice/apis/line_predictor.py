"""Windows over a scene that is read line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import NamedTuple

import numpy as np
import torch

from ..errors import PredictionError
from ..models.utils import (
    BandAccumulator,
    Blend,
    blend_weights,
    window_starts,
)
from .window_predictor import WindowPredictor


class Lines(NamedTuple):
    """Lines of a scene, ready for the model.

    Args:
        image: Normalised channels, float32 (C, h, w), 0 where invalid.
        valid: Where the image has SAR, bool (h, w).
        wanted: Where something is to be charted, bool (h, w).
    """

    image: np.ndarray
    valid: np.ndarray
    wanted: np.ndarray


class LinePredictor:
    """Moves windows over lines as they come, and gives lines as they end.

    Only as many lines are held as a window has, and one block.

    Args:
        predict: The models.
        window: Height and width of a window.
        stride: Steps between windows, down and across.
        blend: How much the pixels of a window count where windows overlap.
        batch_size: Windows in one pass.
        seed: Seed of whatever the models draw, for each row of windows.

    Attributes:
        windows: Windows that were computed.
        seconds: Time that the models took.
    """

    def __init__(
        self,
        predict: WindowPredictor,
        window: tuple[int, int],
        stride: tuple[int, int],
        blend: Blend = 'uniform',
        batch_size: int = 8,
        seed: int = 0,
    ) -> None:
        self.predict = predict
        self.window = window
        self.stride = stride
        self.weights = blend_weights(window, blend, predict.device)
        self.batch_size = batch_size
        self.seed = seed
        self.windows = 0
        self.seconds = 0.0

    def starts(self, size: int, axis: int) -> list[int]:
        """First lines (axis 0) or samples (axis 1) of the windows."""
        length = self.window[axis]
        return window_starts(max(size, length), length, self.stride[axis])

    def first_line(self, height: int, line: int) -> int:
        """First line that is needed to predict all from ``line`` on."""
        reach = [
            y for y in self.starts(height, 0) if y + self.window[0] > line
        ]
        return reach[0]

    def run(
        self,
        lines: Iterator[Lines],
        shape: tuple[int, int],
        first: int = 0,
        name: str = 'scene',
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Predict a scene.

        Args:
            lines: Its lines in order, from ``first`` on.
            shape: Lines and samples of the whole scene.
            first: Where to begin, as :meth:`first_line` says.
            name: What errors call the scene.

        Yields:
            Maps (K, h, w) of the next lines, 0 where no window was, and
            bool (h, w), where one was; beginning with line ``first``.

        Raises:
            PredictionError: If a model gives NaN.
        """
        height, width = shape
        buffer = _LineBuffer(lines, first, self.window, width)
        bands = BandAccumulator(
            self.predict.num_maps,
            self.window[0],
            max(width, self.window[1]),
            self.weights,
        )
        bands.first = first
        starts = [y for y in self.starts(height, 0) if y >= first]
        for y, following in zip(starts, [*starts[1:], None], strict=True):
            rows = buffer.window(y)
            # So a run that goes on draws what an undisturbed one does.
            torch.manual_seed(self.seed + y)
            for x, maps in self._row(rows, width):
                if not torch.isfinite(maps).all():
                    raise PredictionError(
                        name,
                        'finite logits',
                        f'NaN or infinite ones in the window from line {y}, '
                        f'sample {x}',
                        'Try --precision fp32, or another checkpoint.',
                    )
                bands.add(y, x, maps)
            until = height if following is None else following
            means, seen = bands.take(until)
            yield means[..., :width], seen[:, :width]

    def _row(
        self, rows: Lines, width: int
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Predict the windows of a row; each with its first sample."""
        across = self.window[1]
        places = [
            x
            for x in self.starts(width, 1)
            if rows.wanted[:, x : x + across].any()
        ]
        image = torch.from_numpy(rows.image)
        valid = torch.from_numpy(rows.valid)
        for start in range(0, len(places), self.batch_size):
            part = places[start : start + self.batch_size]
            inputs = torch.stack([image[..., x : x + across] for x in part])
            seen = torch.stack([valid[:, x : x + across] for x in part])
            began = time.perf_counter()
            maps = self.predict(inputs, seen)
            if self.predict.device.type == 'cuda':
                torch.cuda.synchronize(self.predict.device)
            self.seconds += time.perf_counter() - began
            self.windows += len(part)
            yield from zip(part, maps, strict=True)


class _LineBuffer:
    """The lines of one row of windows, padded to the size of a window.

    Room is made once and used again.
    """

    def __init__(
        self,
        lines: Iterator[Lines],
        first: int,
        window: tuple[int, int],
        width: int,
    ) -> None:
        self._lines = lines
        self._first = first
        self._height = window[0]
        self._width = max(width, window[1])
        self._rooms: Lines | None = None
        # Where the lines lie in their room.
        self._begin = self._end = 0

    def window(self, y: int) -> Lines:
        """Lines from ``y`` on, as many as a window has.

        They stay until the next call.
        """
        self._begin = min(self._begin + y - self._first, self._end)
        self._first = y
        while self._end - self._begin < self._height:
            more = next(self._lines, None)
            if more is None:
                break
            self._append(more)
        until = self._begin + self._height
        for room in self._rooms:
            room[..., self._end : until, :] = 0
        return Lines(*(r[..., self._begin : until, :] for r in self._rooms))

    def _append(self, more: Lines) -> None:
        count, width = more.valid.shape
        kept = self._end - self._begin
        if self._rooms is None or self._end + count > self._capacity:
            rooms = self._rooms
            if rooms is None or kept + count > self._capacity:
                rooms = self._make_rooms(more, kept + 2 * count)
            for old, new in zip(self._rooms or rooms, rooms, strict=True):
                lines = old[..., self._begin : self._end, :].copy()
                new[..., :kept, :] = lines
            self._rooms, self._begin, self._end = rooms, 0, kept
        here = slice(self._end, self._end + count)
        for room, values in zip(self._rooms, more, strict=True):
            room[..., here, :width] = values
        self._end += count

    @property
    def _capacity(self) -> int:
        """Lines that there is room for, beside those of a whole window."""
        return self._rooms.valid.shape[0] - self._height

    def _make_rooms(self, like: Lines, count: int) -> Lines:
        size = (count + 2 * self._height, self._width)
        return Lines(
            *(np.zeros((*v.shape[:-2], *size), v.dtype) for v in like)
        )


def prefetch(items: Iterator, ahead: int = 1) -> Iterator:
    """Take items in a thread of its own, some ahead of their use.

    An error of the source is raised where the item would have come. The
    thread ends with the source, or when the iterator is closed.
    """
    queue: Queue = Queue(ahead)
    stop = Event()

    def put(item: object) -> None:
        while not stop.is_set():
            try:
                queue.put(item, timeout=0.1)
                return
            except Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put((item, None))
                if stop.is_set():
                    return
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        stop.set()
        thread.join()
