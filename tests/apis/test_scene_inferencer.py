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
    UnsafeCheckpointError,
)
from mmseaice.scenes import (
    refine_field,
    resample_scene,
)
from mmseaice.testing import make_scene

MEAN = dict(HH=-14.508255, HV=-24.701205, incidence_angle=33.998018)
STD = dict(HH=5.659746, HV=4.746759, incidence_angle=8.322267)


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


def test_the_warning_is_true_where_nothing_is_blanked(config, checkpoint):
    scene = make_scene(200, 215).assign_attrs(mask='none')
    infer = SceneInferencer(config, checkpoint(), 'cpu')
    with pytest.warns(UserWarning, match='Nothing is blanked .*land and lak'):
        infer.open(scene, land_mask='none')


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
