"""Runs of whole-scene inference: on disk, in several passes, in trouble."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmseaice.apis import SceneInferencer
from mmseaice.apis.calibration_file import write_calibration
from mmseaice.errors import EmptySceneError, PredictionError
from mmseaice.evaluation.functional.calibration import Calibration
from mmseaice.scenes import open_scene, scene_files
from mmseaice.scenes.charted import open_charted
from mmseaice.scenes.simulator import write_scenes
from mmseaice.scenes.stream import SceneStream
from mmseaice.testing import make_scene

MEAN = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
STD = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)


def test_lines_on_disk_are_those_in_memory(config, checkpoint, tmp_path):
    scene = make_scene(300, 215)
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    wanted = infer(scene)
    written = list(infer.chart(infer.open(scene), tmp_path / 'chart'))
    assert sum(written) == 300
    found = open_charted(tmp_path / 'chart')
    assert found.equals(wanted)
    assert found.attrs == wanted.attrs
    assert len(found.attrs['checkpoint_sha256']) == 64
    # All is there: nothing is computed again.
    assert list(infer.chart(infer.open(scene), tmp_path / 'chart')) == [300]


@pytest.mark.parametrize('stop', [6, 12])
def test_a_killed_run_goes_on_to_the_same_charts(
    config, checkpoint, stop, tmp_path, monkeypatch
):
    monkeypatch.setattr(SceneStream, 'block_lines', 16)
    scene, path = make_scene(800, 215), checkpoint()
    infer = SceneInferencer(config, path, 'cpu', batch_size=3)
    wanted = infer(scene)
    whole = infer.windows
    folder = tmp_path / 'chart'
    lines = infer.chart(infer.open(scene), folder)
    for _ in range(stop):
        next(lines)
    lines.close()
    with pytest.raises(PredictionError, match='cut off'):
        open_charted(folder)
    # Half a line of one layer, as a kill while writing leaves it.
    with open(folder / 'SIC.raw', 'ab') as file:
        file.write(bytes(123))
    again = SceneInferencer(config, path, 'cpu', batch_size=3)
    windows = again.chart(again.open(scene), folder)
    assert next(windows) > 0
    assert sum(windows) < 800
    assert again.windows < whole
    assert open_charted(folder).equals(wanted)


def test_another_run_in_the_folder_begins_anew(config, checkpoint, tmp_path):
    scene, path = make_scene(200, 215), checkpoint()
    first = SceneInferencer(config, path, 'cpu')
    next(first.chart(first.open(scene), tmp_path))
    other = SceneInferencer(config, path, 'cpu', blend='gaussian')
    list(other.chart(other.open(scene), tmp_path))
    assert open_charted(tmp_path).equals(other(scene))


def test_lines_of_a_file_are_charted_as_the_scene(
    config, checkpoint, tmp_path
):
    write_scenes(tmp_path, 1, lines=900, samples=800, kind='raw', seed=3)
    (path,) = scene_files(tmp_path)
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    found, wanted = infer(path), infer(open_scene(path))
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name])


def test_several_passes_tell_how_far_they_are_apart(config, checkpoint):
    scene, path = make_scene(200, 215), checkpoint()
    plain = SceneInferencer(config, path, 'cpu')(scene)
    assert 'SIC_std' not in plain
    twice = SceneInferencer(config, [path, path], 'cpu')(scene)
    np.testing.assert_allclose(twice['SIC'], plain['SIC'], atol=1e-4)
    assert (twice['SOD'] == plain['SOD']).mean() > 0.999
    np.testing.assert_allclose(
        twice['SOD_entropy'], plain['SOD_entropy'], atol=1e-4
    )
    assert np.nanmax(twice['SIC_std']) < 1e-3
    flipped = SceneInferencer(
        config, path, 'cpu', flips=['none', 'horizontal', 'vertical', 'both']
    )(scene)
    assert np.nanmax(flipped['SIC_std']) > 0
    charted = flipped['status'].values == 0
    assert np.isfinite(flipped['SIC_std'].values[charted]).all()


def test_flips_of_a_symmetric_scene_are_symmetric(config, checkpoint):
    scene = make_scene(200, 200)
    names = ('HH', 'HV', 'incidence_angle')
    for name in names:
        field = scene[name].values
        both = np.fmin(field, field[:, ::-1])
        both[np.isnan(field) | np.isnan(field[:, ::-1])] = np.nan
        scene[name] = (('y', 'x'), both)
    infer = SceneInferencer(
        config, checkpoint(), 'cpu', flips=['none', 'horizontal'],
        window=(80, 80),
    )  # fmt: skip
    sic = infer(scene)['SIC'].values
    np.testing.assert_allclose(sic, sic[:, ::-1], atol=1e-4)


def test_dropout_is_drawn_from_the_seed(config, checkpoint):
    cfg = Config(config.to_dict())
    for head in cfg.model.heads.values():
        head.dropout_ratio = 0.5
    scene, path = make_scene(200, 215), checkpoint()
    charts = [
        SceneInferencer(cfg, path, 'cpu', dropout_passes=3, seed=seed)(scene)
        for seed in (0, 0, 1)
    ]
    assert charts[0].equals(charts[1])
    assert not charts[0].equals(charts[2])
    assert np.nanmean(charts[0]['SIC_std']) > 0
    for head in cfg.model.heads.values():
        head.dropout_ratio = 0
    with pytest.raises(ValueError, match='without dropout'):
        SceneInferencer(cfg, path, 'cpu', dropout_passes=3)


def test_a_scene_narrower_than_the_window_is_charted(config, checkpoint):
    infer = SceneInferencer(config, checkpoint(), 'cpu', window=(64, 64))
    charts = infer(make_scene(70, 400))
    charted = charts['status'].values == 0
    assert charted.any()
    assert np.isfinite(charts['SIC'].values[charted]).all()


def test_a_scene_without_valid_pixels_is_refused(config, checkpoint):
    scene = make_scene(200, 215)
    for name in ('HH', 'HV', 'incidence_angle'):
        scene[name] = scene[name] * np.nan
    with pytest.raises(EmptySceneError, match=r'0_prep\.nc'):
        SceneInferencer(config, checkpoint(), 'cpu')(scene)


def test_nan_logits_name_the_scene(config, checkpoint):
    path = checkpoint()
    content = torch.load(path, weights_only=True)
    name = next(n for n in content['state_dict'] if 'heads.SIC' in n)
    content['state_dict'][name] *= torch.nan
    torch.save(content, path)
    infer = SceneInferencer(config, path, 'cpu')
    with pytest.raises(PredictionError, match=r'0_prep\.nc.*window from'):
        infer(make_scene(200, 215))


def test_wind_turns_with_the_scene(config, checkpoint):
    cfg = Config(config.to_dict())
    dataset = cfg.test_dataloader.dataset
    dataset.channels = ['HH', 'HV', 'u10m_rotated']
    step = next(s for s in dataset.pipeline if s.type == 'NormaliseScene')
    step.mean = {**step.mean, 'u10m_rotated': 0.0}
    step.std = {**step.std, 'u10m_rotated': 1.0}
    path = checkpoint(
        channels=list(dataset.channels),
        units=['dB', 'dB', 'm/s'],
        mean=[MEAN['HH'], MEAN['HV'], 0.0],
        std=[STD['HH'], STD['HV'], 1.0],
    )
    with pytest.raises(ValueError, match='u10m_rotated'):
        SceneInferencer(cfg, path, 'cpu', flips=['none', 'vertical'])


def test_a_complete_scene_is_not_charted_again(config, checkpoint, tmp_path):
    scene, path = make_scene(200, 215), checkpoint()
    first = SceneInferencer(config, path, 'cpu')
    list(first.chart(first.open(scene), tmp_path))
    again = SceneInferencer(config, path, 'cpu')
    assert list(again.chart(again.open(scene), tmp_path)) == [200]
    assert (again.windows, again.seconds) == (0, 0)


def test_strides_that_leave_gaps_are_refused(config, checkpoint):
    path = checkpoint()
    with pytest.raises(ValueError, match='stride must be between 1 and'):
        SceneInferencer(config, path, 'cpu', stride=(80, 16))
    with pytest.raises(ValueError, match='stride must be between 1 and'):
        SceneInferencer(config, path, 'cpu', window=(32, 32), stride=(48, 8))


def test_a_folder_is_one_run_s_at_a_time(config, checkpoint, tmp_path):
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    stream = infer.open(make_scene(200, 215))
    lines = infer.chart(stream, tmp_path)
    next(lines)
    with pytest.raises(PredictionError, match='another process'):
        next(infer.chart(stream, tmp_path))
    lines.close()
    assert sum(infer.chart(stream, tmp_path)) == 200


def test_other_files_of_the_same_name_are_charted_anew(
    config, checkpoint, tmp_path
):
    write_scenes(tmp_path, 1, lines=500, samples=500, kind='ready', seed=3)
    (path,) = scene_files(tmp_path)
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    before = infer.provenance(infer.open(path))
    assert infer.provenance(infer.open(path)) == before
    path.write_bytes(path.read_bytes())
    assert infer.provenance(infer.open(path)) != before
    infer.model.cfg.model.test_cfg.refine = 'nearest'
    changed = infer.provenance(infer.open(path))['fingerprint']
    assert changed != before['fingerprint']
    del infer.model.cfg.model.test_cfg['refine']


def test_calibration_is_applied_where_it_was_fitted(
    config, checkpoint, tmp_path
):
    """To probabilities at 80 m; the most likely class stays."""
    path, scene = checkpoint(), make_scene(200, 215)
    plain = SceneInferencer(config, path, 'cpu')(scene)
    calibration = Calibration(
        temperatures={'SOD': 2.0, 'FLOE': 1.0},
        thresholds={'SOD': {0.9: 0.05}, 'FLOE': {0.9: 0.3}},
        half_widths={'SIC': {0.9: [1.5] * 11}},
        scenes=('a', 'b'),
    )
    write_calibration(calibration, path)
    infer = SceneInferencer(config, path, 'cpu')
    found = infer(scene)
    np.testing.assert_array_equal(found['SOD'], plain['SOD'])
    charted = found['status'].values == 0
    entropy = found['SOD_entropy'].values[charted]
    assert (entropy > plain['SOD_entropy'].values[charted]).all()
    np.testing.assert_allclose(
        found['FLOE_entropy'], plain['FLOE_entropy'], atol=1e-5
    )
    member = found['SOD_set'].values >> found['SOD'].values & 1
    assert (member[charted] == 1).all()
    assert (found['SOD_set'].values[~charted] == 0).all()
    sic = found['SIC'].values
    wanted = np.clip(sic - 1.5, 0, 10)
    np.testing.assert_allclose(found['SIC_low'], wanted, atol=1e-5)
    assert '2 that it was fitted on' in found.attrs['calibration']
    flips = SceneInferencer(config, path, 'cpu', flips=['none', 'both'])
    assert flips.calibration is None
    with pytest.raises(ValueError, match='several passes'):
        SceneInferencer(
            config, [path, path], 'cpu', calibration=infer.calibration
        )


def test_windows_are_those_of_the_config_or_given(config, checkpoint):
    path = checkpoint()
    whole = copy.deepcopy(config)
    whole.model.test_cfg = dict(mode='whole')
    with pytest.raises(ValueError, match='window must be given with a stride'):
        SceneInferencer(whole, path, 'cpu', stride=(16, 16))
    infer = SceneInferencer(whole, path, 'cpu', window=(33, 48))
    assert (infer.how.crop_size, infer.how.stride) == ((33, 48), (16, 24))
    assert SceneInferencer(whole, path, 'cpu').how.mode == 'whole'
    known = config.model.test_cfg
    infer = SceneInferencer(config, path, 'cpu', stride=(16, 8))
    assert infer.how.crop_size == tuple(known.crop_size)
    assert infer.how.stride == (16, 8)
    assert infer.how.blend == known.get('blend', 'uniform')
