"""Tables of a few vectors across the image, interpolated to every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import SceneFileError
from .xml_file import XMLFile


class LookupTable:
    """A quantity on some pixels of some lines, bilinear in between.

    Beyond the outermost lines and pixels it is constant. The pixels may
    differ from line to line, as those of the noise do.

    Args:
        lines: Line of each vector, (n,), in any order.
        pixels: Pixels of each vector, ascending.
        values: Values of each vector.
        samples: Samples of the image.
    """

    def __init__(
        self,
        lines: Sequence[float],
        pixels: Sequence[np.ndarray],
        values: Sequence[np.ndarray],
        samples: int,
    ) -> None:
        self._lines, order = np.unique(lines, return_index=True)
        across = np.arange(samples)
        self._rows = np.stack(
            [np.interp(across, pixels[i], values[i]) for i in order]
        ).astype(np.float32)

    @property
    def is_zero(self) -> bool:
        """Whether all values are 0."""
        return not self._rows.any()

    def read_lines(self, start: int, stop: int) -> np.ndarray:
        """Values of lines ``start`` to ``stop``, float32 (stop - start, W)."""
        count = len(self._lines)
        wanted = np.arange(start, stop)
        position = np.interp(wanted, self._lines, np.arange(count))
        below = np.clip(position.astype(int), 0, max(count - 2, 0))
        weight = (position - below).astype(np.float32)[:, None]
        out = np.empty((stop - start, self._rows.shape[1]), np.float32)
        for index in np.unique(below):
            here = below == index
            low = self._rows[index]
            step = self._rows[min(index + 1, count - 1)] - low
            out[here] = low + weight[here] * step
        return out


def read_table(
    file: XMLFile, vectors: str, values: str, samples: int
) -> LookupTable:
    """Read the vectors of a calibration or noise file.

    Args:
        file: The file.
        vectors: Path of names of the vectors.
        values: Name of the element with the values.
        samples: Samples of the image.

    Raises:
        SceneFileError: If there is no vector, or one does not fit its
            pixels.
    """
    found = file.all(vectors)
    if not found:
        raise SceneFileError(
            file.path,
            f'elements {vectors}',
            'none',
            'Is the product complete? Fetch it again.',
        )
    lines, pixels, tables = [], [], []
    for vector in found:
        lines.append(file.number('line', vector))
        pixels.append(file.numbers('pixel', vector))
        tables.append(file.numbers(values, vector))
        if pixels[-1].shape != tables[-1].shape:
            raise SceneFileError(
                file.path,
                f'a value of {values} for each of {len(pixels[-1])} pixels',
                f'{len(tables[-1])} of them at line {lines[-1]:g}',
                'Fetch the product again.',
            )
    return LookupTable(lines, pixels, tables, samples)


def read_calibration(path: Path, samples: int) -> LookupTable:
    """Read the table A that calibrates to sigma0 = DN^2 / A^2.

    Raises:
        SceneFileError: If the file cannot be read, or lacks it.
    """
    return read_table(
        XMLFile(path),
        'calibrationVectorList/calibrationVector',
        'sigmaNought',
        samples,
    )
