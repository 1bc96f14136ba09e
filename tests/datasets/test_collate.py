"""Batches are the samples, stacked, in a worker as well as without."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from mmseaice.datasets import shared_batches, stack_collate
from mmseaice.models.data_preprocessors import SeaIceDataPreprocessor
from mmseaice.structures import SampleStack, SeaIceDataSample


class Numbered(Dataset):
    """Sample ``n`` holds the number ``n`` everywhere.

    Args:
        count: Number of samples.
        odd: Sizes of images with an odd number.
        tasks: Tasks with labels.
    """

    def __init__(self, count=40, odd=8, tasks=('SIC', 'SOD')):
        self.count, self.odd, self.tasks = count, odd, tasks

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        size = self.odd if number % 2 else 8
        sample = SeaIceDataSample(metainfo={'scene_id': f'scene {number}'})
        sample.set_valid(torch.full((size, size), number % 3 > 0))
        for task in self.tasks:
            labels = np.full((size, size), number % 250, np.uint8)
            sample.set_gt(task, torch.from_numpy(labels))
        image = torch.full((2, size, size), float(number))
        return {'inputs': image, 'data_samples': sample}


def load(data, workers, collate=stack_collate, **options):
    return DataLoader(
        data, 4, num_workers=workers, collate_fn=collate, **options
    )


def contents(batch):
    """Everything in a batch, as numbers."""
    batch = SeaIceDataPreprocessor(size_divisor=16)(batch, training=True)
    samples = [
        (
            sample.metainfo,
            {key: maps.data.tolist() for key, maps in sample.items()},
        )
        for sample in batch['data_samples']
    ]
    return batch['inputs'].tolist(), samples


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize(('odd', 'tasks'), [(8, ('SIC',)), (8, ()), (6, ())])
def test_nothing_is_lost_or_mixed_up(workers, odd, tasks):
    data = Numbered(odd=odd, tasks=tasks)
    plain = [contents(b) for b in load(data, 0, pseudo_collate)]
    stacked = [contents(b) for b in load(data, workers)]
    assert stacked == plain


@pytest.mark.parametrize('workers', [0, 1])
def test_a_batch_is_a_few_tensors(workers):
    batch = next(iter(load(Numbered(), workers)))
    assert batch['inputs'].shape == (4, 2, 8, 8)
    stack = batch['data_samples']
    assert isinstance(stack, SampleStack)
    assert len(stack) == 4
    assert stack.gt_SIC.shape == (4, 1, 8, 8)
    assert stack.gt_SIC.dtype == torch.uint8
    assert stack.valid.dtype == torch.bool
    names = [sample.scene_id for sample in stack.samples()]
    assert names == [f'scene {number}' for number in range(4)]


def test_a_batch_that_is_kept_is_not_overwritten():
    batches = list(load(Numbered(200), 2))
    found = [batch['inputs'][:, 0, 0, 0].tolist() for batch in batches]
    assert found == [list(range(n, n + 4)) for n in range(0, 200, 4)]
    # A single view is enough to keep a buffer.
    views = [
        batch['data_samples'].samples()[0].get_gt('SOD')
        for batch in load(Numbered(200), 2)
    ]
    assert [int(v.max()) for v in views] == list(range(0, 200, 4))


def test_buffers_are_used_again():
    before = len(shared_batches._mapped)
    loader = load(Numbered(400), 1)
    places = set()
    for batch in loader:
        places.add(batch['inputs'].data_ptr())
        del batch
    # Two wait, one is being filled, one is here, one may be on its way.
    assert len(places) <= 6
    assert len(shared_batches._mapped) - before <= 6


def test_memory_of_ended_workers_is_given_back():
    for _ in range(3):
        for _ in load(Numbered(40), 2):
            pass
    gc.collect()
    next(iter(load(Numbered(4), 1)))
    alive = {key[0] for key in shared_batches._mapped}
    assert len(alive) <= 2


def test_persistent_workers_go_on_with_their_buffers():
    loader = load(Numbered(), 2, persistent_workers=True)
    first = [contents(batch) for batch in loader]
    for _ in range(3):
        next(iter(loader))
    assert [contents(batch) for batch in loader] == first


def test_other_samples_stay_a_list():
    samples = [
        {'inputs': torch.zeros(2, 4, 4), 'data_samples': number, 'other': 'x'}
        for number in range(3)
    ]
    batch = stack_collate(samples)
    assert batch['inputs'].shape == (3, 2, 4, 4)
    assert batch['data_samples'] == [0, 1, 2]
    assert batch['other'] == ['x'] * 3


def test_samples_with_different_labels_stay_a_list():
    samples = [Numbered(tasks=('SIC',))[0], Numbered(tasks=('SOD',))[0]]
    batch = stack_collate(samples)
    assert [sample.tasks for sample in batch['data_samples']] == [
        ('SIC',),
        ('SOD',),
    ]
