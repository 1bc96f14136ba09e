import copy

import pytest
import torch
from mmseg.structures import SegDataSample

from mmseaice.structures import SeaIceDataSample


@pytest.fixture
def sample() -> SeaIceDataSample:
    sample = SeaIceDataSample(metainfo={'img_shape': (4, 6), 'scene_id': 'a'})
    sample.set_gt('FLOE', torch.full((4, 6), 3))
    sample.set_gt('SIC', torch.full((1, 4, 6), 10))
    sample.set_valid(torch.ones(4, 6, dtype=torch.bool))
    return sample


def test_maps_are_always_channels_first(sample):
    assert sample.get_gt('FLOE').shape == (1, 4, 6)
    assert sample.get_valid().shape == (1, 4, 6)
    with pytest.raises(ValueError, match='gt_SOD must be'):
        sample.set_gt('SOD', torch.zeros(1, 1, 4, 6))


def test_tasks_come_in_the_order_of_the_table(sample):
    assert sample.tasks == ('SIC', 'FLOE')
    sample.set_pred('SOD', torch.zeros(4, 6))
    sample.set_logits('zzz', torch.zeros(2, 4, 6))
    assert sample.tasks == ('SIC', 'SOD', 'FLOE')


def test_a_missing_map_says_what_there_is(sample):
    with pytest.raises(KeyError, match=r"no 'pred_SIC'.*gt_FLOE, gt_SIC"):
        sample.get_pred('SIC')


def test_view_is_what_a_plain_head_takes(sample):
    view = sample.view('SIC')
    assert isinstance(view, SegDataSample)
    assert view.gt_sem_seg.data is sample.get_gt('SIC')
    assert view.metainfo == sample.metainfo
    assert 'gt_sem_seg' not in sample.view('SOD')


def test_maps_may_lie_on_different_grids(sample):
    sample.set_gt('SOD', torch.zeros(8, 12, dtype=torch.long))
    assert sample.get_gt('SOD').shape == (1, 8, 12)
    assert sample.get_valid().shape == (1, 4, 6)


@pytest.mark.parametrize(
    'travel',
    [
        lambda s: s.to('cpu'),
        lambda s: s.cpu(),
        lambda s: s.detach(),
        lambda s: s.clone(),
        copy.deepcopy,
    ],
)
def test_survives_copies_and_moves(sample, travel):
    other = travel(sample)
    assert isinstance(other, SeaIceDataSample)
    assert other.tasks == sample.tasks
    assert other.metainfo == sample.metainfo
    assert torch.equal(other.get_gt('SIC'), sample.get_gt('SIC'))


def test_replacing_a_map_in_a_copy_leaves_the_original(sample):
    moved = sample.to('cpu')
    moved.set_gt('SIC', torch.zeros(9, 9, dtype=torch.long))
    assert sample.get_gt('SIC').shape == (1, 4, 6)
