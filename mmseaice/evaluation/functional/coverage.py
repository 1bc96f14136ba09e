"""How often sets and intervals hold the truth, by group of pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmseaice.charts import get_task

#: The group that every pixel belongs to.
ALL = 'all'


class CoverageSums:
    """Coverage by service, season, true class, or whatever scenes tell.

    All scenes count the same, however many pixels were drawn of them, and
    within a group a scene counts by the share of its pixels in it. What is
    kept of a scene is four numbers for each of its groups.

    Args:
        task: Name of the task.
    """

    def __init__(self, task: str) -> None:
        self.task = get_task(task)
        #: (kind, name) to rows of weight, coverage, mean size, pixels.
        self._groups: dict[tuple[str, str], list[tuple[float, ...]]] = {}

    def update(
        self,
        covered: np.ndarray,
        size: np.ndarray,
        truth: np.ndarray,
        groups: Mapping[str, str],
    ) -> None:
        """Add the pixels of one scene.

        Args:
            covered: Whether the set or interval holds the truth, bool (n,).
            size: Classes in the set, or width of the interval, (n,).
            truth: True classes (n,).
            groups: What the scene belongs to, by kind.
        """
        if not len(truth):
            return
        by_class = np.stack(
            [
                np.bincount(truth, weights, self.task.num_classes)
                for weights in (None, covered, size)
            ]
        )
        pixels = len(truth)
        members = {
            ('class', self.task.classes[number]): by_class[:, number]
            for number in np.flatnonzero(by_class[0])
        }
        whole = by_class.sum(axis=1)
        members |= {(ALL, ''): whole} | dict.fromkeys(groups.items(), whole)
        for group, (count, hits, sizes) in members.items():
            row = count / pixels, hits / count, sizes / count, count
            self._groups.setdefault(group, []).append(row)

    def rows(self) -> list[dict[str, Any]]:
        """One row per group: the whole first, classes last in their order.

        Keys are kind, name, scenes, pixels, ``coverage`` (0..1),
        ``spread``, which is the standard deviation of the coverage over
        scenes, and ``size``, classes in a set or width of an interval.
        """
        classes = list(self.task.classes)

        def place(group: tuple[str, str]) -> tuple:
            kind, name = group
            if kind == 'class':
                return 2, kind, classes.index(name), name
            return int(kind != ALL), kind, 0, name

        return [
            {'kind': kind, 'name': name} | _summary(np.array(rows))
            for (kind, name), rows in sorted(
                self._groups.items(), key=lambda item: place(item[0])
            )
        ]


def _summary(rows: np.ndarray) -> dict[str, float]:
    weights, coverage, size, pixels = rows.T
    mean = np.average(coverage, weights=weights)
    variance = np.average(np.square(coverage - mean), weights=weights)
    return {
        'scenes': len(rows),
        'pixels': int(pixels.sum()),
        'coverage': float(mean),
        'spread': float(np.sqrt(variance)),
        'size': float(np.average(size, weights=weights)),
    }
