import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmseaice.datasets.transforms import (
    CropScene,
    LoadScene,
    NormaliseScene,
    PackPatch,
    PackScene,
)
from mmseaice.structures import SeaIceDataSample

NORMALISE = NormaliseScene({'HH': 0, 'HV': 0}, {'HH': 1, 'HV': 1}, clip=None)


def test_a_crop_for_training(fake_scene, results):
    scene = fake_scene((16, 16), blank=0.5)
    packed = PackScene()(NORMALISE(CropScene(16)(results(scene))))
    sample = packed['data_samples']
    assert packed['inputs'].shape == (2, 16, 16)
    assert packed['inputs'].dtype == torch.float32
    assert isinstance(sample, SeaIceDataSample)
    assert sample.tasks == ('SIC', 'SOD')
    valid = sample.get_valid()
    assert valid.dtype == torch.bool
    assert valid.float().mean() == 0.5
    labels = sample.get_gt('SOD')
    assert labels.dtype == torch.uint8
    assert ((labels == 255) == ~valid).all()
    assert (packed['inputs'][:, ~valid[0]] == 0).all()
    assert sample.window == (0, 0, 16, 16)
    assert sample.img_shape == sample.ori_shape == (16, 16)
    assert sample.channels == ('HH', 'HV')


def test_a_scene_for_testing_keeps_all_labels(fake_scene, results):
    scene = fake_scene((16, 16), blank=0.5)
    given = NORMALISE(LoadScene(80)(results(scene, spacing=160)))
    given['test_mode'] = True
    sample = PackScene()(given)['data_samples']
    assert sample.get_gt('SIC').shape == (1, 16, 16)
    assert (sample.get_gt('SIC') != 255).all()
    assert sample.get_valid().shape == (1, 8, 8)
    assert sample.ori_shape == (16, 16)
    assert sample.img_shape == (8, 8)


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('mask_labels', [False, True])
def test_masking_can_be_told(fake_scene, results, mask_labels, test_mode):
    scene = fake_scene((16, 16), blank=0.5)
    given = NORMALISE(LoadScene()(results(scene))) | {'test_mode': test_mode}
    sample = PackScene(mask_labels=mask_labels)(given)['data_samples']
    ignored = (sample.get_gt('SIC') == 255).float().mean()
    assert ignored == (0.5 if mask_labels else 0)


def test_labels_of_another_grid_cannot_be_masked(fake_scene, results):
    scene = fake_scene((16, 16))
    given = NORMALISE(LoadScene(80)(results(scene, spacing=160)))
    with pytest.raises(ValueError, match='test_mode=True'):
        PackScene()(given)


@pytest.mark.parametrize('pack', [PackScene(), PackPatch()])
def test_nan_is_never_packed(pack, fake_scene, results):
    given = CropScene(16)(results(fake_scene((16, 16), blank=0.5)))
    with pytest.raises(ValueError, match='NormaliseScene'):
        pack(given)


@pytest.mark.parametrize('label', [{}, {'gt_label': 2}])
def test_a_patch_for_classification(label):
    given = {
        'image': np.zeros((2, 8, 8), np.float32),
        'valid': np.ones((8, 8), bool),
        'patch_id': 7,
        'scene_id': '0',
    } | label
    packed = PackPatch()(given)
    sample = packed['data_samples']
    assert isinstance(sample, DataSample)
    assert sample.patch_id == 7
    assert sample.img_shape == (8, 8)
    assert packed['inputs'].shape == (2, 8, 8)
    if label:
        assert sample.gt_label.tolist() == [2]
    else:
        assert 'gt_label' not in sample
