import numpy as np
import pytest
from sklearn.metrics import f1_score, r2_score

from mmseaice.charts import TASKS
from mmseaice.errors import DatasetError, PredictionError
from mmseaice.evaluation.report import class_rows
from mmseaice.evaluation.scoring import (
    BANDS,
    group_sums,
    pair_scenes,
    pooled_sums,
    score_files,
    score_scene,
)
from mmseaice.evaluation.scoring_report import (
    group_rows,
    make_tables,
    score_rows,
    text_report,
)

GROUPS = [
    {'service': 'dmi', 'region': 'a'},
    {'service': 'cis', 'region': 'b'},
    {'service': 'dmi', 'region': 'b'},
]


def random_scene(seed, shape=(40, 50)):
    """Truth, prediction with real-valued SIC, and zones of a scene."""
    rng = np.random.default_rng(seed)
    truth, prediction = {}, {}
    for name, task in TASKS.items():
        chart = rng.integers(0, task.num_classes, shape).astype(np.uint8)
        other = rng.integers(0, task.num_classes, shape)
        predicted = np.where(rng.random(shape) < 0.6, chart, other)
        missing = rng.random(shape) < 0.2
        chart[missing] = 255
        prediction[name] = np.where(missing, 255, predicted).astype(np.uint8)
        truth[name] = chart
    noisy = prediction['SIC'] + rng.normal(0, 0.6, shape)
    prediction['SIC'] = np.where(truth['SIC'] == 255, np.nan, noisy)
    return truth, prediction, rng.integers(0, 42, shape).astype(float)


def score_all(seeds=range(3)):
    scenes = [random_scene(seed) for seed in seeds]
    scores = {
        str(seed): score_scene(str(seed), *scene, group)
        for seed, scene, group in zip(seeds, scenes, GROUPS, strict=True)
    }
    return scenes, scores


def sklearn_scores(scenes, chosen=lambda zones: np.ones(zones.shape, bool)):
    scores = {}
    for name in TASKS:
        kept = [(t[name] != 255) & chosen(z) for t, _, z in scenes]
        true, predicted = (
            np.concatenate(
                [s[k][name][m] for s, m in zip(scenes, kept, strict=True)]
            )
            for k in (0, 1)
        )
        if name == 'SIC':
            predicted = np.clip(np.round(predicted), 0, 10)
            scores[name] = r2_score(true, predicted)
        else:
            scores[name] = f1_score(true, predicted, average='weighted')
        scores[name] = round(100 * scores[name], 3)
    weighted = 2 * scores['SIC'] + 2 * scores['SOD'] + scores['FLOE']
    return scores | {'combined': round(weighted / 5, 3)}


def test_pooled_scores_equal_sklearn():
    scenes, scores = score_all()
    assert pooled_sums(scores.values()).scores() == sklearn_scores(scenes)


def test_groups_equal_sklearn():
    scenes, scores = score_all()
    groups = group_sums(scores.values())
    for kind, group in (('service', 'dmi'), ('region', 'b')):
        members = [
            s for s, g in zip(scenes, GROUPS, strict=True) if g[kind] == group
        ]
        count, sums = groups[kind, group]
        assert count == len(members)
        assert sums.scores() == sklearn_scores(members)
    # The pooled sums were not written to on the way.
    assert pooled_sums(scores.values()).scores() == sklearn_scores(scenes)


def test_bands_of_distance_equal_sklearn():
    scenes, scores = score_all()
    groups = group_sums(scores.values())
    ends = [*list(BANDS.values())[1:], 42]
    for (band, low), high in zip(BANDS.items(), ends, strict=True):
        count, sums = groups['distance', band]
        wanted = sklearn_scores(
            scenes, lambda z, low=low, high=high: (z >= low) & (z < high)
        )
        assert count == 3
        assert sums.scores() == wanted


def test_bands_mean_the_kilometres_they_name():
    from mmseaice.scenes.simulator.zones import ZONE_LIMITS

    for band, zone in list(BANDS.items())[1:]:
        # The zone before ends where the band begins.
        begins = ZONE_LIMITS[zone - 2] if zone > 1 else 0
        assert f'{begins:g}' in band.replace('-', ' ').split()


def test_intervals_hold_the_score():
    _, scores = score_all()
    rows = {row['score']: row for row in score_rows(scores, draws=200)}
    assert list(rows) == ['SIC', 'SOD', 'FLOE', 'combined']
    for row in rows.values():
        assert row['low'] <= row['value'] <= row['high']
        assert row['draws'] == 200
    assert rows == {r['score']: r for r in score_rows(scores, draws=200)}


@pytest.mark.parametrize(('odd', 'told'), [(3, False), (6, True)])
def test_a_group_whose_truth_hardly_varies_has_no_r2(odd, told):
    """A standard deviation of 4.3 % is too small, and one of 6.1 % is not."""
    truth, prediction, _ = random_scene(5)
    labelled = truth['SIC'] != 255
    truth['SIC'][labelled] = 10
    truth['SIC'].flat[np.flatnonzero(labelled)[:odd]] = 0
    found = truth['SIC'][labelled].std()
    assert found == pytest.approx(0.61 if told else 0.43, abs=0.02)
    scores = {'x': score_scene('x', truth, prediction, groups=GROUPS[0])}
    rows = group_rows(scores)
    assert len(rows) == 2
    for row in rows:
        for name in ('SIC.r2', 'combined'):
            assert np.isfinite(row[name]) == told, name
        assert row['SIC.rmse'] > 0
        assert row['SOD.f1'] > 0
    # The official score is what it is.
    assert score_rows(scores, draws=5)[0]['score'] == 'SIC'
    said = text_report(scores, make_tables(scores, draws=5))
    assert 'varies by less than 5 % (standard deviation)' in said


def test_a_class_that_is_not_charted_has_no_recall():
    truth, prediction, _ = random_scene(5)
    truth['SIC'][truth['SIC'] == 3] = 4
    sums = score_scene('x', truth, prediction).sums.tasks['SIC']
    rows = class_rows('SIC', sums.confusion)
    assert rows[3]['support'] == 0
    assert rows[3]['predicted'] > 0
    assert np.isnan(rows[3]['recall'])
    assert rows[3]['precision'] == 0
    assert rows[4]['recall'] > 0


def test_zones_may_be_unknown_and_tasks_missing():
    truth, prediction, _ = random_scene(5)
    del prediction['FLOE'], prediction['SIC']
    scores = {'x': score_scene('x', truth, prediction)}
    assert scores['x'].bands == {}
    assert scores['x'].edge is None
    tables = make_tables(scores, draws=5)
    assert [row['score'] for row in tables['scores']] == ['SOD']
    assert tables['ice_edge'] == []
    with pytest.raises(DatasetError, match='scene x: expected a chart'):
        score_scene('x', {'SIC': truth['SIC']}, prediction)


@pytest.mark.parametrize(('task', 'value'), [('SIC', np.nan), ('SOD', 255)])
def test_unpredicted_labels_are_an_error_with_the_scene(task, value):
    truth, prediction, _ = random_scene(5)
    prediction[task][truth[task] != 255] = value
    with pytest.raises(PredictionError, match=f'{task} prediction of scene x'):
        score_scene('x', truth, prediction)


def test_pairs_must_be_complete():
    a, b = dict.fromkeys('abc'), dict.fromkeys('abd')
    with pytest.raises(DatasetError, match='scene d: expected a prediction'):
        pair_scenes(a, b)
    with pytest.raises(DatasetError, match='scene c: expected a reference'):
        pair_scenes(a, dict.fromkeys('ab'))
    assert list(pair_scenes(a, b, ['b', 'a'])) == ['a', 'b']
    with pytest.raises(DatasetError, match='scene e: expected a prediction'):
        pair_scenes(a, b, ['a', 'e'])


def test_references_without_a_label_give_no_score():
    class Charts:
        path = 'charts.nc'
        groups = {}  # noqa: RUF012 - stands for an instance

        def read_charts(self):
            return {'SOD': np.full((3, 4), 255, np.uint8)}

        def read_zones(self):
            return None

        def read(self):
            return {'SOD': np.zeros((3, 4), np.uint8)}

    with pytest.raises(DatasetError, match=r'charts.nc: .*none in 1 scenes'):
        score_files({'a': (Charts(), Charts())})
