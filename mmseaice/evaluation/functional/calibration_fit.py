"""Fit a calibration on some scenes, and judge it on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from mmseaice.charts import TASKS, get_task

from .calibration import Calibration
from .conformal import holds, interval_widths, set_thresholds
from .coverage import CoverageSums
from .pixel_sample import SceneSample
from .reliability import ReliabilitySums
from .temperature import fit_temperature, softmax

#: Coverages to fit; the nominal one is among them.
LEVELS = (0.8, 0.9, 0.95)


def fit_calibration(
    scenes: Sequence[SceneSample],
    levels: Sequence[float] = LEVELS,
) -> Calibration:
    """Fit temperatures first, then thresholds and intervals, by scene.

    Both come from the same pixels: a single temperature follows them so
    little that the coverage of other scenes is not harmed. A task without
    labels is left out.

    Args:
        scenes: Drawn pixels of each scene.
        levels: Coverages (0..1) of sets and intervals.

    Raises:
        ValueError: If no task has a labelled pixel, or a level is not
            within (0, 1).
    """
    if not all(0 < level < 1 for level in levels):
        raise ValueError(f'levels must be within (0, 1), but got {levels}.')
    temperatures, thresholds, widths = {}, {}, {}
    names = {task for scene in scenes for task in scene.tasks}
    for task in (name for name in TASKS if name in names):
        samples = [s.tasks[task] for s in scenes if len(s.tasks.get(task, ()))]
        if not samples:
            continue
        truths = [sample.truth for sample in samples]
        row = get_task(task)
        if row.kind == 'regression':
            values = [sample.scores[0] for sample in samples]
            found = interval_widths(values, truths, levels, row.num_classes)
            found = map(tuple, found.tolist())
            widths[task] = dict(zip(levels, found, strict=True))
            continue
        temperatures[task] = fit_temperature(
            np.concatenate([sample.scores for sample in samples], axis=1),
            np.concatenate(truths),
        )
        probabilities = [
            softmax(sample.scores, temperatures[task]) for sample in samples
        ]
        found = set_thresholds(probabilities, truths, levels).tolist()
        thresholds[task] = dict(zip(levels, found, strict=True))
    if not (temperatures or widths):
        raise ValueError(
            f'scenes must hold labelled pixels of a task, but got none in '
            f'{len(scenes)} scenes.'
        )
    return Calibration(
        temperatures=temperatures,
        thresholds=thresholds,
        half_widths=widths,
        scenes=tuple(sorted(scene.scene_id for scene in scenes)),
    )


class CalibrationReport:
    """What a calibration is worth, from running sums over scenes.

    Attributes:
        before: Reliability of each classification as the model gives it.
        after: The same of the calibrated probabilities.
        coverage: Coverage by task and level.
    """

    def __init__(self) -> None:
        self.before: dict[str, ReliabilitySums] = {}
        self.after: dict[str, ReliabilitySums] = {}
        self.coverage: dict[str, dict[float, CoverageSums]] = {}

    def update(self, scene: SceneSample, calibration: Calibration) -> None:
        """Add the pixels of a scene."""
        for task in calibration.tasks:
            sample = scene.tasks.get(task, ())
            if not len(sample):
                continue
            levels = self.coverage.setdefault(task, {})
            if get_task(task).kind == 'regression':
                table, found = calibration.half_widths, sample.scores[0]
            else:
                table = calibration.thresholds
                found = calibration.apply(task, sample.scores, logits=True)
                self._update_reliability(task, sample, found)
            for level in table[task]:
                sums = levels.setdefault(level, CoverageSums(task))
                covered, size = _covered(
                    calibration, task, found, sample.truth, level
                )
                sums.update(covered, size, sample.truth, scene.groups)

    def _update_reliability(
        self, task: str, sample: Any, found: np.ndarray
    ) -> None:
        for sums, probabilities in (
            (self.before, softmax(sample.scores)),
            (self.after, found),
        ):
            if task not in sums:
                sums[task] = ReliabilitySums(len(probabilities))
            sums[task].update(probabilities, sample.truth)

    def summary(self) -> dict[str, Any]:
        """Plain numbers by task: before, after, coverage by level."""
        return {
            task: {
                **{
                    name: sums[task].summary()
                    for name, sums in self._reliability.items()
                    if task in sums
                },
                'coverage': {
                    str(level): sums.rows() for level, sums in levels.items()
                },
            }
            for task, levels in self.coverage.items()
        }

    @property
    def _reliability(self) -> Mapping[str, dict[str, ReliabilitySums]]:
        return {'before': self.before, 'after': self.after}


def _covered(
    calibration: Calibration,
    task: str,
    found: np.ndarray,
    truth: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each pixel is covered, and by how large a set or interval."""
    if task in calibration.half_widths:
        low, high = calibration.interval(found, level, task)
        return (low <= truth) & (truth <= high), high - low
    sets = calibration.sets(task, found, level)
    return holds(sets, truth), np.bitwise_count(sets)


def cross_validate(
    scenes: Sequence[SceneSample],
    folds: Sequence[tuple[Sequence[str], Sequence[str]]],
    levels: Sequence[float] = LEVELS,
    progress: bool = False,
) -> CalibrationReport:
    """Judge calibrations on scenes that they were not fitted on.

    Args:
        scenes: Drawn pixels of each scene.
        folds: Ids of the scenes to fit on, and of those held out, as of
            :func:`mmseaice.scenes.splits.fold_groups`.
        levels: Coverages (0..1).
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If the scenes to fit on have no label at all.
    """
    by_id = {scene.scene_id: scene for scene in scenes}
    report = CalibrationReport()
    bar = tqdm(folds, 'Held-out scenes', unit='fold', disable=not progress)
    for fitted, held_out in bar:
        calibration = fit_calibration([by_id[i] for i in fitted], levels)
        for name in held_out:
            report.update(by_id[name], calibration)
    return report
