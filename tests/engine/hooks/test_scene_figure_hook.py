from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement

from mmseaice import visualization
from mmseaice.engine.hooks import SceneFigureHook, ValidationFigureHook
from mmseaice.structures import SeaIceDataSample

PARITY = {'channels': ['HV', 'HH'], 'mean': [-25, -15], 'std': [5, 6]}


def runner(folder):
    dataset = SimpleNamespace(metainfo={'parity': PARITY})
    return SimpleNamespace(
        log_dir=str(folder),
        iter=1000,
        test_dataloader=SimpleNamespace(dataset=dataset),
        val_dataloader=SimpleNamespace(dataset=dataset),
    )


def mapped_scene(name='a'):
    """SAR 4 x 4, invalid on the left half; charts on a grid twice as fine."""
    valid = torch.zeros(4, 4, dtype=torch.bool)
    valid[:, 2:] = True
    meta = {'scene_id': name, 'spacing': 160}
    before = SeaIceDataSample(metainfo=meta)
    before.set_valid(valid)
    after = SeaIceDataSample(metainfo=meta)
    truth = torch.full((8, 8), 255)
    truth[:, 3:] = 2
    after.set_gt('SOD', truth)
    after.set_pred('SOD', torch.full((8, 8), 3))
    after.set_pred('SIC', torch.full((8, 8), 4.4))
    image = torch.stack([torch.ones(4, 4), -torch.ones(4, 4)])
    return {'inputs': [image], 'data_samples': [before]}, [after]


def test_what_is_drawn(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(
        visualization,
        'draw_scene_figure',
        lambda *args, **kwargs: calls.append((args, kwargs)),
    )
    hook = SceneFigureHook()
    hook.after_test_iter(runner(tmp_path), 0, *mapped_scene())
    ((hh, hv, truth, prediction, out), options) = calls[0]
    assert np.isnan(hh[:, :2]).all()
    # Channel order of the data, not of the figure: HV first.
    assert (hh[:, 2:] == -15 - 6).all()
    assert (hv[:, 2:] == -25 + 5).all()
    assert list(truth) == ['SOD']
    # Shown where the SAR is valid or the chart has a label.
    assert (prediction['SOD'] == 3)[:, 3:].all()
    assert (prediction['SOD'] == 255)[:, :3].all()
    assert (prediction['SIC'] == 255)[:, :4].all()
    np.testing.assert_allclose(prediction['SIC'][:, 4:], 4.4, rtol=1e-6)
    assert out == tmp_path / 'figures' / 'a.png'
    assert options == {'title': 'a', 'spacing': 160}


@pytest.mark.parametrize(('limit', 'count'), [(None, 3), (2, 2), (0, 0)])
def test_number_of_figures(tmp_path, limit, count):
    hook = SceneFigureHook(str(tmp_path / 'out'), max_scenes=limit)
    for _ in range(2):
        hook.before_test(runner(tmp_path))
        for index, name in enumerate('abc'):
            scene = mapped_scene(name)
            hook.after_test_iter(runner(tmp_path), index, *scene)
        assert len(list(tmp_path.glob('out/*.png'))) == count


def test_validation_sends_its_first_scenes_to_the_log(tmp_path):
    sent = []
    run = runner(tmp_path)
    run.visualizer = SimpleNamespace(
        add_image=lambda name, image, step: sent.append((name, image, step))
    )
    hook = ValidationFigureHook(max_scenes=2)
    for _ in range(2):
        hook.before_val_epoch(run)
        for index, name in enumerate('abc'):
            hook.after_val_iter(run, index, *mapped_scene(name))
    assert [(name, step) for name, _, step in sent] == [
        ('a', 1000),
        ('b', 1000),
    ] * 2
    assert sent[0][1].ndim == 3
    assert sent[0][1].std() > 0
    assert not list(tmp_path.iterdir())


def test_validation_of_patch_classes_has_no_figures(tmp_path):
    batch, _ = mapped_scene()
    ValidationFigureHook().after_val_iter(
        runner(tmp_path), 0, batch, [BaseDataElement()]
    )
