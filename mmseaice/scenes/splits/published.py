"""Scene lists that published work used, by name.

The official lists of both releases of the AI4Arctic data (``train_dec2022``
and so on), the validation lists of the challenge's winner
(``mmseaice_valset1``, ``mmseaice_valset2``) and of its starter kit
(``starterkit_val_seed0``), and the pre-training and fine-tuning lists of the
SAR ice foundation model study (``sar_icefm_*``; its numbers are percent of
``sar_icefm_train_100``).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from ..naming import ProductId, parse_product_id


@cache
def _table() -> tuple[dict[str, str], ...]:
    """One row per scene: its raw name, and '1' in the column of a list."""
    file = resources.files(__package__) / 'published.csv'
    return tuple(csv.DictReader(file.read_text().splitlines()))


def published_splits() -> list[str]:
    """Names of all published lists."""
    return [name for name in _table()[0] if name != 'scene']


def read_published_split(name: str) -> list[ProductId]:
    """Scenes of a published list, in the order of their raw names.

    Args:
        name: One of :func:`published_splits`.

    Raises:
        ValueError: If there is no such list.
    """
    if name not in published_splits():
        raise ValueError(
            f'name must be one of {", ".join(published_splits())}, but got '
            f'{name!r}.'
        )
    return [parse_product_id(row['scene']) for row in _table() if row[name]]
