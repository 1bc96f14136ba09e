"""What data sets tell of their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..charts import get_task


def task_metainfo(tasks: Sequence[str]) -> dict[str, Any]:
    """``tasks``, and ``classes`` and ``palette`` by task."""
    rows = {name: get_task(name) for name in tasks}
    return {
        'tasks': tuple(tasks),
        'classes': {name: row.classes for name, row in rows.items()},
        'palette': {name: row.palette for name, row in rows.items()},
    }
