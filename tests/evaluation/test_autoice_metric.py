import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData

import mmseaice
from mmseaice.charts import TASKS
from mmseaice.errors import PredictionError
from mmseaice.evaluation.functional import autoice_scores
from mmseaice.evaluation.metrics import AutoICEMetric
from mmseaice.registry import METRICS
from mmseaice.structures import SeaIceDataSample


def scene(index, tasks=tuple(TASKS)):
    """One scene with random charts; scene 2 has no FLOE labels."""
    rng = np.random.default_rng(index)
    sample = SeaIceDataSample(metainfo={'scene_id': f'scene_{index}'})
    shape = (1, 20 + index, 30)
    for name in tasks:
        count = TASKS[name].num_classes
        truth = torch.from_numpy(rng.integers(0, count, shape))
        guess = torch.from_numpy(rng.integers(0, count, shape))
        truth[torch.from_numpy(rng.random(shape) < 0.2)] = 255
        if index == 2 and name == 'FLOE':
            truth[:] = 255
        if name == 'SIC':
            guess = guess + torch.from_numpy(rng.normal(0, 1, shape)).float()
        sample.set_gt(name, truth)
        sample.set_pred(name, torch.where(guess == truth + 1, truth, guess))
    return sample


def maps_of(samples, kind):
    return {
        name: [
            sample.get(f'{kind}_{name}').data[0].numpy() for sample in samples
        ]
        for name in TASKS
    }


def evaluate(samples, size=None, **options):
    metric = AutoICEMetric(**options)
    evaluator = Evaluator([metric])
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(size or len(samples))


def test_equals_the_function():
    samples = [scene(i) for i in range(4)]
    truth, prediction = maps_of(samples, 'gt'), maps_of(samples, 'pred')
    given = evaluate(samples, round_sic=False)
    wanted = autoice_scores(truth, prediction)
    assert given['AutoICE/combined'] == wanted['combined']
    assert given['AutoICE/SIC.r2'] == wanted['SIC']
    assert given['AutoICE/SOD.f1'] == wanted['SOD']
    assert given['AutoICE/FLOE.f1'] == wanted['FLOE']

    rounded = evaluate(samples)
    prediction['SIC'] = [
        np.clip(np.rint(chart), 0, 10) for chart in prediction['SIC']
    ]
    wanted = autoice_scores(truth, prediction)
    assert (
        rounded['AutoICE/SIC.r2'] == wanted['SIC'] != given['AutoICE/SIC.r2']
    )
    assert rounded['AutoICE/combined'] == wanted['combined']


def test_padded_duplicates_are_dropped():
    samples = [scene(i) for i in range(3)]
    assert evaluate([*samples, samples[0]], size=3) == evaluate(samples)


def run_rank(rank, folder):
    """Score scenes 0, 2, 4 or 1, 3, 0, as mmengine deals five of them out."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/init', rank=rank, world_size=2
    )
    scenes = ([0, 2, 4], [1, 3, 0])[rank]
    result = evaluate(
        [scene(i) for i in scenes], size=5, out_dir=f'{folder}/out'
    )
    torch.distributed.destroy_process_group()
    Path(folder, f'{rank}.json').write_text(json.dumps(result))


def test_two_ranks_equal_one(tmp_path):
    root = Path(mmseaice.__file__).parents[1]
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(tmp_path)],
            cwd=tmp_path,
            env=os.environ | {'PYTHONPATH': str(root), 'RANK': str(rank)},
        )
        for rank in range(2)
    ]
    assert [process.wait(timeout=100) for process in ranks] == [0, 0]
    alone = evaluate([scene(i) for i in range(5)])
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == alone
    report = json.loads((tmp_path / 'out/metrics.json').read_text())
    assert report['num_scenes'] == 5


def test_report(tmp_path):
    samples = [scene(i) for i in range(3)]
    result = evaluate(samples, out_dir=str(tmp_path))
    report = json.loads((tmp_path / 'metrics.json').read_text())
    assert report['scores']['combined'] == result['AutoICE/combined']
    truth = np.concatenate([x.ravel() for x in maps_of(samples, 'gt')['SOD']])
    counts = np.array(report['confusion']['SOD'])
    np.testing.assert_array_equal(
        counts.sum(1), np.bincount(truth[truth != 255], minlength=6)
    )
    # A scene without FLOE labels has no such score, and says so.
    assert report['per_scene'][2]['FLOE'] is None
    assert report['per_scene'][2]['FLOE_pixels'] == 0

    with open(tmp_path / 'per_class.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11 + 6 + 7
    assert {row['name'] for row in rows} >= {'40 %', 'old ice', 'bergs'}
    with open(tmp_path / 'per_scene.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['scene_id'] for row in rows] == [
        'scene_0',
        'scene_1',
        'scene_2',
    ]
    assert rows[2]['FLOE'] == rows[2]['combined'] == ''
    assert {path.name for path in tmp_path.glob('*.png')} == {
        'confusion_SIC.png',
        'confusion_SOD.png',
        'confusion_FLOE.png',
    }


def test_single_task():
    result = evaluate([scene(0, ['SOD'])], tasks=['SOD'])
    assert result['AutoICE/SOD.f1'] > 0
    assert not any('SIC' in key or 'combined' in key for key in result)


def test_a_task_without_any_label_leaves_no_combined_score():
    result = evaluate([scene(2)])
    assert math.isnan(result['AutoICE/combined'])


def test_a_missing_prediction_is_named():
    sample = scene(0)
    del sample.pred_FLOE
    with pytest.raises(PredictionError, match='scene_0: expected pred_FLOE'):
        evaluate([sample], tasks=['SOD', 'FLOE'])
    assert 'AutoICE/SOD.f1' in evaluate([sample])


def test_nan_and_255_survive_the_rounding_of_sic():
    for value in (math.nan, 255.0):
        sample = scene(0)
        sample.pred_SIC.data[0, 3] = value
        with pytest.raises(PredictionError, match=r'SIC .* scene_0'):
            evaluate([sample])


def test_takes_plain_dicts_and_bfloat16():
    truth = torch.tensor([[[0, 5, 10, 255]]])
    sample = {
        'scene_id': 'a',
        'gt_SIC': {'data': truth},
        'pred_SIC': PixelData(data=truth.to(torch.bfloat16)),
    }
    metric = AutoICEMetric()
    metric.process(None, [sample])
    assert metric.evaluate(1)['AutoICE/SIC.r2'] == 100


def test_registered():
    metric = METRICS.build({'type': 'AutoICEMetric', 'prefix': 'val'})
    assert metric.prefix == 'val'
    with pytest.raises(ValueError, match='task must be one of'):
        AutoICEMetric(tasks=['sic'])


if __name__ == '__main__':
    run_rank(int(sys.argv[1]), sys.argv[2])
