"""Losses that are no plain mean of pixels, on two ranks as on one."""

import torch
import torch.distributed as dist
from mmengine.structures import PixelData

from mmseaice.models.losses import (
    OrdinalLoss,
    PolygonLoss,
    ValidDiceLoss,
    ValidFocalLoss,
    WaterConsistencyLoss,
    sum_over_ranks,
)
from mmseaice.structures import SeaIceDataSample

OF_HEADS = (ValidFocalLoss(), ValidDiceLoss(), OrdinalLoss())
ACROSS = (WaterConsistencyLoss(), PolygonLoss(min_pixels=8))


def _losses(logits, samples):
    """Each loss by name."""
    labels = torch.cat([sample.get_gt('SOD') for sample in samples])
    found = {loss.loss_name: loss(logits['SOD'], labels) for loss in OF_HEADS}
    found |= {loss.loss_name: loss(logits, samples) for loss in ACROSS}
    return found


def _slopes(value, logits):
    parts = list(logits.values())
    slopes = torch.autograd.grad(value, parts, allow_unused=True)
    return [
        torch.zeros_like(part) if slope is None else slope
        for slope, part in zip(slopes, parts, strict=True)
    ]


def half(rank, inputs):
    """Losses of one of two samples, and their slopes, averaged over ranks."""
    logits, maps, codes = inputs
    logits = {task: part.requires_grad_() for task, part in logits.items()}
    sample = SeaIceDataSample(metainfo=dict(polygon_codes=codes))
    for key, values in maps[rank].items():
        sample.set_data({key: PixelData(data=values)})
    found = {}
    for name, value in _losses(
        {task: part[rank, None] for task, part in logits.items()},
        [sample],
    ).items():
        averages = [value.detach() / 2]
        averages += [slope / 2 for slope in _slopes(value, logits)]
        for average in averages:
            dist.all_reduce(average)
        found[name] = averages
    return found


def test_two_ranks_with_unequal_samples_equal_one(
    make_logits, make_charted, two_ranks
):
    logits, samples = make_logits(), make_charted()
    # Unequal numbers of labels, classes and polygons.
    samples[0].get_gt('SOD')[:, :9] = 255
    samples[0].get_gt('SOD')[samples[0].get_gt('SOD') == 4] = 255
    samples[1].get_polygons()[:, 9:] = 0
    inputs = (
        {task: part.detach() for task, part in logits.items()},
        [{key: maps.data for key, maps in s.items()} for s in samples],
        samples[0].polygon_codes,
    )
    for shared in two_ranks(__file__, 'half', inputs):
        for name, value in _losses(logits, samples).items():
            expected = [value.detach(), *_slopes(value, logits)]
            for one, other in zip(shared[name], expected, strict=True):
                assert torch.allclose(one, other, atol=1e-7), name
            assert any(part.any() for part in expected[1:])


def test_alone_a_sum_is_itself_with_its_slope():
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    total = sum_over_ranks(values)
    total.square().sum().backward()
    assert torch.equal(total, values)
    assert values.grad.tolist() == [2, 4]
