"""test.py: scores, tables and figures of a trained model."""

import json
from argparse import Namespace

import pytest
import torch
from mmengine.config import Config

from mmseaice.testing import config_root

CONFIG = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)
FAST = ('test_dataloader.num_workers=0',)


@pytest.fixture(scope='module')
def tested(run_tool, finetuned, tmp_path_factory):
    out = tmp_path_factory.mktemp('tested') / 'out'
    done = run_tool(
        *('test.py', CONFIG, finetuned[0] / 'iter_4.pth', '--out', out),
        *('--max-figures', 1, '--cfg-options', *FAST),
    )
    return out, done


def test_metrics_hold_scores_and_origin(tested, finetuned):
    out, _ = tested
    report = json.loads((out / 'metrics.json').read_text())
    assert report['num_scenes'] == 2
    assert report['checkpoint'] == str(finetuned[0] / 'iter_4.pth')
    scores = report['scores']
    weights = {'SIC.r2': 2, 'SOD.f1': 2, 'FLOE.f1': 1}
    combined = sum(w * scores[f'AutoICE/{k}'] for k, w in weights.items()) / 5
    assert scores['AutoICE/combined'] == pytest.approx(combined, abs=0.01)


def test_metrics_are_never_those_of_an_earlier_run(load_tool, tmp_path):
    write = load_tool('test.py')['write_metrics']
    args = Namespace(out=tmp_path, config='a.py', checkpoint='a.pth')
    (tmp_path / 'metrics.json').write_text('{"scores": {"a": 1}, "old": 1}')
    path = write(
        {'b': float('nan')}, Config(dict(test_evaluator=dict(type='X'))), args
    )
    report = json.loads(path.read_text())
    assert report['scores'] == {'b': None}
    assert 'old' not in report
    # What the metric on charts has written in this run stays beside it.
    path.write_text('{"scores": {"a": 1}, "per_class": []}')
    metric = dict(type='mmseaice.AutoICEMetric')
    write({'AutoICE/a': 2}, Config(dict(test_evaluator=[metric])), args)
    report = json.loads(path.read_text())
    assert report['scores'] == {'AutoICE/a': 2}
    assert report['per_class'] == []


def test_weights_of_another_model_are_refused(run_tool, pretrained, tmp_path):
    checkpoint = pretrained[0] / 'iter_4.pth'
    done = run_tool(
        *('test.py', CONFIG, checkpoint, '--out', tmp_path),
        *('--cfg-options', *FAST),
        check=False,
    )
    assert done.returncode == 1
    assert f'CheckpointError: {checkpoint}' in done.stderr
    assert 'is missing' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'metrics.json').exists()


def test_tables_plots_and_figures_are_there(tested):
    out, _ = tested
    names = {path.name for path in out.iterdir()}
    assert {'per_class.csv', 'per_scene.csv'} <= names
    assert {f'confusion_{t}.png' for t in ('SIC', 'SOD', 'FLOE')} <= names
    assert len(list((out / 'figures').glob('*.png'))) == 1


def test_output_ends_with_scores_and_paths(tested):
    out, done = tested
    tail = done.stdout[-1500:]
    assert 'AutoICE/combined' in tail
    for name in ('metrics.json', 'per_class.csv', 'confusion_FLOE.png'):
        assert str(out / name) in tail


def test_other_preparation_is_refused(run_tool, finetuned, tmp_path):
    done = run_tool(
        *('test.py', CONFIG, finetuned[0] / 'iter_4.pth', '--out', tmp_path),
        *('--cfg-options', *FAST, 'test_dataloader.dataset.spacings=[240]'),
        check=False,
    )
    assert done.returncode == 1
    assert 'spacings: trained with [200.0], data have [240.0]' in done.stderr
    assert 'Traceback' not in done.stderr


def test_hostile_checkpoint_is_refused_until_trusted(
    run_tool, finetuned, tmp_path
):
    content = torch.load(finetuned[0] / 'iter_4.pth', weights_only=True)
    content['odd'] = range(3)
    path = tmp_path / 'odd.pth'
    torch.save(content, path)
    options = ('--max-figures', 0, '--out', tmp_path / 'out')
    args = ('test.py', CONFIG, path, *options)
    done = run_tool(*args, '--cfg-options', *FAST, check=False)
    assert done.returncode == 1
    assert '--trust-checkpoint' in done.stderr
    done = run_tool(*args, '--trust-checkpoint', '--cfg-options', *FAST)
    assert not (tmp_path / 'out/figures').exists()


def test_config_without_test_data_is_named(run_tool, tmp_path):
    config = config_root() / 'pretraining/mae_vit-base_30ki_ai4arctic.py'
    done = run_tool('test.py', config, 'any.pth', check=False)
    assert done.returncode == 1
    assert 'expected a test_dataloader' in done.stderr
