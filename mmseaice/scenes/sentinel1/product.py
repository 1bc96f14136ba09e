"""Find and check the files of a Sentinel-1 product in its SAFE folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import SceneFileError
from ..naming import ProductId, parse_product_id
from .agreement import check_name, check_pair, check_place
from .annotation import Annotation, read_annotation

POLARISATIONS = ('HH', 'HV')

#: Metres; GRDM, the resolution that models are trained on.
PIXEL_SPACING = 40.0

_OTHER_PRODUCT = 'Fetch the EW_GRDM_1SDH product of the same scene.'


@dataclass(frozen=True)
class ImageFiles:
    """The files of one polarisation.

    Args:
        annotation: What the annotation says.
        measurement: The image.
        calibration: Calibration annotation.
        noise: Noise annotation.
    """

    annotation: Annotation
    measurement: Path
    calibration: Path
    noise: Path


def is_safe(path: str | Path) -> bool:
    """Whether a path looks like a SAFE folder or the manifest in one."""
    path = Path(path)
    if path.name == 'manifest.safe':
        return True
    return path.is_dir() and (
        path.suffix == '.SAFE' or (path / 'manifest.safe').is_file()
    )


def _check_kind(annotation: Annotation, folder: Path) -> None:
    """Refuse products that are no EW GRDM.

    Raises:
        SceneFileError: If mode, type or spacing are others.
    """
    spacing = annotation.spacing
    found = f'{annotation.mode} {annotation.product_type}'
    if found != 'EW GRD':
        raise SceneFileError(
            folder, 'an EW GRD product', f'{found}', _OTHER_PRODUCT
        )
    if any(abs(metres - PIXEL_SPACING) > 0.5 for metres in spacing):
        raise SceneFileError(
            folder,
            f'a product of medium resolution with {PIXEL_SPACING:g} m pixels',
            f'pixels of {spacing[0]:g} m by {spacing[1]:g} m',
            _OTHER_PRODUCT,
        )


def find_images(path: str | Path) -> tuple[Path, dict[str, ImageFiles]]:
    """Find the files of HH and HV.

    Args:
        path: The SAFE folder, or the manifest in it.

    Returns:
        The folder, and the files by polarisation.

    Raises:
        SceneFileError: If the product is no EW GRDM with HH and HV, lacks a
            file, or its files are not of one product.
    """
    folder = Path(path)
    if folder.name == 'manifest.safe':
        folder = folder.parent
    if not folder.is_dir():
        raise SceneFileError(
            folder,
            'a SAFE folder',
            'a file' if folder.exists() else 'nothing there',
            'Unpack the product, or check the path.',
        )
    found = sorted((folder / 'annotation').glob('*.xml'))
    if not found:
        raise SceneFileError(
            folder,
            "annotation files in the folder 'annotation'",
            'none',
            'Is it a whole SAFE folder? Unpack the product again.',
        )
    annotations = {}
    for file in found:
        annotation = read_annotation(file)
        _check_kind(annotation, folder)
        check_name(annotation, folder)
        check_place(annotation)
        other = annotations.setdefault(annotation.polarisation, annotation)
        if other is not annotation:
            raise SceneFileError(
                file,
                f'one annotation of {annotation.polarisation}',
                f'another one in {other.path.name}',
                'Unpack the product again, into a new folder.',
            )
    if not annotations.keys() >= set(POLARISATIONS):
        raise SceneFileError(
            folder,
            f'polarisations {" and ".join(POLARISATIONS)}',
            f'{" and ".join(annotations)}',
            'Models need both. ' + _OTHER_PRODUCT,
        )
    check_pair(*(annotations[n] for n in POLARISATIONS))
    images = {n: _files_of(annotations[n], folder) for n in POLARISATIONS}
    return folder, images


def _files_of(annotation: Annotation, folder: Path) -> ImageFiles:
    """The files beside an annotation, which share its name.

    Raises:
        SceneFileError: If the image is missing.
    """
    name = annotation.path.stem
    # Products in the COG form append '-cog' to the name of the image.
    images = sorted((folder / 'measurement').glob(f'{name}*.tif*'))
    if not images:
        raise SceneFileError(
            folder / 'measurement' / f'{name}.tiff',
            f'the image of {annotation.polarisation}',
            'nothing there',
            'Unpack the product again; annotation alone is no scene.',
        )
    tables = annotation.path.parent / 'calibration'
    return ImageFiles(
        annotation,
        images[0],
        tables / f'calibration-{name}.xml',
        tables / f'noise-{name}.xml',
    )


def identify_product(annotation: Annotation, folder: Path) -> ProductId:
    """Who a product is: from its folder's name, else from its annotation."""
    try:
        return parse_product_id(folder.name)
    except ValueError:
        return ProductId(
            product_id='',
            platform=annotation.platform,
            start=annotation.start,
            stop=annotation.stop,
            absolute_orbit=annotation.absolute_orbit,
            datatake=annotation.datatake,
            crc='',
        )
