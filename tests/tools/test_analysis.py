"""The tools that look at what training left."""

import json
import math

import pytest

from mmseaice.errors import DatasetError
from mmseaice.testing import build_tiny_store, config_root

DOWNSTREAM = config_root() / 'downstream'
CHARTS = DOWNSTREAM / 'multitask_vit-tiny-p8-upernet_700i_simulated.py'
PRETRAINING = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
FAST = (
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
)


@pytest.fixture(scope='module')
def baselines(run_tool, demo_data, tmp_path_factory):
    """Baselines on stores without incidence_angle, and what was said."""
    out = tmp_path_factory.mktemp('baselines') / 'baselines.json'
    stores = [demo_data / f'demo/{name}.zarr' for name in ('train', 'test')]
    done = run_tool(
        *('analysis/pixel_baselines.py', *stores, '--out', out),
        *('--pixels', 200),
    )
    return out, done


def test_baselines_take_the_channels_there_are(baselines):
    out, done = baselines
    assert 'logistic regression on HH, HV, incidence_angle\n' in done.stdout
    scores = json.loads(out.read_text())
    assert set(scores) == {'constant', 'logistic regression'}
    assert scores['constant']['SOD'] > 0


def test_baselines_need_no_more_than_one_channel(load_tool, tmp_path):
    tool = load_tool('analysis/pixel_baselines.py')
    store = tmp_path / 'store.zarr'
    build_tiny_store(store, 1, spacings=(80,), channels=('t2m', 'HV'))
    channels = tool['channels_of'](tool['SceneStore'](store))
    assert channels == ['HV']


def test_summary_shows_the_scores_of_a_real_test(
    run_tool, pretrained, finetuned, baselines, tmp_path
):
    run_tool(
        *('test.py', CHARTS, finetuned[0] / 'iter_4.pth', '--out', tmp_path),
        *('--max-figures', 0),
        *('--cfg-options', 'test_dataloader.num_workers=0'),
    )
    metrics = tmp_path / 'metrics.json'
    args = (
        *('analysis/summarise_run.py', '--baselines', baselines[0]),
        *('--pretraining', pretrained[0], '--finetuning', finetuned[0]),
    )
    done = run_tool(*args, '--metrics', metrics)
    scores = json.loads(metrics.read_text())['scores']
    row = next(
        line for line in done.stdout.splitlines() if '| mmseaice' in line
    )
    cells = [cell.strip() for cell in row.strip('|').split('|')][1:]
    keys = ('SIC.r2', 'SOD.f1', 'FLOE.f1', 'combined')
    assert cells == [f'{scores[f"AutoICE/{key}"]:.1f}' for key in keys]

    done = run_tool(*args, '--metrics', baselines[0], check=False)
    assert done.returncode == 1
    assert 'expected scores such as AutoICE/combined' in done.stderr


def test_summary_reads_the_log_of_a_killed_run(load_tool, tmp_path):
    log = tmp_path / 'run/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"loss": 2.5, "lr": 1}\n{"loss": NaN}\n{"loss": 0.')
    first, last = load_tool('analysis/summarise_run.py')['losses'](tmp_path)
    assert first == 2.5
    assert math.isnan(last)


@pytest.mark.parametrize('text', ['{"scores": {', '[1]'])
def test_summary_names_a_broken_file(load_tool, tmp_path, text):
    path = tmp_path / 'metrics.json'
    path.write_text(text)
    with pytest.raises(DatasetError, match=r'metrics\.json'):
        load_tool('analysis/summarise_run.py')['read_json'](path)


def test_reconstructions_are_drawn(run_tool, pretrained, tmp_path):
    checkpoint = pretrained[0] / 'iter_4.pth'
    args = ('analysis/visualize_reconstruction.py', PRETRAINING, checkpoint)
    run_tool(*(*args, '--out', tmp_path, '--num', 1, '--cfg-options', *FAST))
    assert len(list(tmp_path.glob('*.png'))) == 1
    done = run_tool(
        *(*args, '--out', tmp_path, '--dataloader', 'odd'), check=False
    )
    assert done.returncode == 1
    assert "expected a data loader 'odd'" in done.stderr


def test_reconstructions_need_a_pretraining(run_tool, finetuned, tmp_path):
    done = run_tool(
        *('analysis/visualize_reconstruction.py', CHARTS),
        *(finetuned[0] / 'iter_4.pth', '--out', tmp_path),
        check=False,
    )
    assert done.returncode == 1
    assert 'expected the config of a masked autoencoder' in done.stderr


def test_probe_refuses_a_hostile_encoder(run_tool, tmp_path, shared_data):
    import torch

    path = tmp_path / 'odd.pth'
    torch.save({'state_dict': {}, 'odd': range(3)}, path)
    config = DOWNSTREAM / 'patch_vit-tiny-p8-linear_20e_polar-patch.py'
    args = ('analysis/linear_probe.py', config, path)
    done = run_tool(*args, check=False)
    assert done.returncode == 1
    assert 'UnsafeCheckpointError' in done.stderr
    done = run_tool(*args, '--trust-checkpoint', check=False)
    assert done.returncode == 1
    assert 'LoadAuditError' in done.stderr
