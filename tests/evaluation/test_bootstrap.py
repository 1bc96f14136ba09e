import math

import numpy as np
import pytest

from mmseaice.charts import TASKS
from mmseaice.evaluation.functional import AutoICESums, autoice_scores
from mmseaice.evaluation.functional.bootstrap import (
    bootstrap_scores,
    draw_scenes,
    interval,
)
from mmseaice.evaluation.functional.comparison import compare_scenes


def random_scenes(seed, scenes=6, right=0.6, float_sic=False):
    """Charts of each scene by task, and their sums."""
    rng = np.random.default_rng(seed)
    truth, prediction, sums = {}, {}, []
    for name, task in TASKS.items():
        shapes = np.random.default_rng(9).integers(5, 20, (scenes, 2))
        truth[name] = [
            np.random.default_rng(i)
            .integers(0, task.num_classes, shape)
            .astype(np.uint8)
            for i, shape in enumerate(shapes)
        ]
        prediction[name] = []
        for true in truth[name]:
            other = rng.integers(0, task.num_classes, true.shape)
            chart = np.where(rng.random(true.shape) < right, true, other)
            noise = rng.normal(0, 0.3, true.shape)
            is_float = float_sic and name == 'SIC'
            prediction[name].append(chart + noise if is_float else chart)
    for i in range(scenes):
        one = AutoICESums()
        for name in TASKS:
            one.update(name, truth[name][i], prediction[name][i], i)
        sums.append(one)
    return truth, prediction, sums


@pytest.mark.parametrize('float_sic', [False, True])
def test_draws_equal_scoring_their_scenes_again(float_sic):
    truth, prediction, sums = random_scenes(1, float_sic=float_sic)
    drawn = bootstrap_scores(sums, draws=8, seed=5)
    for draw, counts in enumerate(draw_scenes(len(sums), 8, 5)):
        chosen = np.repeat(np.arange(len(sums)), counts)
        assert len(chosen) == len(sums)
        again = autoice_scores(
            *(
                {name: [charts[name][i] for i in chosen] for name in charts}
                for charts in (truth, prediction)
            )
        )
        for name, score in again.items():
            assert drawn[name][draw] == pytest.approx(score, abs=0.0011)


def test_draws_are_fair_and_repeatable():
    counts = draw_scenes(5, 4000, seed=2)
    np.testing.assert_array_equal(counts, draw_scenes(5, 4000, seed=2))
    assert (counts.sum(axis=1) == 5).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.06)
    # The share of draws without a certain scene is (4/5)**5.
    assert np.mean(counts[:, 0] == 0) == pytest.approx(0.8**5, abs=0.03)
    with pytest.raises(ValueError, match='1 or more'):
        draw_scenes(0)


def test_one_scene_has_no_spread():
    sums = random_scenes(3, scenes=1)[2]
    drawn = bootstrap_scores(sums, draws=20)
    assert np.ptp(drawn['combined']) == 0
    assert drawn['combined'][0] == sums[0].scores()['combined']


def test_draws_without_labels_do_not_count():
    sums = random_scenes(4, scenes=2)[2]
    del sums[0].tasks['FLOE']
    drawn = bootstrap_scores(sums, draws=200)
    found = interval(drawn['FLOE'])
    counts = draw_scenes(2, 200)
    assert found.draws == np.count_nonzero(counts[:, 1])
    assert found.low == found.high == sums[1].scores()['FLOE']
    del sums[1].tasks['FLOE']
    empty = interval(bootstrap_scores(sums, draws=5)['FLOE'])
    assert empty.draws == 0
    assert math.isnan(empty.low)


def test_interval_by_hand():
    found = interval(np.arange(101.0)[::-1], level=0.9)
    assert (found.low, found.high) == pytest.approx((5, 95))
    assert found.draws == 101


def by_name(seed, **options):
    return {
        f's{i}': s for i, s in enumerate(random_scenes(seed, **options)[2])
    }


def test_a_model_does_not_differ_from_itself():
    model = by_name(1, scenes=12)
    for row in compare_scenes(model, model, draws=50):
        assert row.difference == row.interval.low == row.interval.high == 0
        assert row.first_better == 0.5
        assert not row.separated
        assert 'do not separate' in row.statement()


def test_clearly_better_is_separated_both_ways():
    good = by_name(1, scenes=12, right=0.95)
    bad = by_name(2, scenes=12, right=0.3)
    for row in compare_scenes(good, bad, draws=100):
        assert row.separated
        assert row.first_better == 1
        assert row.difference == round(row.first - row.second, 3)
        assert 'good is better than bad by' in row.statement('good', 'bad')
    back = compare_scenes(bad, good, draws=100)[-1]
    assert back.interval.high < 0
    assert 'good is better than bad by' in back.statement('bad', 'good')


def test_pairing_cancels_what_is_hard_for_both():
    """Equal errors in every scene leave no spread in the difference."""
    first, second = by_name(1, scenes=12), by_name(1, scenes=12)
    for sums in second.values():
        # One more wrong pixel of one class, everywhere alike.
        sums.tasks['SOD'].confusion.counts[2, 3] += 1
    row = {r.score: r for r in compare_scenes(first, second, 300)}['SOD']
    alone = interval(bootstrap_scores(list(first.values()), 300)['SOD'])
    paired = row.interval.high - row.interval.low
    assert paired < 0.5 * (alone.high - alone.low)
    assert row.separated


def test_few_scenes_separate_nothing():
    good, bad = by_name(1, right=0.95), by_name(2, right=0.3)
    for row in compare_scenes(good, bad, draws=100):
        assert not row.separated
        assert '6 scenes are too few' in row.statement()


def test_scenes_must_be_the_same():
    model = by_name(1)
    other = {k: v for k, v in model.items() if k != 's3'}
    with pytest.raises(ValueError, match='s3 in one of them only'):
        compare_scenes(model, other)


def test_missing_task_is_said():
    first, second = by_name(1), by_name(2)
    for sums in second.values():
        del sums.tasks['FLOE']
    rows = {row.score: row for row in compare_scenes(first, second, 20)}
    assert 'not scored for both' in rows['FLOE'].statement()
    assert not rows['combined'].separated
