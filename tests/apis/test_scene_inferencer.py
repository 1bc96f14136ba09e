"""Whole-scene inference against the model run by hand on the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmseaice.apis import SceneInferencer, init_model
from mmseaice.charts import IGNORE
from mmseaice.errors import (
    CheckpointError,
    MissingChannelError,
    ParityError,
    PredictionError,
    UnsafeCheckpointError,
)
from mmseaice.registry import MODELS
from mmseaice.scenes import (
    open_scene,
    refine_field,
    resample_scene,
    scene_files,
)
from mmseaice.scenes.charted import open_charted
from mmseaice.scenes.simulator import write_scenes
from mmseaice.scenes.stream import SceneStream
from mmseaice.testing import find_configs, make_scene

MEAN = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
STD = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)


@pytest.fixture(scope='module')
def config():
    name = 'multitask_vit-tiny-p8-upernet_700i_simulated.py'
    path = next(path for path in find_configs() if path.name == name)
    cfg = Config.fromfile(path)
    cfg.model.backbone.arch.num_layers = 1
    cfg.model.backbone.init_cfg = None
    cfg.model.backbone.out_indices = [0]
    cfg.model.neck = None
    cfg.model.data_preprocessor.size_divisor = 1
    head = dict(in_channels=192, channels=8)
    for task, out in (('SOD', 6), ('FLOE', 7)):
        cfg.model.heads[task] = dict(
            type='mmseg.FCNHead',
            num_classes=out,
            num_convs=1,
            loss_decode=dict(type='ValidCrossEntropyLoss'),
            **head,
        )
    cfg.model.heads.SIC = dict(type='RegressionFCNHead', num_convs=1, **head)
    return cfg


def record(**changes):
    return {
        'channels': list(MEAN),
        'spacings': [200.0],
        'units': ['dB', 'dB', 'degree'],
        'mean': list(MEAN.values()),
        'std': list(STD.values()),
        'clip': [-5.0, 5.0],
        'scaling': 'none',
        'fill': 0.0,
        'min_valid': 0.5,
        'mask': 'chart',
        'release': 'Dec-2022',
    } | changes


@pytest.fixture
def checkpoint(config, tmp_path):
    def save(**changes):
        from mmengine.registry import init_default_scope

        init_default_scope('mmseaice')
        torch.manual_seed(0)
        model = MODELS.build(config.model)
        path = tmp_path / 'model.pth'
        content = dict(
            state_dict=model.state_dict(),
            meta=dict(mmseaice=record(**changes)),
        )
        torch.save(content, path)
        return path

    return save


def test_charts_equal_the_model_run_by_hand(config, checkpoint):
    path = checkpoint()
    scene = make_scene(200, 215)
    charts = SceneInferencer(config, path, 'cpu')(scene)

    coarse = resample_scene(scene, 200)
    planes = [(coarse[name].values - MEAN[name]) / STD[name] for name in MEAN]
    image = np.nan_to_num(np.clip(planes, -5, 5), nan=0.0).astype(np.float32)
    model = init_model(config, path, 'cpu')
    with torch.inference_mode():
        logits = model.predict_logits(torch.from_numpy(image)[None])
    valid = np.isfinite(scene['HH'].values)
    for task, output in logits.items():
        output = output[0]
        if task == 'SIC':
            wanted = refine_field(output.numpy(), 2.5, valid.shape)[0]
            wanted = np.clip(wanted, 0, 10)
            found = charts['SIC'].values
            assert np.isnan(found[~valid]).all()
            assert np.allclose(found[valid], wanted[valid], atol=1e-3)
        else:
            shares = output.softmax(0).numpy()
            wanted = refine_field(shares, 2.5, valid.shape).argmax(0)
            found = charts[task].values
            assert found.dtype == np.uint8
            assert (found[~valid] == IGNORE).all()
            assert (found[valid] == wanted[valid]).mean() > 0.999


def test_a_raw_scene_comes_out_on_the_80_m_grid(config, checkpoint):
    scene = make_scene(301, 402, kind='raw')
    charts = SceneInferencer(config, checkpoint(), 'cpu')(scene)
    assert charts['SIC'].shape == (150, 201)
    assert charts.attrs['pixel_spacing'] == 80
    assert charts['SIC'].attrs['units'] == 'tenths'
    flags = charts['SOD'].attrs
    assert len(flags['flag_values']) == len(flags['flag_meanings'].split())
    assert charts['latitude'].shape == scene['latitude'].shape


@pytest.mark.parametrize(
    'changes',
    [
        {'mean': [-14.0, -24.7, 34.0]},
        {'channels': ['HV', 'HH', 'incidence_angle']},
        {'spacings': [80.0]},
        {'clip': None},
        {'scaling': 'log'},
        {'fill': 1.0},
    ],
)
def test_another_preparation_is_refused(config, checkpoint, changes):
    with pytest.raises(ParityError, match=next(iter(changes))):
        SceneInferencer(config, checkpoint(**changes), 'cpu')


@pytest.mark.parametrize(
    ('entry', 'value'), [('mask', 'none'), ('release', 'Oct-2022')]
)
def test_a_scene_prepared_otherwise_is_refused(
    config, checkpoint, entry, value
):
    scene = make_scene(200, 215)
    own = scene.attrs[entry]
    infer = SceneInferencer(config, checkpoint(**{entry: value}), 'cpu')
    with pytest.raises(ParityError, match=f'trained with {value}') as caught:
        infer(scene)
    assert str(caught.value).startswith(scene.attrs['path'])
    # A model that has seen both takes either.
    infer = SceneInferencer(config, checkpoint(**{entry: [own, value]}), 'cpu')
    assert infer(scene)['SIC'].shape == scene['HH'].shape


def test_a_scene_without_chart_is_charted_with_a_warning(config, checkpoint):
    scene = make_scene(200, 215).assign_attrs(mask='land')
    with pytest.warns(UserWarning, match='Only land is blanked'):
        charts = SceneInferencer(config, checkpoint(), 'cpu')(scene)
    assert charts['SIC'].shape == (200, 215)


@pytest.mark.parametrize('entry', ['min_valid', 'mask', 'mean'])
def test_a_record_that_lacks_an_entry_is_refused(config, checkpoint, entry):
    path = checkpoint()
    content = torch.load(path, weights_only=True)
    del content['meta']['mmseaice'][entry]
    torch.save(content, path)
    with pytest.raises(ParityError, match=f'one without {entry}'):
        SceneInferencer(config, path, 'cpu')


def test_cells_are_resampled_as_in_training(config, checkpoint):
    scene, valid = make_scene(200, 215), []
    for share in (0.1, 0.95):
        infer = SceneInferencer(config, checkpoint(min_valid=share), 'cpu')
        steps = infer.pipeline.transforms
        steps.insert(0, lambda seen: valid.append(seen['valid']) or seen)
        infer(scene)
        wanted = resample_scene(scene, 200, min_valid=share)
        assert (valid[-1] == np.isfinite(wanted['HH'].values)).all()
    assert valid[0].sum() > valid[1].sum()


def test_config_may_be_written_in_other_ways(config, checkpoint):
    path, scene = checkpoint(), make_scene(200, 215)
    wanted = SceneInferencer(config, path, 'cpu')(scene)
    other = Config(config.to_dict())
    dataset = other.test_dataloader.dataset
    dataset.spacings = 200
    dataset.pipeline[0].type = 'mmseaice.LoadScene'
    assert SceneInferencer(other, path, 'cpu')(scene).equals(wanted)


def test_a_file_that_can_run_code_needs_trust(config, checkpoint):
    path = checkpoint()
    content = torch.load(path, weights_only=True)
    torch.save(content | {'odd': range(3)}, path)
    with pytest.raises(UnsafeCheckpointError):
        init_model(config, path, 'cpu')
    init_model(config, path, 'cpu', trust_checkpoint=True)


def test_a_scene_without_a_channel_is_named(config, checkpoint):
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    with pytest.raises(MissingChannelError, match='no HV'):
        infer(make_scene(200, 215).drop_vars('HV'))


def test_weights_of_another_model_are_refused(config, tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': {'weight': torch.zeros(1)}}, path)
    with pytest.raises(CheckpointError, match='MultiTaskSegmentor'):
        init_model(config, path, 'cpu')


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
    assert again.windows < infer.windows
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


def test_a_scene_without_valid_pixels_is_all_blank(config, checkpoint):
    scene = make_scene(200, 215)
    for name in ('HH', 'HV', 'incidence_angle'):
        scene[name] = scene[name] * np.nan
    charts = SceneInferencer(config, checkpoint(), 'cpu')(scene)
    assert (charts['status'] != 0).all()
    assert np.isnan(charts['SIC']).all()
    assert (charts['SOD'] == IGNORE).all()


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
