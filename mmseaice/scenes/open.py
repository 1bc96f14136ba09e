"""Open any supported scene file as a canonical scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import xarray as xr

from ..charts.polygons import check_choices
from ..errors import (
    EmptySceneError,
    MissingVariableError,
    SceneFileError,
)
from .assemble import check_variables
from .checks import check_scene
from .netcdf import NetCDFFile
from .raw import MASKS, read_raw
from .ready import CHARTS, read_ready
from .standardise import check_release
from .variables import CHANNELS

#: Ends of NetCDF files that lie beside scenes and are none.
_NO_SCENES = ('_reference.nc', '_truth.nc')


def _reader_for(file: NetCDFFile) -> Callable[..., xr.Dataset]:
    """Tell the kind of a file from its variables, not from its name."""
    if 'sar_grid2d_latitude' in file:
        return read_ready
    if 'sar_grid_line' in file:
        return read_raw
    charts = all(name in file for name in CHARTS)
    if charts and CHANNELS['HH'].source not in file:
        raise SceneFileError(
            file.path,
            'a scene',
            'a reference file with charts alone',
            "Open the scene's '_prep.nc'; its charts come along.",
        )
    names = ', '.join(sorted(map(str, file.dataset.variables))[:8])
    raise MissingVariableError(
        file.path,
        "tie points ('sar_grid2d_latitude' in ready-to-train files, "
        "'sar_grid_line' in raw ones)",
        f'{names}, ...' if names else 'no variables',
        'Is the file a complete AI4Arctic scene?',
    )


def _check_size(file: NetCDFFile) -> None:
    """Refuse a file without lines or samples.

    Raises:
        EmptySceneError: If it has none.
    """
    name = CHANNELS['HH'].source
    if name in file and 0 in file.shape(name):
        raise EmptySceneError(
            file.path,
            'lines and samples of SAR',
            f'a shape of {file.shape(name)}',
            'Is it complete? Fetch it again and compare its checksum.',
        )


def check_options(
    release: str = 'auto',
    mask: str | None = None,
    rules: str = 'autoice',
    sod_threshold: float | None = None,
    floe_threshold: float | None = None,
) -> None:
    """Check arguments of :func:`open_scene` as far as no file is needed.

    Raises:
        ValueError: If an argument is out of range.
    """
    if release != 'auto':
        check_release(release)
    if mask is not None and mask not in MASKS:
        raise ValueError(
            f'mask must be one of {", ".join(MASKS)}, but got {mask!r}.'
        )
    check_choices(
        rules,
        sod_threshold=1 if sod_threshold is None else sod_threshold,
        floe_threshold=1 if floe_threshold is None else floe_threshold,
    )


def open_scene(
    path: str | Path,
    *,
    release: str = 'auto',
    mask: str | None = None,
    rules: str = 'autoice',
    sod_threshold: float | None = None,
    floe_threshold: float | None = None,
    variables: Iterable[str] | None = None,
    optional: Iterable[str] = (),
    lines: tuple[int, int] | None = None,
) -> xr.Dataset:
    """Read a ready-to-train or raw AI4Arctic file as a canonical scene.

    The scene is in memory and in physical units, dims ``(y, x)`` = (line,
    sample): ``HH`` and ``HV`` in dB, ``incidence_angle`` in degrees, all NaN
    where the SAR is invalid; ``distance_zone`` 0..41; charts ``SIC``,
    ``SOD``, ``FLOE`` as uint8 with 255 for no label. AMSR2 (K) and ERA5 lie
    on ``(y_2km, x_2km)``, ``latitude`` and ``longitude`` (degrees) on
    ``(y_tie, x_tie)``. The coordinates of both grids are edge-based pixel
    positions on this scene's full grid: pixel ``i`` spans ``[i, i + 1)``. A
    raw scene also has ``polygon_id`` (uint16, 0 is none) and the table
    ``polygon_codes``.

    The charts of a test scene are taken from the ``_prep_reference.nc``
    beside it, if there is one.

    Args:
        path: The NetCDF file.
        release: 'Oct-2022', 'Dec-2022', or 'auto' to find it from the
            brightness temperatures. A raw file is the same in both; there
            it only chooses the thresholds, and 'auto' is 'Dec-2022'.
        mask: Where SAR is blanked: 'chart' outside the ice chart, 'land'
            where the distance zone is 0, 'none' nowhere. None is 'chart',
            or 'land' for a raw file without a chart. Ready-to-train files
            are blanked already and allow 'chart' only.
        rules: How polygons become classes, see
            :func:`mmseaice.charts.polygons_to_charts`; raw files only.
        sod_threshold: Share that makes a stage dominant, raw files only.
            None is that of the release.
        floe_threshold: The same for floe sizes.
        variables: Names to load, None for all. Tie points always come
            along.
        optional: Names to load as well if the file has them.
        lines: First line of the file to read and the one after the last,
            None for all. Positions then count from the first of them, and
            the scene need not have valid SAR.

    Raises:
        SceneFileError: If the file is missing, no NetCDF, truncated, or no
            scene. Its subclasses tell a missing variable, wrong dimensions,
            an unknown release and a scene without valid SAR apart.
        PolygonCodeError: If the chart of a raw file cannot be read.
        ValueError: If an argument does not fit the file.
    """
    check_options(release, mask, rules, sod_threshold, floe_threshold)
    names = check_variables(variables)
    optional = check_variables(optional)
    with NetCDFFile(path, lines) as file:
        read = _reader_for(file)
        _check_size(file)
        scene = read(
            file,
            release=release,
            mask=mask,
            rules=rules,
            thresholds=(sod_threshold, floe_threshold),
            variables=names,
            optional=optional,
        )
    if lines is None:
        check_scene(scene)
    return scene


def scene_files(folder: str | Path) -> list[Path]:
    """Scene files below a folder, sorted; the folder may hold none.

    Reference and truth files, submission packages and hidden files are left
    out by name; nothing is opened.

    Raises:
        SceneFileError: If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SceneFileError(
            folder, 'a folder of scenes', 'no such folder', 'Check the path.'
        )
    return sorted(
        path for path in folder.rglob('*.nc') if not lies_beside(path)
    )


def lies_beside(path: Path) -> bool:
    """Whether a NetCDF file goes with scenes and is none, by its name."""
    return path.name.endswith(_NO_SCENES) or path.name.startswith(
        ('.', 'upload_package')
    )


def scene_files_of(
    sources: str | Path | Iterable[str | Path],
) -> list[Path]:
    """Scene files by absolute path; folders stand for the files below.

    Args:
        sources: Files and folders, in any order.

    Raises:
        SceneFileError: If a source is missing or holds no scene, or if two
            files have one name.
        ValueError: If there are no sources.
    """
    if isinstance(sources, str | Path):
        sources = [sources]
    files: dict[str, Path] = {}
    for source in map(Path, sources):
        found = scene_files(source) if source.is_dir() else [source]
        if not found:
            raise SceneFileError(
                source, 'a folder of scene files', 'none in it'
            )
        if not found[0].exists():
            raise SceneFileError(
                source, 'a scene file', 'nothing there', 'Check the path.'
            )
        for file in found:
            if file.name in files:
                raise SceneFileError(
                    file,
                    'one file of each name',
                    'a second one',
                    'Leave one of the two out.',
                )
            files[file.name] = file
    if not files:
        raise ValueError('sources must name a scene, but got none.')
    return [file.absolute() for file in files.values()]
