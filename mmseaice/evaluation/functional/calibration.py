"""A calibration: what makes the numbers of one checkpoint honest."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmseaice.charts import get_task
from mmseaice.errors import MMSeaIceError
from mmseaice.utils.json_file import write_json

from .conformal import prediction_sets, value_bins
from .temperature import softmax, temper

#: Coverage of sets and intervals if nothing else is asked for.
NOMINAL = 0.9

FORMAT = 'mmseaice calibration 1'

_ByLevel = Mapping[float, Any]


@dataclass(frozen=True)
class Calibration:
    """Temperatures, set thresholds and interval widths, by task.

    Everything works on blocks: arrays of any shape behind the classes, NaN
    where nothing is charted.

    Args:
        temperatures: Temperature of each classification.
        thresholds: Least probability of a member of a set, by level, of
            each classification; after temperature scaling.
        half_widths: Half widths of the interval, by level, of each
            regression: one for each class that the prediction may be
            nearest to.
        scenes: Ids of the scenes that it was fitted on.
        checkpoint: File name of the checkpoint.
        checkpoint_sha256: Its SHA-256 sum.
        settings: How it was fitted.
        metrics: What it was found to be worth.
    """

    temperatures: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, _ByLevel] = field(default_factory=dict)
    half_widths: Mapping[str, _ByLevel] = field(default_factory=dict)
    scenes: tuple[str, ...] = ()
    checkpoint: str = ''
    checkpoint_sha256: str = ''
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that it knows."""
        return (*self.half_widths, *self.temperatures)

    def apply(
        self, task: str, scores: np.ndarray, logits: bool = False
    ) -> np.ndarray:
        """Calibrated probabilities of a classification.

        Args:
            task: Name of the task.
            scores: Probabilities of the model, (K, ...).
            logits: Whether the scores are logits instead.

        Returns:
            float32 (K, ...). The most likely class stays what it was.

        Raises:
            ValueError: If the task was not calibrated.
        """
        temperature = _entry(self.temperatures, task)
        return (softmax if logits else temper)(scores, temperature)

    def sets(
        self, task: str, probabilities: np.ndarray, level: float = NOMINAL
    ) -> np.ndarray:
        """Classes that may be true.

        Args:
            task: Name of the task.
            probabilities: Calibrated ones, (K, ...), see :meth:`apply`.
            level: Share of pixels whose true class is in the set.

        Returns:
            uint8 (...), bit k for class k; 0 where the probability is NaN.

        Raises:
            ValueError: If task or level was not calibrated.
        """
        threshold = _at_level(_entry(self.thresholds, task), level)
        return prediction_sets(probabilities, threshold)

    def interval(
        self, values: np.ndarray, level: float = NOMINAL, task: str = 'SIC'
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of a predicted quantity, within its classes.

        Args:
            values: Predicted quantity (...), NaN where there is none.
            level: Share of pixels whose truth is within the bounds.
            task: Name of the task.

        Returns:
            Lower and upper bound, float32 (...).

        Raises:
            ValueError: If task or level was not calibrated.
        """
        widths = _at_level(_entry(self.half_widths, task), level)
        widths = np.asarray(widths, np.float32)
        values = np.asarray(values, np.float32)
        last = get_task(task).num_classes - 1
        near = value_bins(np.nan_to_num(values), len(widths))
        half = widths[near]
        low, high = values - half, values + half
        return np.clip(low, 0, last), np.clip(high, 0, last)

    def write(self, path: str | os.PathLike) -> None:
        """Write a JSON file, whole or not at all."""
        write_json(path, {'format': FORMAT} | _keys_to_text(asdict(self)))

    @classmethod
    def read(cls, path: str | os.PathLike) -> Calibration:
        """Read what :meth:`write` wrote.

        Raises:
            MMSeaIceError: If it is missing or no calibration.
        """
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
            if content.pop('format') != FORMAT:
                raise ValueError('another format')
            content['scenes'] = tuple(content['scenes'])
            content['thresholds'] = _levels(content['thresholds'], float)
            content['half_widths'] = _levels(content['half_widths'], _widths)
            return cls(**content)
        except FileNotFoundError:
            found = 'nothing of that name'
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            found = f'something else ({error})'
        raise MMSeaIceError(
            path,
            f'a file of the format {FORMAT!r}',
            found,
            'Write it with tools/analysis/calibrate.py.',
        )


def _entry(table: Mapping[str, Any], task: str) -> Any:
    if task not in table:
        raise ValueError(
            f'task must be one of {", ".join(table) or "none"} of this '
            f'calibration, but got {task!r}.'
        )
    return table[task]


def _at_level(table: _ByLevel, level: float) -> Any:
    if level not in table:
        known = ', '.join(f'{known:g}' for known in table)
        raise ValueError(
            f'level must be one that was calibrated, {known}, but got '
            f'{level}. Name it with --levels of tools/analysis/calibrate.py.'
        )
    return table[level]


def _keys_to_text(value: Any) -> Any:
    """Levels are text in JSON, and their own numbers again when read."""
    if not isinstance(value, Mapping):
        return value
    return {str(key): _keys_to_text(item) for key, item in value.items()}


def _levels(table: Mapping[str, Mapping[str, Any]], kind: Any) -> dict:
    return {
        task: {float(level): kind(item) for level, item in by_level.items()}
        for task, by_level in table.items()
    }


def _widths(values: list[float | None]) -> tuple[float, ...]:
    """Half widths; JSON knows no infinite ones."""
    return tuple(np.inf if value is None else value for value in values)
