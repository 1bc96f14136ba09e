"""Tables of a few vectors across the image, interpolated to every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import SceneFileError
from .xml_file import XMLFile

#: Calibration is about 500 and noise up to some 100,000.
_LARGEST = 1e9


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

    @property
    def is_positive(self) -> bool:
        """Whether all values are above 0."""
        return bool((self._rows > 0).all())

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
        SceneFileError: If there is no vector, one does not fit its pixels,
            lines or pixels descend, or a value is out of range.
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
        check_vector(file, pixels[-1], tables[-1], values)
    check_vector(file, np.array(lines), np.concatenate(tables), values)
    return LookupTable(lines, pixels, tables, samples)


def check_vector(
    file: XMLFile, at: np.ndarray, values: np.ndarray, name: str
) -> None:
    """Refuse a vector whose places descend, or with a value out of range.

    Args:
        file: The file.
        at: Lines or pixels.
        values: What stands there.
        name: Name of the element with the values.

    Raises:
        SceneFileError: If they are no such vector.
    """
    if (np.diff(at) < 0).any():
        raise SceneFileError(
            file.path,
            f'ascending lines and pixels of {name}',
            f'{at[:-1][np.diff(at) < 0][0]:g} before a smaller one',
            'Fetch the product again.',
        )
    if values.min() < 0 or values.max() > _LARGEST:
        raise SceneFileError(
            file.path,
            f'{name} of 0 to {_LARGEST:g}',
            f'{values.min():g} to {values.max():g}',
            'Fetch the product again.',
        )


def read_calibration(path: Path, samples: int) -> LookupTable:
    """Read the table A that calibrates to sigma0 = DN^2 / A^2.

    Raises:
        SceneFileError: If the file cannot be read, lacks it, or has an A
            that is not above 0.
    """
    file = XMLFile(path)
    table = read_table(
        file,
        'calibrationVectorList/calibrationVector',
        'sigmaNought',
        samples,
    )
    if not table.is_positive:
        raise SceneFileError(
            file.path,
            'sigmaNought above 0',
            'a value of 0',
            'Fetch the product again.',
        )
    return table
