"""Put the pieces of a canonical scene together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..charts import IGNORE, get_task
from ..errors import MissingVariableError, SceneFileError
from .naming import (
    ICE_SERVICES,
    ProductId,
    parse_delays,
    parse_product_id,
    parse_swaths,
)
from .netcdf import NetCDFFile
from .variables import BRIGHTNESS, CHANNELS, DIMS

#: Variables of a canonical scene that are no channels.
OTHER_VARIABLES = (
    'SIC',
    'SOD',
    'FLOE',
    'polygon_id',
    'polygon_codes',
    'latitude',
    'longitude',
)


def check_variables(variables: Any) -> tuple[str, ...] | None:
    """Check the names of canonical variables; None means all.

    Raises:
        ValueError: If a name is none of a canonical scene.
    """
    if variables is None:
        return None
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    known = (*CHANNELS, *OTHER_VARIABLES)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f'variables must be among {", ".join(known)}, but got '
            f'{", ".join(map(repr, unknown))}.'
        )
    return names


class Parts:
    """Variables of a scene in the making.

    Args:
        path: The file they come from.
        variables: Names that must be there, None for all.
        optional: Names that are wanted if the file has them.
    """

    def __init__(
        self,
        path: Path,
        variables: tuple[str, ...] | None = None,
        optional: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.variables = variables
        self.optional = optional
        self._parts: dict[str, tuple] = {}

    def wants(self, name: str) -> bool:
        """Whether a variable was asked for."""
        if self.variables is None or name in self.variables:
            return True
        return name in self.optional

    def add_channel(self, name: str, values: np.ndarray) -> None:
        """Add a channel in physical units, on its own grid."""
        channel = CHANNELS[name]
        attrs = {'units': channel.units, 'long_name': channel.long_name}
        values = values.astype(np.float32, copy=False)
        self._parts[name] = (DIMS[channel.grid], values, attrs)

    def add_chart(self, name: str, values: np.ndarray) -> None:
        """Add a chart of class numbers, if wanted.

        Raises:
            SceneFileError: If a value is neither a class nor 255.
        """
        if not self.wants(name):
            return
        task = get_task(name)
        whole = True
        if values.dtype.kind == 'f':
            values = np.nan_to_num(values, nan=IGNORE)
            whole = (values == np.rint(values)).all()
        labelled = values != IGNORE
        low, high = (
            values.min(initial=0),
            values.max(initial=0, where=labelled),
        )
        if low < 0 or high >= task.num_classes or not whole:
            raise SceneFileError(
                self.path,
                f'{name} of 0..{task.num_classes - 1} or {IGNORE}',
                f'values from {low} to {high}'
                + ('' if whole else ', some of them fractions'),
                'Is the chart one of AI4Arctic, as it was published?',
            )
        attrs = {'long_name': task.title, 'no_label': IGNORE}
        values = values.astype(np.uint8, copy=False)
        self._parts[name] = (DIMS['full'], values, attrs)

    def add_ties(self, latitude: np.ndarray, longitude: np.ndarray) -> None:
        """Add the tie points in degrees; small, so they always come along.

        Raises:
            SceneFileError: If a value is no latitude or longitude.
        """
        for name, values, limit in (
            ('latitude', latitude, 90),
            ('longitude', longitude, 360),
        ):
            if not (np.abs(values) <= limit).all():
                raise SceneFileError(
                    self.path,
                    f'tie points with a {name} within +-{limit} degrees',
                    f'values from {np.min(values)} to {np.max(values)}',
                    'Fetch the file again and compare its checksum.',
                )
            attrs = {'units': 'degree', 'long_name': f'Geodetic {name}'}
            values = np.asarray(values, np.float64)
            self._parts[name] = (DIMS['tie'], values, attrs)

    def add(self, name: str, dims: tuple[str, ...], values: Any) -> None:
        """Add any other variable, if wanted."""
        if self.wants(name):
            self._parts[name] = (dims, values)

    def assemble(
        self, positions: Mapping[str, np.ndarray], attrs: dict[str, Any]
    ) -> xr.Dataset:
        """Make the scene.

        Args:
            positions: Coordinates of tie points and coarse cells.
            attrs: Attributes of the scene.

        Raises:
            MissingVariableError: If a wanted variable was not added.
        """
        missing = [n for n in self.variables or () if n not in self._parts]
        if missing:
            raise MissingVariableError(
                self.path,
                f'what {", ".join(missing)} can be read from',
                'a file without',
                'Test scenes have no charts, unless their '
                "'_prep_reference.nc' lies beside them; only raw files have "
                'polygons.',
            )
        order = [*OTHER_VARIABLES[:3], *CHANNELS, *OTHER_VARIABLES[3:]]
        parts = {n: self._parts[n] for n in order if n in self._parts}
        used = {dim for part in parts.values() for dim in part[0]}
        coords = {
            dim: (dim, values, {'units': 'pixel'})
            for dim, values in positions.items()
            if dim in used
        }
        return xr.Dataset(parts, coords, attrs)


def count_from(
    line: int, positions: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Positions in pixels, with lines counted from another one."""
    return {
        name: values - line if name.startswith('y') else values
        for name, values in positions.items()
    }


def identify(file: NetCDFFile, name: str, chart_id: str) -> ProductId:
    """Find out which scene a file holds.

    Args:
        file: The open file.
        name: Name of the raw file, as far as known.
        chart_id: Ice service and chart ('cis_SGRDIEA_...'), or only the
            service, for when the name says nothing; the name of the
            Sentinel-1 product is then taken from the HH variable.

    Raises:
        SceneFileError: If neither says it.
    """
    upstream = file.attribute(CHANNELS['HH'].source, 'upstream_id')
    service, _, chart = str(chart_id).partition('_')
    for candidate in (name, upstream):
        try:
            product = parse_product_id(str(candidate))
        except ValueError:
            continue
        if product.ice_service:
            return product
        if service in ICE_SERVICES:
            return replace(product, ice_service=service, chart=chart)
    raise SceneFileError(
        file.path,
        'a Sentinel-1 product and an ice service in its name or attributes',
        f'name {str(name)!r}, upstream_id {str(upstream)!r}, '
        f'chart {str(chart_id)!r}',
        'Restore the published file name, or fetch the file again.',
    )


def scene_attrs(
    file: NetCDFFile,
    product: ProductId,
    *,
    pixel_spacing: float,
    release: str,
    kind: str,
    mask: str,
    label_rule: str,
) -> dict[str, Any]:
    """Attributes of a canonical scene, all plain numbers and text."""
    swaths = delays = ''
    for name in BRIGHTNESS:
        swaths = swaths or file.attribute(name, 'AMSR2_swaths')
        delay = file.attribute(name, 'AMSR2_S1_delays')
        delays = delay if str(delay) else delays
    return {
        **product.attrs,
        'pixel_spacing': pixel_spacing,
        'release': release,
        'kind': kind,
        'mask': mask,
        'label_rule': label_rule,
        'resampling': '',
        'amsr2_swaths': ', '.join(parse_swaths(swaths)),
        'amsr2_delays': ', '.join(map(str, parse_delays(delays))),
        'path': str(file.path),
    }
