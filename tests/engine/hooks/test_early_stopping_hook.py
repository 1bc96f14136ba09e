import pytest
import torch
from mmengine.evaluator import BaseMetric

from mmseaice.errors import CheckpointError
from mmseaice.registry import METRICS

SCORES = [10.0, 11.0, 11.05, 11.0, 10.0, 9.0, 9.0]


@METRICS.register_module(force=True)
class PlateauMetric(BaseMetric):
    """Scores that rise by more than 0.1 once, then no more."""

    rounds = 0

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        score = SCORES[PlateauMetric.rounds]
        PlateauMetric.rounds += 1
        return {'a': score}


@pytest.fixture
def options():
    PlateauMetric.rounds = 0
    return {
        'default_hooks.early_stopping.type': 'EarlyStoppingHook',
        'default_hooks.early_stopping.monitor': 'a',
        'default_hooks.early_stopping.patience': 3,
        'val_evaluator.type': 'PlateauMetric',
    }


def test_it_stops_after_so_many_validations_without_gain(
    make_runner, parity, options
):
    runner = make_runner(iters=14, val=parity, **options)
    runner.train()
    # Validated at 2, 4, ...; 11.05 is no gain over 11, nor what follows.
    assert runner.iter == 10


def test_a_resumed_run_has_waited_already(make_runner, parity, options):
    make_runner('cut', iters=8, val=parity, **options).train()
    path = make_runner('path').work_dir.replace('path', 'cut')
    # The last checkpoint was saved before its validation, which comes first.
    PlateauMetric.rounds = 3
    resumed = make_runner(
        'resumed',
        iters=14,
        val=parity,
        resume=True,
        load_from=f'{path}/iter_8.pth',
        **options,
    )
    resumed.train()
    # As undisturbed; upstream would start to count anew, and go on to 14.
    assert resumed.iter == 10


def test_a_score_that_is_not_there_is_an_error(make_runner, parity, options):
    options['default_hooks.early_stopping.monitor'] = 'typing-error'
    runner = make_runner(iters=4, val=parity, **options)
    with pytest.raises(RuntimeError, match='typing-error'):
        runner.train()


def test_a_test_run_is_as_strict_as_without_it(
    make_runner, parity, options, tmp_path
):
    """It builds no training, and weights that do not fit are refused."""
    make_runner('a', val=parity, **options).train()
    path = tmp_path / 'a/iter_4.pth'
    checkpoint = torch.load(path, weights_only=True)
    checkpoint['state_dict'].popitem()
    torch.save(checkpoint, path)
    options.pop('val_evaluator.type')
    runner = make_runner('b', test=parity, load_from=str(path), **options)
    with pytest.raises(CheckpointError):
        runner.test()
