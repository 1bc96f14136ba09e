"""calibrate.py on a tiny model, from the scenes to the file."""

import numpy as np
import pytest

from mmseaice.apis.calibration_file import read_calibration
from mmseaice.testing import build_tiny_store, config_root

CONFIG = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)
FAST = ('test_dataloader.num_workers=0', 'val_dataloader.num_workers=0')


@pytest.fixture(scope='module')
def calibrated(run_tool, finetuned, tmp_path_factory):
    checkpoint = finetuned[0] / 'iter_4.pth'
    out = tmp_path_factory.mktemp('calibrated') / 'a.calibration.json'
    store = tmp_path_factory.mktemp('store') / 'ten.zarr'
    build_tiny_store(
        store,
        count=10,
        first_seed=20,
        spacings=(80, 200),
        channels=('HH', 'HV', 'incidence_angle'),
    )
    done = run_tool(
        *('analysis/calibrate.py', CONFIG, checkpoint, '--out', out),
        *('--split', 'test', '--pixels', 500, '--levels', 0.3, 0.95),
        *('--cfg-options', *FAST, f'test_dataloader.dataset.store={store}'),
    )
    return checkpoint, out, done


def test_file_serves_the_checkpoint(calibrated):
    checkpoint, out, _ = calibrated
    calibration = read_calibration(checkpoint, out)
    assert set(calibration.tasks) == {'SIC', 'SOD', 'FLOE'}
    assert len(calibration.scenes) == 10
    assert calibration.settings['pixels_per_scene'] == 500
    for task in ('SOD', 'FLOE'):
        # Ten scenes are enough for 90 %, and too few for 95 %.
        assert list(calibration.thresholds[task]) == [0.3, 0.9]
        assert calibration.thresholds[task][0.3] > 0
        assert calibration.thresholds[task][0.9] > 0
    assert np.isfinite(calibration.half_widths['SIC'][0.9]).all()


def test_levels_that_need_more_scenes_are_left_out_and_named(calibrated):
    said = calibrated[2].stdout
    assert 'No sets and intervals for 0.95: they need 19 scenes' in said


def test_table_tells_what_held_out_scenes_say(calibrated):
    checkpoint, out, done = calibrated
    assert '10 scenes held out in 10 folds' in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    for task in ('SOD', 'FLOE'):
        before, after = (
            next(row for row in rows if row[:2] == [task, when])
            for when in ('before', 'after')
        )
        assert before[-1] == '1.000'
        temperature = read_calibration(checkpoint, out).temperatures[task]
        assert float(after[-1]) == pytest.approx(temperature, abs=6e-4)
    for task in ('SIC', 'SOD', 'FLOE'):
        for group in (['all'], ['season', 'summer'], ['service', 'dmi']):
            row = next(
                r for r in rows if r[: 1 + len(group)] == [task, *group]
            )
            assert 50 < float(row[1 + len(group)]) <= 100
            assert row[-1] == '10'


def test_diagrams_lie_beside_the_file(calibrated):
    _, out, done = calibrated
    names = sorted(path.name for path in out.parent.glob('*.png'))
    assert names == ['a.calibration.FLOE.png', 'a.calibration.SOD.png']
    assert all(str(out.with_name(name)) in done.stdout for name in names)


def test_too_few_scenes_are_refused_before_anything_is_written(
    run_tool, finetuned, tmp_path
):
    """Their sets would hold every class, and say so of 90 %."""
    done = run_tool(
        *('analysis/calibrate.py', CONFIG, finetuned[0] / 'iter_4.pth'),
        *('--out', tmp_path / 'a.json', '--cfg-options', *FAST),
        check=False,
    )
    assert done.returncode == 1
    assert 'val_dataloader: expected at least 9 scenes' in done.stderr
    assert 'but got 1 of 1 scenes' in done.stderr
    assert 'Traceback' not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_other_preparation_is_refused(
    load_tool, calibrated, demo_data, monkeypatch, tmp_path
):
    monkeypatch.setenv('MMSEAICE_DATA', str(demo_data))
    args = (CONFIG, calibrated[0], '--out', tmp_path / 'a.json')
    args += ('--cfg-options', *FAST, 'val_dataloader.dataset.spacings=[240]')
    with pytest.raises(SystemExit) as stopped:
        load_tool('analysis/calibrate.py')['main'](list(map(str, args)))
    said = 'spacings: trained with [200.0], data have [240.0]'
    assert said in str(stopped.value)
    assert not (tmp_path / 'a.json').exists()


def test_pretraining_makes_no_charts(load_tool, pretrained):
    config = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
    args = [str(config), str(pretrained[0] / 'iter_4.pth')]
    with pytest.raises(SystemExit, match='a MultiTaskSegmentor, but got a S'):
        load_tool('analysis/calibrate.py')['main'](args)
