import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import f1_score, r2_score

from mmseaice.charts import TASKS
from mmseaice.errors import PredictionError
from mmseaice.evaluation import functional
from mmseaice.evaluation.functional import (
    AutoICESums,
    autoice_scores,
    round_to_classes,
)


def random_charts(seed, scenes=3, float_sic=False):
    """Truth and prediction of scenes of different sizes, half agreeing."""
    rng = np.random.default_rng(seed)
    truth, prediction = {}, {}
    shapes = rng.integers(5, 30, (scenes, 2))
    for name, task in TASKS.items():
        # Some classes never occur, some only in the prediction.
        classes = rng.choice(task.num_classes, rng.integers(2, 6), False)
        truth[name], prediction[name] = [], []
        for shape in shapes:
            true = rng.choice(classes, shape).astype(np.uint8)
            other = rng.integers(0, task.num_classes, shape, np.uint8)
            predicted = np.where(rng.random(shape) < 0.5, true, other)
            if name == 'SIC' and float_sic:
                predicted = predicted + rng.normal(0, 1, shape)
            unlabelled = rng.random(shape) < 0.3
            predicted[unlabelled] = 255
            truth[name].append(np.where(unlabelled, np.uint8(255), true))
            prediction[name].append(predicted)
    return truth, prediction


def reference_scores(truth, prediction):
    """The challenge's own way: pool all pixels, ask scikit-learn."""
    scores = {}
    for name, function in (
        ('SIC', r2_score),
        ('SOD', lambda t, p: f1_score(t, p, average='weighted')),
        ('FLOE', lambda t, p: f1_score(t, p, average='weighted')),
    ):
        true = np.concatenate([x.ravel() for x in truth[name]]).astype(float)
        pred = np.concatenate([x.ravel() for x in prediction[name]])
        kept = true != 255
        score = function(true[kept], pred[kept].astype(float))
        scores[name] = round(100 * score, 3)
    combined = 2 * scores['SIC'] + 2 * scores['SOD'] + scores['FLOE']
    return scores | {'combined': round(combined / 5, 3)}


@pytest.mark.parametrize('float_sic', [False, True])
@pytest.mark.parametrize('seed', range(40))
def test_equals_sklearn_to_the_digit(seed, float_sic):
    charts = random_charts(seed, float_sic=float_sic)
    assert autoice_scores(*charts) == reference_scores(*charts)


def test_by_hand():
    truth = {
        'SIC': [np.array([[0, 2], [4, 255]])],
        'SOD': [np.array([[0, 0], [1, 255]])],
        'FLOE': [np.array([[5, 5], [5, 5]])],
    }
    prediction = {
        'SIC': [np.array([[1, 1], [4, 255]])],
        'SOD': [np.array([[0, 1], [1, 255]])],
        'FLOE': [np.array([[5, 5], [5, 5]])],
    }
    # SOD: both classes have F1 2/3. Combined: (150 + 133.334 + 100) / 5.
    assert autoice_scores(truth, prediction) == {
        'SIC': 75.0,
        'SOD': 66.667,
        'FLOE': 100.0,
        'combined': 76.667,
    }


def test_perfect_prediction_of_constant_truth():
    chart = {name: [np.full((3, 3), 2, np.uint8)] for name in TASKS}
    assert set(autoice_scores(chart, chart).values()) == {100.0}
    other = chart | {'SIC': [np.full((3, 3), 3, np.uint8)]}
    assert autoice_scores(chart, other)['SIC'] == 0.0


@pytest.mark.parametrize('block', [1, 7, 10**6])
def test_independent_of_the_block_size(monkeypatch, block):
    charts = random_charts(5, float_sic=True)
    wanted = autoice_scores(*charts)
    monkeypatch.setattr(functional.task_sums, 'BLOCK_PIXELS', block)
    assert autoice_scores(*charts) == wanted


@pytest.mark.parametrize('float_sic', [False, True])
@pytest.mark.parametrize('seed', range(10))
def test_merging_two_halves_equals_the_whole(seed, float_sic):
    truth, prediction = random_charts(seed, 6, float_sic)
    halves = AutoICESums(), AutoICESums()
    for name in TASKS:
        pairs = zip(truth[name], prediction[name], strict=True)
        for scene, (true, predicted) in enumerate(pairs):
            halves[scene % 2].update(name, true, predicted, scene)
    merged = halves[0].merge(halves[1]).scores()
    assert merged == autoice_scores(truth, prediction)


def test_merging_keeps_tasks_of_either_side():
    left, right = AutoICESums(), AutoICESums()
    left.update('SOD', np.array([[0, 1]]), np.array([[0, 1]]))
    right.update('FLOE', np.array([[0, 1]]), np.array([[0, 1]]))
    scores = left.merge(right).scores()
    assert scores['SOD'] == scores['FLOE'] == 100.0


def test_memory_does_not_grow_with_pixels():
    kept = []
    for side in (10, 500):
        sums = AutoICESums()
        chart = np.arange(side**2).reshape(side, side) % 6
        tracemalloc.start()
        for name in TASKS:
            sums.update(name, chart, chart)
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert kept[1] - kept[0] < 1000
    assert kept[1] < 20_000


@pytest.mark.parametrize('value', [255, np.nan, np.inf])
@pytest.mark.parametrize('task', list(TASKS))
def test_no_prediction_on_a_labelled_pixel_is_an_error(task, value):
    truth = [np.zeros((2, 2), np.uint8), np.array([[1, 2], [255, 0]])]
    prediction = [x.astype(float) for x in truth]
    prediction[1][0, 1] = value
    with pytest.raises(PredictionError, match=f'{task} .* scene 1'):
        autoice_scores({task: truth}, {task: prediction})
    prediction[1][0, 1] = 2
    prediction[1][1, 0] = value
    scores = autoice_scores({task: truth}, {task: prediction})
    assert scores[task] == 100


@pytest.mark.parametrize('value', [-1, 6, 1.5])
def test_predicted_classes_must_exist(value):
    truth, prediction = np.array([[1, 2]]), np.array([[1, value]])
    with pytest.raises(PredictionError, match=r'a class 0\.\.5'):
        autoice_scores({'SOD': [truth]}, {'SOD': [prediction]})


def test_sic_is_used_as_given():
    truth, prediction = np.array([[0, 10]]), np.array([[-5.0, 12.5]])
    scores = autoice_scores({'SIC': [truth]}, {'SIC': [prediction]})
    wanted = 100 * r2_score(truth.ravel(), prediction.ravel())
    assert scores['SIC'] == round(wanted, 3)


@pytest.mark.parametrize('value', [-1, 11, 0.5, np.nan])
def test_truth_must_be_in_the_table(value):
    truth = np.array([[1, value]])
    with pytest.raises(ValueError, match='SIC truth of scene 0 must be'):
        autoice_scores({'SIC': [truth]}, {'SIC': [np.zeros((1, 2))]})


def test_shapes_and_numbers_of_scenes_must_agree():
    chart = np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match='scene 0 must have the shape'):
        autoice_scores({'SOD': [chart]}, {'SOD': [chart.T]})
    with pytest.raises(ValueError, match='must hold 2 scenes'):
        autoice_scores({'SOD': [chart, chart]}, {'SOD': [chart]})
    with pytest.raises(ValueError, match='task must be one of'):
        autoice_scores({'sod': [chart]}, {'sod': [chart]})


def test_a_task_without_labels_is_nan():
    charts = {name: [np.array([[0, 1]])] for name in TASKS}
    truth = charts | {'FLOE': [np.full((1, 2), 255)]}
    scores = autoice_scores(truth, charts)
    assert math.isnan(scores['FLOE'])
    assert math.isnan(scores['combined'])
    assert scores['SIC'] == scores['SOD'] == 100
    del charts['SIC']
    assert math.isnan(autoice_scores(charts, charts)['SIC'])
    assert list(autoice_scores({}, {})) == ['SIC', 'SOD', 'FLOE', 'combined']


def test_rounding_keeps_what_was_not_predicted():
    values = np.array([-0.4, 3.4, 9.6, 10.7, 255, np.nan])
    rounded = round_to_classes(values, TASKS['SIC'])
    np.testing.assert_array_equal(rounded, [0, 3, 10, 10, 255, np.nan])


def test_works_without_torch():
    code = (
        'import sys; import mmseaice.evaluation.functional; '
        "bad = {'torch', 'mmengine', 'mmcv', 'sklearn'} & set(sys.modules); "
        'sys.exit(str(bad) if bad else 0)'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
