"""A stack gives back the samples it was made of."""

import torch

from mmseaice.structures import SampleStack


def test_samples_share_the_memory_of_the_stack():
    labels = torch.arange(3 * 16, dtype=torch.uint8).reshape(3, 1, 4, 4)
    metas = [{'scene_id': name, 'spacing': 80} for name in 'abc']
    stack = SampleStack.of({'gt_SIC': labels}, metas)
    samples = stack.samples()
    assert [sample.scene_id for sample in samples] == ['a', 'b', 'c']
    assert samples[1].tasks == ('SIC',)
    torch.testing.assert_close(samples[1].get_gt('SIC'), labels[1])
    labels[2] = 7
    assert (samples[2].get_gt('SIC') == 7).all()


def test_a_stack_moves_and_counts():
    stack = SampleStack.of({'valid': torch.ones(2, 1, 4, 4)}, [{}, {}])
    assert len(stack) == 2
    moved = stack.to(torch.float64)
    assert moved.samples()[0].get_valid().dtype == torch.float64
