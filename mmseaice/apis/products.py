"""What charted scenes are written as, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import xarray as xr

from ..charts.consistency import make_consistent
from ..charts.risk import risk_values
from ..errors import DependencyError, PredictionError


@dataclass(frozen=True)
class ProductOptions:
    """How products are made.

    Args:
        crs: Projection of maps.
        map_spacing: Size of a cell of maps in m.
        smallest: Smallest polygon in km2.
        vector_format: Suffix of vector files: 'gpkg', 'shp' or 'geojson'.
        ship_class: Ice class of the ship, for the risk.
        season: 'winter' or 'decayed', for the risk.
        prefer: Which scene a cell of a mosaic is taken from: 'newest' or
            'certain'.
        progress: Whether to show progress bars.
        reference: Charts of an analyst to draw beside those of a scene.
        scores: Scores in percent by scene id and name, for the page.
    """

    crs: str = 'EPSG:3413'
    map_spacing: float = 80.0
    smallest: float = 25.0
    vector_format: str = 'gpkg'
    ship_class: str = 'PC5'
    season: str = 'winter'
    prefer: str = 'newest'
    progress: bool = False
    reference: xr.Dataset | None = None
    scores: Mapping[str, Mapping[str, float]] | None = None

    def as_attrs(self) -> dict[str, object]:
        """What decides how the files of any scene look, plain values."""
        passing = ('progress', 'reference', 'scores')
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in passing
        }


def _netcdf(
    charted: xr.Dataset, stem: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.netcdf import write_netcdf

    path = Path(f'{stem}.nc')
    return [write_netcdf(charted, path, progress=options.progress)]


def _geotiff(
    charted: xr.Dataset, stem: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.geotiff import write_geotiff

    return write_geotiff(
        charted,
        stem,
        crs=options.crs,
        spacing=options.map_spacing,
        progress=options.progress,
    )


def _vector(
    charted: xr.Dataset, stem: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.vector import write_vector

    return write_vector(
        charted,
        Path(f'{stem}.{options.vector_format}'),
        smallest=options.smallest,
        crs=options.crs,
        progress=options.progress,
    )


def _risk(
    charted: xr.Dataset, stem: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.risk import write_risk

    return write_risk(
        charted,
        Path(f'{stem}_{options.ship_class}_{options.season}'),
        options.ship_class,
        options.season,
        crs=options.crs,
        spacing=options.map_spacing,
        progress=options.progress,
    )


def _quicklook(
    charted: xr.Dataset, stem: Path, options: ProductOptions
) -> list[Path]:
    from ..visualization import draw_quicklook

    path = Path(f'{stem}_quicklook.png')
    return [draw_quicklook(charted, path, reference=options.reference)]


def _page(
    scenes: Sequence[xr.Dataset], out: Path, options: ProductOptions
) -> list[Path]:
    from ..visualization import write_page

    page = write_page(
        scenes,
        out / 'index.html',
        scores=options.scores,
        progress=options.progress,
    )
    return [page]


def _mosaic(
    scenes: Sequence[xr.Dataset], out: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.mosaic import write_mosaic

    return write_mosaic(
        scenes,
        out / 'mosaic',
        crs=options.crs,
        spacing=options.map_spacing,
        prefer=options.prefer,
        progress=options.progress,
    )


def _autoice(
    scenes: Sequence[xr.Dataset], out: Path, options: ProductOptions
) -> list[Path]:
    from ..scenes.products.autoice import write_upload_package

    return [write_upload_package(scenes, out / 'upload_package.nc')]


#: Writers of one scene: charts, start of the files' names, options.
OF_SCENES: dict[
    str, Callable[[xr.Dataset, Path, ProductOptions], list[Path]]
] = {
    'netcdf': _netcdf,
    'geotiff': _geotiff,
    'vector': _vector,
    'risk': _risk,
    'quicklook': _quicklook,
}

#: Writers of all scenes of a run together: charts, folder, options.
OF_RUNS: dict[
    str, Callable[[Sequence[xr.Dataset], Path, ProductOptions], list[Path]]
] = {'mosaic': _mosaic, 'autoice': _autoice, 'quicklook': _page}

PRODUCTS = tuple(dict.fromkeys([*OF_SCENES, *OF_RUNS]))


#: Products whose module has the same name.
_MODULES = ('netcdf', 'geotiff', 'vector', 'risk', 'mosaic', 'autoice')


def check_products(products: Iterable[str], options: ProductOptions) -> None:
    """Check that products can be written, before the work.

    Raises:
        ValueError: If there is no such product, or an option that one of
            them looks at is out of range.
        DependencyError: If a library of the extra ``geo`` is missing.
    """
    products = list(products)
    for name in products:
        if name not in PRODUCTS:
            raise ValueError(
                f'products must be among {", ".join(PRODUCTS)}, but got '
                f'{name!r}.'
            )
        if name in _MODULES:
            _call(import_module, f'mmseaice.scenes.products.{name}')

    if 'risk' in products:
        risk_values(options.ship_class, options.season)
    if not 0 <= options.smallest < math.inf:
        raise ValueError(
            f'smallest must be at least 0 km2, but got {options.smallest}.'
        )
    if {'geotiff', 'vector', 'risk', 'mosaic'} & set(products):
        _check_map(options)


def _check_map(options: ProductOptions) -> None:
    from ..scenes.products.grid import check_spacing, projection

    projection(options.crs)
    check_spacing(options.map_spacing)


def write_scene_products(
    charted: xr.Dataset,
    stem: Path,
    products: Iterable[str],
    options: ProductOptions,
) -> list[Path]:
    """Write the products of one scene.

    Args:
        charted: Its charts.
        stem: Start of the files' names.
        products: Names of :data:`PRODUCTS`; those of whole runs are passed
            over.
        options: How to make them.

    Returns:
        The files.

    Raises:
        DependencyError: If a library of the extra ``geo`` is missing.
    """
    return [
        path
        for name in products
        if name in OF_SCENES
        for path in _call(OF_SCENES[name], charted, stem, options)
    ]


def write_run_products(
    scenes: Sequence[xr.Dataset],
    out: Path,
    products: Iterable[str],
    options: ProductOptions,
) -> list[Path]:
    """Write the products of all scenes together, as the one above.

    Args:
        scenes: Charts of all scenes.
        out: Folder of the run.
        products: Names of :data:`PRODUCTS`; those of single scenes are
            passed over.
        options: How to make them.
    """
    return [
        path
        for name in products
        if name in OF_RUNS
        for path in _call(OF_RUNS[name], scenes, out, options)
    ]


def _call(write: Callable, *args: object) -> Any:
    """Write a product, or say what must be installed for it."""
    try:
        return write(*args)
    except ImportError as error:
        raise DependencyError(
            f'This product needs {error.name or "another library"}, which '
            "is not installed: pip install 'mmseaice[geo]'."
        ) from error


def project_charts(charted: xr.Dataset) -> xr.Dataset:
    """Make the three charts of a scene agree on where there is water.

    What is known of their uncertainty stays as it is.

    Raises:
        PredictionError: If one of the three is missing.
    """
    tasks = ('SIC', 'SOD', 'FLOE')
    if missing := [name for name in tasks if name not in charted]:
        raise PredictionError(
            charted.attrs['scene_id'],
            'SIC, SOD and FLOE to make agree',
            f'no {", ".join(missing)}',
            'Leave out --consistent.',
        )
    agreed = make_consistent(*(charted[name].values for name in tasks))
    return charted.assign(
        {
            name: (('y', 'x'), chart)
            for name, chart in zip(tasks, agreed, strict=True)
        }
    ).assign_attrs(consistent='SIC is 0 exactly where SOD and FLOE are water')
