import math

import numpy as np
import pytest

from mmseaice.charts import TASKS
from mmseaice.charts.consistency import make_consistent
from mmseaice.evaluation.functional.consistency import CHECKS, ConsistencySums


def random_prediction(seed, shape=(12, 9)):
    rng = np.random.default_rng(seed)
    charts = {
        name: rng.integers(0, task.num_classes, shape)
        for name, task in TASKS.items()
    }
    for chart in charts.values():
        chart[rng.random(shape) < 0.4] = 0
        chart[rng.random(shape) < 0.1] = 255
    charts['SIC'] = np.where(charts['SIC'] == 255, np.nan, charts['SIC'])
    return charts, rng.random(shape) < 0.8


def brute_force(charts, scored):
    """Broken and looked-at pixels of each check, pixel by pixel."""
    broken, pixels = dict.fromkeys([*CHECKS, 'any'], 0), {}
    pixels = dict(broken)
    for place in zip(*np.nonzero(scored), strict=True):
        sic, sod, floe = (charts[name][place] for name in TASKS)
        has_sic, has_sod, has_floe = sic == sic, sod != 255, floe != 255
        cases = {
            'water_with_stage': (has_sic and has_sod, sic == 0 and sod > 0),
            'water_with_floe': (has_sic and has_floe, sic == 0 and floe > 0),
            'ice_without_stage': (has_sic and has_sod, sic > 0 and sod == 0),
            'ice_without_floe': (has_sic and has_floe, sic > 0 and floe == 0),
            'floe_without_stage': (
                has_sod and has_floe,
                floe > 0 and sod == 0,
            ),
            'stage_without_floe': (
                has_sod and has_floe,
                sod > 0 and floe == 0,
            ),
        }
        for name, (looked, bad) in cases.items():
            pixels[name] += looked
            broken[name] += looked and bad
        pixels['any'] += any(looked for looked, _ in cases.values())
        broken['any'] += any(all(case) for case in cases.values())
    return broken, pixels


@pytest.mark.parametrize('seed', range(8))
def test_against_brute_force(seed):
    charts, scored = random_prediction(seed)
    sums = ConsistencySums()
    sums.update(charts, scored)
    assert (sums.broken, sums.pixels) == brute_force(charts, scored)
    for name, share in sums.shares().items():
        assert share == 100 * sums.broken[name] / sums.pixels[name]


def test_scenes_add_up():
    parts = [random_prediction(seed) for seed in range(3)]
    one, merged = ConsistencySums(), ConsistencySums()
    for charts, scored in parts:
        one.update(charts, scored)
        alone = ConsistencySums()
        alone.update(charts, scored)
        merged.merge(alone)
    assert vars(one) == vars(merged)


def test_projected_charts_break_nothing():
    charts, scored = random_prediction(1)
    fixed = make_consistent(*(charts[name] for name in TASKS))
    sums = ConsistencySums()
    sums.update(dict(zip(TASKS, fixed, strict=True)), scored)
    assert set(sums.broken.values()) == {0}


def test_a_missing_task_leaves_its_checks_out():
    charts, scored = random_prediction(2)
    del charts['FLOE']
    sums = ConsistencySums()
    sums.update(charts, scored)
    looked = {name for name, count in sums.pixels.items() if count}
    assert looked == {'water_with_stage', 'ice_without_stage', 'any'}
    assert math.isnan(sums.shares()['water_with_floe'])
