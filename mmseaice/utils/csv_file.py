"""CSV files that are whole or not there."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .atomic import atomic_path
from .json_file import finite


def write_csv(
    path: str | os.PathLike,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] = (),
) -> None:
    """Write rows, with empty fields where one lacks a column or has no number.

    Args:
        path: The file.
        rows: Values by column.
        columns: Names of the first columns, which are there without a row
            as well; any other follows in the order that the rows have it.
    """
    found = (key for row in rows for key in row)
    names = dict.fromkeys([*columns, *found])
    with atomic_path(path) as part, open(part, 'w', newline='') as file:
        writer = csv.DictWriter(file, list(names))
        writer.writeheader()
        writer.writerows(finite(rows))
