"""Read annotation XML so that every failure names the file and a remedy."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...errors import SceneFileError

_COMPLETE = 'Is the product complete? Fetch it again.'


class _DoctypeError(ValueError):
    """A document type declaration, which may define entities."""


class _PlainTree(ElementTree.TreeBuilder):
    """Builds a tree, and stops at a document type declaration.

    Entities that expand to gigabytes or name other files are declared there;
    no product of Sentinel-1 has one.
    """

    def doctype(self, *_: str | None) -> None:
        raise _DoctypeError


class XMLFile:
    """One parsed XML file.

    Args:
        path: The file.

    Raises:
        SceneFileError: If it is missing, no XML, truncated, or declares a
            document type.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise SceneFileError(
                self.path, 'an annotation file', 'nothing there', _COMPLETE
            )
        parser = ElementTree.XMLParser(target=_PlainTree())
        try:
            self.root = ElementTree.parse(self.path, parser).getroot()
        except _DoctypeError:
            raise SceneFileError(
                self.path,
                'XML without a document type',
                'a DOCTYPE declaration',
                'No product of Sentinel-1 has one; do not trust the file.',
            ) from None
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise SceneFileError(
                self.path, 'well-formed XML', f'{error}', _COMPLETE
            ) from error

    def all(self, name: str) -> list[ElementTree.Element]:
        """Elements below a path of names; there may be none."""
        return self.root.findall(name)

    def text(
        self, name: str, element: ElementTree.Element | None = None
    ) -> str:
        """Text of an element.

        Args:
            name: Path of names such as 'adsHeader/mode'.
            element: Where the path begins, by default the root.

        Raises:
            SceneFileError: If there is no such element.
        """
        start = self.root if element is None else element
        found = start.findtext(name)
        if found is None:
            raise SceneFileError(
                self.path,
                f'an element {start.tag}/{name}',
                f'only {", ".join(child.tag for child in start) or "none"}',
                _COMPLETE,
            )
        return found.strip()

    def numbers(
        self, name: str, element: ElementTree.Element | None = None
    ) -> np.ndarray:
        """Numbers of an element, float64 (n,), see :meth:`text`.

        Raises:
            SceneFileError: If there are none, or what is there is no number.
        """
        words = self.text(name, element).split()
        try:
            values = np.array(words, float)
        except ValueError:
            values = np.empty(0)
        if not values.size or not np.isfinite(values).all():
            raise SceneFileError(
                self.path,
                f'numbers in {name}',
                repr(' '.join(words[:5])),
                _COMPLETE,
            )
        return values

    def number(
        self, name: str, element: ElementTree.Element | None = None
    ) -> float:
        """The number of an element, see :meth:`numbers`."""
        return float(self.numbers(name, element)[0])
