"""Arrays of a store: square chunks, all of them in one file.

The files are Zarr 3 shards that any Zarr reader opens. We read them without
its codec pipeline, which takes three times as long for a crop.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import zarr
from numcodecs import blosc
from zarr.codecs import BloscCodec, Crc32cCodec

from ..errors import StoreError

_CLEVEL = 3
_SHUFFLES = {'bitshuffle': blosc.BITSHUFFLE, 'noshuffle': blosc.NOSHUFFLE}
_FILE = Path('c', '0', '0', '0')
_CRC_BYTES = 4

#: More values than any array of a scene has.
_MOST = 2**36
#: What odd bytes and odd words in metadata raise.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, OverflowError)


def write_array(
    path: Path,
    data: np.ndarray,
    chunk: tuple[int, int, int],
    fill_value: int,
    attrs: dict[str, Any],
    *,
    cname: str = 'zstd',
    shuffle: str = 'bitshuffle',
) -> None:
    """Write an array as one shard.

    Args:
        path: Folder of the array.
        data: Values, shape (planes, y, x).
        chunk: Shape of a chunk. Chunks at the end are filled up.
        fill_value: What they are filled with.
        attrs: Attributes of the array.
        cname: Compressor within Blosc.
        shuffle: 'bitshuffle' or 'noshuffle'.
    """
    counts = [-(-n // c) for n, c in zip(data.shape, chunk, strict=True)]
    zarr.create_array(
        path,
        shape=data.shape,
        dtype=data.dtype,
        chunks=chunk,
        shards=tuple(n * c for n, c in zip(counts, chunk, strict=True)),
        # A checksum, because Blosc overlooks damage.
        compressors=(
            BloscCodec(cname=cname, clevel=_CLEVEL, shuffle=shuffle),
            Crc32cCodec(),
        ),
        fill_value=fill_value,
        attributes=attrs,
        dimension_names=('plane', 'y', 'x'),
    )
    file_path = path / _FILE
    file_path.parent.mkdir(parents=True)
    index, offset = [], 0
    code = cname.encode(), _CLEVEL, _SHUFFLES[shuffle]
    with open(file_path, 'wb') as file:
        for block in _blocks(data, chunk, counts, fill_value):
            encoded = _with_crc(blosc.compress(block, *code))
            file.write(encoded)
            index.append((offset, len(encoded)))
            offset += len(encoded)
        file.write(_with_crc(np.array(index, '<u8').tobytes()))


def _blocks(
    data: np.ndarray, chunk: tuple, counts: list[int], fill_value: int
) -> Iterator[np.ndarray]:
    """The chunks of an array in order, all of one shape."""
    for number in itertools.product(*map(range, counts)):
        part = data[
            tuple(
                slice(n * c, (n + 1) * c)
                for n, c in zip(number, chunk, strict=True)
            )
        ]
        if part.shape == chunk:
            yield np.ascontiguousarray(part)
        else:
            block = np.full(chunk, fill_value, data.dtype)
            block[tuple(map(slice, part.shape))] = part
            yield block


def _with_crc(data: bytes) -> bytes:
    return data + google_crc32c.value(data).to_bytes(_CRC_BYTES, 'little')


def _without_crc(data: memoryview) -> memoryview:
    body = data[:-_CRC_BYTES]
    stored = int.from_bytes(data[-_CRC_BYTES:], 'little')
    if google_crc32c.value(bytes(body)) != stored:
        raise ValueError('a checksum that does not fit the bytes')
    return body


def _check_layout(shape: tuple, chunk: tuple, attrs: Any) -> None:
    """Refuse sizes and attributes that :func:`write_array` never writes.

    Raises:
        ValueError: If they are such.
    """
    for name, sizes, least in (('shape', shape, 0), ('chunk', chunk, 1)):
        whole = all(type(n) is int and n >= least for n in sizes)
        if len(sizes) != 3 or not whole or math.prod(sizes) > _MOST:
            raise ValueError(f'{name} of {sizes}')
    if not isinstance(attrs, dict):
        raise ValueError(f'attributes of {attrs!r:.80}')


class ShardedArray:
    """An array that :func:`write_array` wrote, for reading windows.

    No file stays open between two calls.

    Args:
        path: Folder of the array.

    Raises:
        StoreError: If it is missing, damaged or laid out otherwise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path / _FILE
        try:
            meta = json.loads((path / 'zarr.json').read_text())
            self.shape = tuple(meta['shape'])
            self.dtype = np.dtype(meta['data_type'])
            self.attrs: dict[str, Any] = meta['attributes']
            (sharding,) = meta['codecs']
            config = sharding['configuration']
            self.chunk = tuple(config['chunk_shape'])
            _check_layout(self.shape, self.chunk, self.attrs)
            names = [codec['name'] for codec in config['codecs']]
            if names != ['bytes', 'blosc', 'crc32c']:
                raise ValueError(f'codecs {names}')
            self._counts = tuple(
                -(-n // c) for n, c in zip(self.shape, self.chunk, strict=True)
            )
            self._ends = self._read_index()
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def numbers(self, name: str, count: int | None = None) -> np.ndarray:
        """An attribute of finite numbers, float64 (n,).

        Args:
            name: The attribute, a list or one number.
            count: How many there must be, None for any.

        Raises:
            StoreError: If it is missing or something else.
        """
        try:
            values = np.atleast_1d(np.array(self.attrs[name], float))
            fits = values.ndim == 1 and count in (None, len(values))
            if not (fits and np.isfinite(values).all()):
                raise ValueError(f'{name} of {self.attrs[name]!r:.80}')
        except _DAMAGE as error:
            raise self._damaged(error) from error
        return values

    def _read_index(self) -> np.ndarray:
        """Where chunks begin and end in the file, (chunks + 1,)."""
        count = math.prod(self._counts)
        size = count * 16 + _CRC_BYTES
        with open(self._file, 'rb') as file:
            file.seek(-size, os.SEEK_END)
            index = np.frombuffer(_without_crc(memoryview(file.read())), '<u8')
        index = index.reshape(count, 2)
        ends = np.append(0, index.sum(axis=1, dtype=np.int64))
        if (ends[:-1] != index[:, 0]).any():
            raise ValueError('chunks that do not follow each other')
        return ends

    def read(self, planes: slice, rows: slice, cols: slice) -> np.ndarray:
        """Read a window that lies within the array.

        Args:
            planes: Planes, with start and stop.
            rows: Lines, likewise.
            cols: Samples, likewise.

        Raises:
            StoreError: If the file is missing or damaged.
        """
        window = (planes, rows, cols)
        if any(s.stop > n for s, n in zip(window, self.shape, strict=True)):
            raise self._damaged(ValueError(f'only a shape of {self.shape}'))
        out = np.empty([s.stop - s.start for s in window], self.dtype)
        if not out.size:
            return out
        block = np.empty(self.chunk, self.dtype)
        spans = [
            range(s.start // c, -(-s.stop // c))
            for s, c in zip(window, self.chunk, strict=True)
        ]
        try:
            file = os.open(self._file, os.O_RDONLY)
            try:
                for plane in spans[0]:
                    for row in spans[1]:
                        chunks = self._read_row(file, plane, row, spans[2])
                        for col, chunk in zip(spans[2], chunks, strict=True):
                            blosc.decompress(chunk, block)
                            self._paste(block, (plane, row, col), window, out)
            finally:
                os.close(file)
        except (OSError, ValueError, RuntimeError) as error:
            raise self._damaged(error) from error
        return out

    def read_all(self, plane: int | None = None) -> np.ndarray:
        """Read the whole array, or one plane of it, shape (y, x)."""
        _, height, width = self.shape
        rest = slice(0, height), slice(0, width)
        if plane is not None:
            return self.read(slice(plane, plane + 1), *rest)[0]
        return self.read(slice(0, self.shape[0]), *rest)

    def _read_row(
        self, file: int, plane: int, row: int, cols: range
    ) -> list[memoryview]:
        """Neighbouring chunks, which lie side by side in the file."""
        _, height, width = self._counts
        first = (plane * height + row) * width + cols.start
        ends = self._ends[first : first + len(cols) + 1].tolist()
        start, size = ends[0], ends[-1] - ends[0]
        data = memoryview(os.pread(file, size, start))
        if len(data) != size:
            raise ValueError('a file that ends early')
        return [
            _without_crc(data[a - start : b - start])
            for a, b in itertools.pairwise(ends)
        ]

    def _paste(
        self,
        block: np.ndarray,
        number: tuple[int, int, int],
        window: tuple[slice, ...],
        out: np.ndarray,
    ) -> None:
        """Copy what the window needs of a chunk."""
        source, target = [], []
        for n, c, s in zip(number, self.chunk, window, strict=True):
            first, last = max(n * c, s.start), min((n + 1) * c, s.stop)
            source.append(slice(first - n * c, last - n * c))
            target.append(slice(first - s.start, last - s.start))
        out[tuple(target)] = block[tuple(source)]

    def _damaged(self, error: Exception) -> StoreError:
        return StoreError(
            self.path,
            'readable chunks',
            f'{type(error).__name__} ({error})',
            'Remove the folder of the scene and build the store again.',
        )
