"""calibrate.py on a tiny model, from the scenes to the file."""

import numpy as np
import pytest

from mmseaice.apis.calibration_file import read_calibration
from mmseaice.testing import config_root

CONFIG = (
    config_root()
    / 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'
)
FAST = ('test_dataloader.num_workers=0', 'val_dataloader.num_workers=0')


@pytest.fixture(scope='module')
def calibrated(run_tool, finetuned, tmp_path_factory):
    checkpoint = finetuned[0] / 'iter_4.pth'
    out = tmp_path_factory.mktemp('calibrated') / 'a.calibration.json'
    done = run_tool(
        *('analysis/calibrate.py', CONFIG, checkpoint, '--out', out),
        *('--split', 'test', '--pixels', 500, '--levels', 0.3, 0.9),
        *('--cfg-options', *FAST),
    )
    return checkpoint, out, done


def test_file_serves_the_checkpoint(calibrated):
    checkpoint, out, _ = calibrated
    calibration = read_calibration(checkpoint, out)
    assert set(calibration.tasks) == {'SIC', 'SOD', 'FLOE'}
    assert len(calibration.scenes) == 2
    assert calibration.settings['pixels_per_scene'] == 500
    for task, classes in (('SOD', 6), ('FLOE', 7)):
        # Two scenes are enough for 30 %, and too few for 90 %.
        assert calibration.thresholds[task][0.3] > 0
        assert calibration.thresholds[task][0.9] == 0
        flat = np.full((classes, 2, 3), 1 / classes, np.float32)
        found = calibration.apply(task, flat)
        assert set(calibration.sets(task, found).flat) == {2**classes - 1}
    assert np.isfinite(calibration.half_widths['SIC'][0.3]).all()


def test_table_tells_what_held_out_scenes_say(calibrated):
    checkpoint, out, done = calibrated
    assert '2 scenes held out in 2 folds' in done.stdout
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
            # All classes, or the whole scale, hold any truth.
            row = next(
                r for r in rows if r[: 1 + len(group)] == [task, *group]
            )
            assert row[1 + len(group)] == '100.0'
            assert row[-1] == '2'


def test_diagrams_lie_beside_the_file(calibrated):
    _, out, done = calibrated
    names = sorted(path.name for path in out.parent.glob('*.png'))
    assert names == ['a.calibration.FLOE.png', 'a.calibration.SOD.png']
    assert all(str(out.with_name(name)) in done.stdout for name in names)


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
