"""Charts of a scene on disk, written line by line and read as one data set.

A folder holds each layer as a plain file of lines without a header, and
``chart.json`` with their types and all attributes. It is what inference
leaves to the products, and where a run that was cut off goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..charts import TASKS
from ..errors import PredictionError
from ..utils.json_file import finite, write_json

_HEADER = 'chart.json'

#: Type of layers that hold no real numbers, by name.
_TYPES = {'status': 'u1'} | {
    name: 'u1'
    for task in TASKS.values()
    if task.kind == 'classification'
    for name in (task.name, f'{task.name}_set')
}


class ChartFolder:
    """Layers of one scene that grow by lines.

    Opening a folder again goes on after the last line that all layers have,
    if its attributes are the same, and begins anew if not. A context
    manager: only one process at a time has it open.

    Args:
        path: Folder; made if it is not there.
        shape: Lines and samples.
        layers: Names of the layers.
        places: Tie points, with positions in pixels of the layers.
        attrs: Attributes, plain values.

    Raises:
        PredictionError: If another process has the folder open.

    Attributes:
        lines: Lines that are written.
    """

    def __init__(
        self,
        path: str | Path,
        shape: tuple[int, int],
        layers: tuple[str, ...],
        places: xr.Dataset,
        attrs: Mapping[str, Any],
    ) -> None:
        self.path = Path(path)
        self.shape = shape
        self.types = {name: _TYPES.get(name, 'f4') for name in layers}
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.path / 'lock', 'ab')  # noqa: SIM115 - kept
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise PredictionError(
                self.path,
                'a scene that nobody else charts',
                f'one that another process has open ({error})',
                'Wait for it, or choose another folder.',
            ) from error
        header = {
            'shape': list(shape),
            'layers': self.types,
            'places': {
                name: places[name].values.tolist()
                for name in ('latitude', 'longitude', 'y_tie', 'x_tie')
            },
            'attrs': dict(attrs),
        }
        about = self.path / _HEADER
        if not about.is_file() or not _says(about, header):
            self.remove_layers()
            write_json(about, header)
        self.lines = min(self._lines_of(name) for name in self.types)
        if self.lines > shape[0]:
            self.remove_layers()
            self.lines = 0
        for name in self.types:
            with open(self._file(name), 'ab') as file:
                file.truncate(self.lines * self._line_bytes(name))

    def __enter__(self) -> ChartFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def _file(self, name: str) -> Path:
        return self.path / f'{name}.raw'

    def _line_bytes(self, name: str) -> int:
        return self.shape[1] * np.dtype(self.types[name]).itemsize

    def _lines_of(self, name: str) -> int:
        path = self._file(name)
        size = path.stat().st_size if path.is_file() else 0
        return size // self._line_bytes(name)

    @property
    def is_complete(self) -> bool:
        """Whether all lines are written."""
        return self.lines == self.shape[0]

    def append(self, layers: Mapping[str, np.ndarray]) -> None:
        """Write the next lines of all layers, each (h, W).

        Raises:
            PredictionError: If a layer is missing or of another width.
            OSError: If the disk is full; what was written before stays.
        """
        sizes = {layers[n].shape for n in self.types if n in layers}
        if not layers.keys() >= self.types.keys() or len(sizes) != 1:
            raise PredictionError(
                self.path,
                f'lines of {", ".join(self.types)}',
                f'{ {n: v.shape for n, v in layers.items()} }',
            )
        for name, kind in self.types.items():
            with open(self._file(name), 'ab') as file:
                file.write(np.ascontiguousarray(layers[name], kind).data)
        self.lines += next(iter(sizes))[0]

    def finish(self) -> None:
        """Bring all lines to the disk.

        Raises:
            PredictionError: If some are missing.
        """
        if not self.is_complete:
            raise PredictionError(
                self.path,
                f'{self.shape[0]} lines',
                f'{self.lines}',
                'Run the same command again: it continues.',
            )
        for name in self.types:
            with open(self._file(name), 'rb') as file:
                os.fsync(file.fileno())

    def remove_layers(self) -> None:
        """Remove all lines."""
        for path in self.path.glob('*.raw'):
            path.unlink()


def _says(path: Path, content: Mapping[str, Any]) -> bool:
    """Whether a file holds what :func:`write_json` would write."""
    try:
        found = json.loads(path.read_text())
    except ValueError:
        return False
    return found == json.loads(json.dumps(finite(content)))


def open_charted(path: str | Path) -> xr.Dataset:
    """Open the charts of a scene; the layers stay on disk.

    Args:
        path: Folder that :class:`ChartFolder` wrote.

    Returns:
        Dims ``(y, x)`` on the 80 m grid: ``SIC`` in tenths, float32, NaN
        where not charted; ``SOD`` and ``FLOE``, uint8, 255 where not;
        ``status``, uint8, see :mod:`.stream`; what the run knows of its
        uncertainty; ``HH`` and ``HV`` in dB; ``latitude`` and ``longitude``
        of tie points in degrees.

    Raises:
        PredictionError: If the folder is no chart, or not complete.
    """
    path = Path(path)
    try:
        header = json.loads((path / _HEADER).read_text())
    except (OSError, ValueError) as error:
        raise PredictionError(
            path,
            'the charts of a scene',
            f'{type(error).__name__} ({error})',
            'Chart the scene with tools/predict.py.',
        ) from error
    shape = tuple(header['shape'])
    layers = {}
    for name, kind in header['layers'].items():
        file = path / f'{name}.raw'
        wanted = shape[0] * shape[1] * np.dtype(kind).itemsize
        size = file.stat().st_size if file.is_file() else 0
        if size != wanted:
            raise PredictionError(
                file,
                f'{wanted} bytes',
                f'{size}',
                'The run was cut off. The same command again continues it.',
            )
        layers[name] = (('y', 'x'), np.memmap(file, kind, 'r', 0, shape))
    places = header['places']
    for name in ('latitude', 'longitude'):
        layers[name] = (('y_tie', 'x_tie'), places[name])
    coords = {name: places[name] for name in ('y_tie', 'x_tie')}
    return xr.Dataset(layers, coords, header['attrs'])
