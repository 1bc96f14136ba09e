"""What came of studies: rows, and curves of scores."""

import csv
import os

import pytest

from mmseaice.errors import MMSeaIceError
from mmseaice.testing import config_root
from mmseaice.utils import studies

ROOT = config_root().parent
MAE = 'configs/pretraining/mae_vit-tiny-p8_500i_simulated.py'
CHARTS = 'configs/downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
ENCODER = 'model.backbone.init_cfg.checkpoint'
SPLIT = 'train_dataloader.dataset.split'


@pytest.fixture
def collected(study, leave):
    """A study of mask ratios and seeds in which one run has no score yet."""
    found = study(
        f'mask60: {MAE} model.backbone.mask_ratio=0.60',
        f'mask90: {MAE} model.backbone.mask_ratio=0.90',
        f'charts: {CHARTS} {ENCODER}={{{{mask90}},{{mask60}}}} seed={{0,1}}',
    )
    scores = [None, None, 50.0, 52.0, 60.0, None]
    for run, score in zip(found.runs, scores, strict=True):
        leave(run, score)
    return found


def test_rows_hold_options_losses_time_and_scores(collected, tmp_path):
    rows = studies.collect_rows(collected)
    assert rows[2] == {
        'run': 'charts_checkpoint-mask90_seed-0',
        'name': 'charts',
        'config': os.path.basename(CHARTS)[:-3],
        # Of the encoder it starts from.
        'model.backbone.mask_ratio': '0.90',
        ENCODER: '{mask90}',
        'seed': '0',
        'state': 'done',
        'loss_first': 3.0,
        'loss_last': 2.0,
        'train_seconds': 40.0,
        'AutoICE/combined': 50.0,
        'AutoICE/SIC.r2': None,
    }
    assert [row['state'] for row in rows[3:]] == ['done', 'done', 'open']
    studies.write_table(tmp_path / 'results.csv', rows)
    with open(tmp_path / 'results.csv', newline='') as file:
        read = list(csv.DictReader(file))
    assert read[2]['AutoICE/combined'] == '50.0'
    assert read[5]['AutoICE/combined'] == read[2]['AutoICE/SIC.r2'] == ''


def test_curves_gather_seeds_in_rising_order(collected):
    rows = studies.collect_rows(collected)
    curves = studies.curves_of(
        rows, 'model.backbone.mask_ratio', 'AutoICE/combined'
    )
    # The checkpoint goes hand in hand with the ratio: it parts no curves.
    assert curves == {'': {0.6: [60.0], 0.9: [50.0, 52.0]}}
    assert list(curves['']) == [0.6, 0.9]
    curves = studies.curves_of(rows, ENCODER, 'AutoICE/combined', ['seed'])
    assert curves == {'seed=0': {60: [60.0], 90: [50.0]}, 'seed=1': {90: [52]}}


def test_curves_are_told_apart_by_what_varies(study, leave):
    found = study(
        f'a: {CHARTS} {SPLIT}=lists/train_{{005,040}}.txt seed={{0,1}}',
        f'b: {CHARTS} {SPLIT}=lists/train_{{005,040}}.txt '
        'optim_wrapper.optimizer.lr=0.1 train_cfg.max_iters=9',
    )
    for score, run in enumerate(found.runs):
        leave(run, float(score))
    rows = studies.collect_rows(found)
    curves = studies.curves_of(rows, SPLIT, 'AutoICE/combined')
    assert curves == {
        'a': {5: [0, 1], 40: [2, 3]},
        'b': {5: [4], 40: [5]},
    }
    curves = studies.curves_of(
        rows, SPLIT, 'AutoICE/combined', ['optim_wrapper.optimizer.lr']
    )
    assert list(curves) == ['lr=None', 'lr=0.1']


@pytest.mark.parametrize(
    ('x', 'score', 'said'),
    [
        ('odd', 'AutoICE/combined', "an option 'odd'"),
        ('seed', 'odd', "runs with a score 'odd'"),
    ],
)
def test_curves_need_an_option_and_a_score(collected, x, score, said):
    with pytest.raises(MMSeaIceError, match=said):
        studies.curves_of(studies.collect_rows(collected), x, score)
