"""JSON files that every reader takes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from .atomic import atomic_path


def finite(value: Any) -> Any:
    """Turn numbers that do not exist into None: JSON knows no NaN.

    Args:
        value: A number (also one of numpy or torch), text or None, or any
            nesting of dicts, lists and tuples of them.
    """
    if getattr(value, 'shape', None) == ():
        value = value.item()
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write a file whole or not at all, null for what is not finite."""
    text = json.dumps(finite(content), indent=2, allow_nan=False)
    with atomic_path(path) as part:
        part.write_text(text + '\n')
