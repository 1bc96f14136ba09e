"""Sets and intervals cover new scenes as often as they promise."""

import math
from itertools import pairwise

import numpy as np
import pytest

from mmseaice.evaluation.functional.calibration_fit import (
    LEVELS,
    CalibrationReport,
    cross_validate,
    fit_calibration,
)
from mmseaice.evaluation.functional.conformal import (
    holds,
    interval_widths,
    prediction_sets,
    scene_quantiles,
    scenes_needed,
    set_thresholds,
)

SPLITS = 20


def covered(scenes, calibration, task):
    """Coverage of each level over scenes, each counting the same."""
    report = CalibrationReport()
    for scene in scenes:
        report.update(scene, calibration)
    levels = report.coverage[task]
    return [sums.rows()[0]['coverage'] for sums in levels.values()]


@pytest.mark.parametrize(
    ('level', 'scenes'), [(0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)]
)
def test_scenes_that_a_level_needs(level, scenes):
    assert scenes_needed(level) == scenes
    few = [np.ones(5)] * (scenes - 1)
    assert np.isinf(scene_quantiles(few, [level]))
    assert np.isfinite(scene_quantiles([*few, np.ones(5)], [level]))


def test_coverage_of_new_scenes_is_nominal(draw_scenes):
    scenes = draw_scenes(120, pixels=100, effect=1.0)
    found = {'SOD': [], 'SIC': []}
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(scenes))
        halves = [
            [scenes[i] for i in half] for half in (order[::2], order[1::2])
        ]
        calibration = fit_calibration(halves[0])
        for task, values in found.items():
            values.append(covered(halves[1], calibration, task))
    for task, values in found.items():
        mean, spread = np.mean(values, axis=0), np.std(values, axis=0)
        print(f'{task}: {mean.round(3)} +- {spread.round(3)}')
        assert (np.abs(mean - LEVELS) < 0.02).all()
        assert (spread < 0.03).all()


def test_pooling_pixels_would_not_do(draw_scenes):
    """One scene gives half of the pixels, and is not like the others."""
    rng = np.random.default_rng(0)
    scores = [rng.normal(size=50) for _ in range(60)]
    scores.append(rng.normal(-9, 1, size=3000))
    limit = scene_quantiles(scores, [0.9])[0]
    new = rng.normal(size=4000)
    assert (new <= limit).mean() == pytest.approx(0.9, abs=0.03)
    assert (new <= np.quantile(np.concatenate(scores), 0.9)).mean() < 0.85


def brute_force(scores, level):
    """The definition: the new scene is one more, all of it infinite."""
    for limit in sorted(np.concatenate(scores)):
        total = sum((np.asarray(s) <= limit).mean() for s in scores)
        if total / (len(scores) + 1) >= level - 1e-9:
            return limit
    return math.inf


@pytest.mark.parametrize('seed', range(10))
def test_quantile_is_that_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, rng.integers(5, 15))
    scores = [rng.integers(0, 30, size) / 3 for size in sizes]
    levels = (0.2, 0.5, 0.8, 0.9)
    assert scene_quantiles([*scores, np.empty(0)], levels).tolist() == [
        brute_force(scores, level) for level in levels
    ]


def test_one_pixel_of_each_scene_is_plain_conformal():
    values = np.random.default_rng(0).permutation(99).astype(float)
    # The k-th smallest of n, k = ceil((n + 1) * level).
    assert scene_quantiles(values[:, None], [0.9, 0.5]).tolist() == [89, 49]


def test_nine_scenes_are_needed_for_nine_tenths():
    scores = [np.arange(5.0)] * 8
    assert scene_quantiles(scores, [0.9])[0] == math.inf
    assert scene_quantiles([*scores, np.arange(5.0)], [0.9])[0] == 4
    assert scene_quantiles([], [0.9])[0] == math.inf


def test_sets_are_all_likely_classes():
    rng = np.random.default_rng(0)
    found = rng.dirichlet(np.ones(7), (6, 9)).transpose(2, 0, 1)
    found = found.astype(np.float32)
    found[:, 2, 3] = np.nan
    sets = prediction_sets(found, 0.3)
    assert sets.dtype == np.uint8
    for (i, j), bits in np.ndenumerate(sets):
        column = found[:, i, j]
        wanted = {k for k in range(7) if column[k] >= 0.3}
        if not np.isnan(column).any():
            wanted.add(int(column.argmax()))
        assert {k for k in range(7) if bits >> k & 1} == wanted


def test_sets_grow_with_the_level_and_hold_the_most_likely_class(
    draw_scenes,
):
    scenes = [scene.tasks['SOD'] for scene in draw_scenes(30)]
    found = [np.exp(s.scores) / np.exp(s.scores).sum(axis=0) for s in scenes]
    truths = [s.truth for s in scenes]
    levels = np.linspace(0.5, 0.99, 12)
    thresholds = set_thresholds(found, truths, levels)
    assert (np.diff(thresholds) <= 0).all()
    assert thresholds[-1] == 0
    sets = [prediction_sets(found[0], limit) for limit in thresholds]
    for smaller, larger in pairwise(sets):
        assert (smaller & ~larger == 0).all()
    assert holds(prediction_sets(found[0], 2.0), found[0].argmax(axis=0)).all()
    assert (sets[-1] == 0b111111).all()


def test_a_ninth_class_has_no_bit():
    with pytest.raises(ValueError, match='at most 8 classes, but got 9'):
        prediction_sets(np.full((9, 2), 1 / 9), 0.5)


def test_intervals_are_as_wide_as_the_errors_are(draw_scenes):
    scenes = [scene.tasks['SIC'] for scene in draw_scenes(60)]
    values = [s.scores[0] for s in scenes]
    truths = [s.truth for s in scenes]
    widths = interval_widths(values, truths, (0.8, 0.9), 11)
    assert (widths[0] < widths[1]).all()
    # Errors of the simulation are four times as large in the middle.
    assert (widths[:, 3:8] > 2 * widths[:, [0]]).all()
    few = interval_widths(values[:8], truths[:8], (0.8, 0.9), 11)
    assert np.isfinite(few[0]).all()
    assert np.isinf(few[1]).all()


def test_every_scene_is_held_out_once(draw_scenes):
    scenes = draw_scenes(24)
    names = [scene.scene_id for scene in scenes]
    folds = [
        ([n for n in names if n not in names[i::4]], names[i::4])
        for i in range(4)
    ]
    report = cross_validate(scenes, folds, (0.9,))
    rows = report.coverage['SOD'][0.9].rows()
    assert rows[0]['scenes'] == 24
    assert rows[0]['pixels'] == report.after['SOD'].count == 24 * 200
    names = [f'{row["kind"]} {row["name"]}' for row in rows]
    assert names[:4] == [
        'all ',
        'service cis',
        'service dmi',
        'class open water',
    ]
    assert report.after['SOD'].ece() < report.before['SOD'].ece() / 2
    assert report.after['SOD'].nll() < report.before['SOD'].nll()
