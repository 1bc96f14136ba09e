import pytest
import torch
from mmpretrain.structures import DataSample

from mmseaice.models.data_preprocessors import SeaIceDataPreprocessor
from mmseaice.structures import SeaIceDataSample


def make_sample(height: int, width: int, labels=None) -> SeaIceDataSample:
    sample = SeaIceDataSample(metainfo={'img_shape': (height, width)})
    shape = labels or (height, width)
    for task in ('SIC', 'FLOE'):
        sample.set_gt(task, torch.ones(shape, dtype=torch.long))
    sample.set_valid(torch.ones(height, width, dtype=torch.bool))
    return sample


def make_batch(*sizes: tuple[int, int]) -> dict:
    return {
        'inputs': [torch.ones(3, *size) for size in sizes],
        'data_samples': [make_sample(*size) for size in sizes],
    }


def test_mixed_sizes_are_padded_to_one_batch():
    data = make_batch((5, 8), (7, 4))
    batch = SeaIceDataPreprocessor(size_divisor=4)(data, training=True)
    assert batch['inputs'].shape == (2, 3, 8, 8)
    for image, sample in zip(
        batch['inputs'], batch['data_samples'], strict=True
    ):
        height, width = sample.img_shape
        inside = torch.zeros(1, 8, 8, dtype=torch.bool)
        inside[:, :height, :width] = True
        assert torch.equal(image, inside.float().expand(3, 8, 8))
        assert torch.equal(sample.get_valid(), inside)
        for task in ('SIC', 'FLOE'):
            labels = sample.get_gt(task)
            assert labels.dtype == torch.int64
            assert (labels[inside] == 1).all()
            assert (labels[~inside] == 255).all()
        assert sample.pad_shape == (8, 8)


def test_labels_stay_on_their_grid_in_testing():
    data = make_batch((5, 8))
    data['data_samples'] = [make_sample(5, 8, labels=(15, 24))]
    batch = SeaIceDataPreprocessor(size_divisor=16)(data, training=False)
    (sample,) = batch['data_samples']
    assert sample.get_gt('SIC').shape == (1, 15, 24)
    assert sample.get_valid().shape == (1, 16, 16)
    assert batch['inputs'].shape == (1, 3, 16, 16)


def test_the_loaders_samples_are_left_alone():
    data = make_batch((5, 8))
    SeaIceDataPreprocessor(size_divisor=16)(data, training=True)
    assert data['data_samples'][0].get_gt('SIC').shape == (1, 5, 8)
    assert 'pad_shape' not in data['data_samples'][0]
    assert isinstance(data['inputs'], list)


def test_equal_sizes_change_nothing():
    data = make_batch((4, 4), (4, 4))
    batch = SeaIceDataPreprocessor(size_divisor=4)(data, training=True)
    assert torch.equal(batch['inputs'], torch.stack(data['inputs']))


def test_other_samples_and_keys_pass():
    data = {
        'inputs': torch.rand(2, 2, 4, 4),
        'data_samples': [DataSample().set_gt_label(1) for _ in range(2)],
        'weight': torch.tensor([1.0, 2.0]),
    }
    batch = SeaIceDataPreprocessor()(data)
    assert torch.equal(batch['inputs'], data['inputs'])
    assert batch['data_samples'][0].gt_label.item() == 1
    assert torch.equal(batch['weight'], data['weight'])


@pytest.mark.parametrize('extra', [{}, {'data_samples': None}])
def test_images_alone_are_enough(extra):
    batch = SeaIceDataPreprocessor()({'inputs': [torch.ones(1, 2, 3)]} | extra)
    assert batch['inputs'].shape == (1, 1, 2, 3)


def test_a_divisor_of_zero_is_refused():
    with pytest.raises(ValueError, match='size_divisor must be'):
        SeaIceDataPreprocessor(size_divisor=0)
