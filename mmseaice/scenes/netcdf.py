"""Read NetCDF files so that every failure names the file and a remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import (
    MissingVariableError,
    SceneDimensionError,
    SceneFileError,
)

#: What xarray, netCDF4 and HDF5 raise on files they cannot read.
_READ_ERRORS = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
)

#: Charts stay the uint8 they are; xarray would turn fills into NaN.
_CHARTS = ('SIC', 'SOD', 'FLOE')

#: From here on, numbers are NetCDF's fill value of floats (9.97e36).
_FILL = 9.9e36

#: Dimension of the lines of the SAR.
LINES = 'sar_lines'


def _one_line(error: BaseException) -> str:
    return f'{type(error).__name__}: {error}'.splitlines()[0]


class NetCDFFile:
    """One open NetCDF file, read variable by variable.

    A context manager. Values come decoded (fills are NaN), except charts.

    Args:
        path: The file.
        lines: First line to read and the one after the last, None for all.
            :meth:`shape` tells of the whole file all the same.

    Raises:
        SceneFileError: If the file is missing or no readable NetCDF.
    """

    def __init__(
        self, path: str | Path, lines: tuple[int, int] | None = None
    ) -> None:
        self.path = Path(path)
        self.lines = lines
        if not self.path.is_file():
            raise SceneFileError(
                self.path,
                'a scene file',
                'a folder' if self.path.is_dir() else 'nothing there',
                'Check the path.',
            )
        try:
            self.dataset = xr.open_dataset(
                self.path,
                engine='netcdf4',
                mask_and_scale=dict.fromkeys(_CHARTS, False),
                decode_times=False,
                decode_coords=False,
                cache=False,
            )
        except _READ_ERRORS as error:
            raise SceneFileError(
                self.path,
                'a NetCDF-4 file',
                f'what cannot be opened as one ({_one_line(error)})',
                'Is it complete? Fetch it again and compare its checksum.',
            ) from error

    def __enter__(self) -> NetCDFFile:
        return self

    def __exit__(self, *_: Any) -> None:
        self.dataset.close()

    def __contains__(self, name: str) -> bool:
        return name in self.dataset.variables

    @property
    def first_line(self) -> int:
        """Line of the file that is the first to be read."""
        return 0 if self.lines is None else self.lines[0]

    @property
    def attrs(self) -> dict[str, Any]:
        """Global attributes."""
        return self.dataset.attrs

    @property
    def sizes(self) -> Mapping[str, int]:
        """Length of each dimension."""
        return self.dataset.sizes

    def attribute(self, variable: str, name: str) -> Any:
        """Attribute of a variable, '' where either is absent."""
        if variable not in self:
            return ''
        return self.dataset[variable].attrs.get(name, '')

    def shape(self, name: str, *dims: Sequence[str]) -> tuple[int, ...]:
        """Shape of a variable without reading it.

        Args:
            name: Variable in the file.
            dims: Dimension tuples of which the variable must have one.

        Raises:
            MissingVariableError: If the file has no such variable.
            SceneDimensionError: If the variable has other dimensions.
        """
        if name not in self:
            found = ', '.join(map(str, self.dataset.variables))
            raise MissingVariableError(
                self.path,
                f'variable {name!r}',
                f'only {found or "none"}',
                'Is the file complete, and one of AI4Arctic?',
            )
        variable = self.dataset[name].variable
        if dims and variable.dims not in {tuple(names) for names in dims}:
            raise SceneDimensionError(
                self.path,
                f'{name!r} on ({", ".join(dims[0])})',
                f'({", ".join(map(str, variable.dims))})',
                'Is the file one of AI4Arctic, as it was published?',
            )
        return variable.shape

    def read(self, name: str, *dims: Sequence[str]) -> np.ndarray:
        """Values of a variable, see :meth:`shape` for the arguments.

        Raises:
            SceneFileError: If the values cannot be read.
        """
        self.shape(name, *dims)
        variable = self.dataset[name].variable
        try:
            if self.lines is not None and LINES in variable.dims:
                variable = variable.isel({LINES: slice(*self.lines)})
            return variable.values
        except _READ_ERRORS as error:
            raise SceneFileError(
                self.path,
                f'readable values of {name!r}',
                _one_line(error),
                'Is it complete? Fetch it again and compare its checksum.',
            ) from error

    def read_numbers(self, name: str, *dims: Sequence[str]) -> np.ndarray:
        """Values of a variable that must be of a numeric type.

        Raises:
            SceneFileError: If the values cannot be read or are no numbers.
        """
        values = self.read(name, *dims)
        if values.dtype.kind not in 'fiu':
            raise SceneFileError(
                self.path, f'numbers in {name!r}', f'type {values.dtype}'
            )
        return values

    def read_floats(self, name: str, *dims: Sequence[str]) -> np.ndarray:
        """Values as float32 that may be written to.

        NaN where they are not finite, or what NetCDF fills with unasked.
        """
        values = self.read_numbers(name, *dims)
        values = np.require(values, np.float32, 'W')
        values[~(np.abs(values) < _FILL)] = np.nan
        return values
