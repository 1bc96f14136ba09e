from itertools import permutations

import pytest
import torch

from mmseaice.models.losses import WaterConsistencyLoss
from mmseaice.structures import SeaIceDataSample

TASKS = ('SIC', 'SOD', 'FLOE')


def _pixel(concentration, stage_is_water, form_is_water):
    """Logits of one pixel from what each task thinks."""

    def classes(water, number):
        rest = torch.full((number - 1,), (1 - water) / (number - 1))
        shares = torch.cat([torch.tensor([water]), rest]).clamp_min(1e-30)
        return shares.log().view(1, number, 1, 1)

    return {
        'SIC': torch.full((1, 1, 1, 1), float(concentration)),
        'SOD': classes(stage_is_water, 6),
        'FLOE': classes(form_is_water, 7),
    }


def _unlabelled(size=1):
    sample = SeaIceDataSample()
    for task in TASKS:
        sample.set_gt(task, torch.full((size, size), 255))
    return [sample]


@pytest.mark.parametrize(
    ('pixel', 'expected'),
    [
        ((0, 1.0, 1.0), 0),
        ((10, 0.0, 0.0), 0),
        ((1, 0.0, 0.0), 0),
        ((-3, 1.0, 1.0), 0),
        ((0.25, 0.75, 0.75), 0),
        ((0, 0.5, 1.0), (0.25 + 0 + 0.25) / 3),
        ((10, 1.0, 0.0), 2 / 3),
    ],
)
def test_by_hand(pixel, expected):
    loss = WaterConsistencyLoss(unlabelled=True)
    found = loss(_pixel(*pixel), _unlabelled())
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('sic_channels', [1, 11])
@pytest.mark.parametrize('unlabelled', [False, True])
def test_equals_loops_over_pixels_and_pairs(
    make_logits, make_charted, sic_channels, unlabelled
):
    logits, samples = make_logits(sic_channels=sic_channels), make_charted()
    found = []
    for i, sample in enumerate(samples):
        labels = [sample.get_gt(task)[0] for task in TASKS]
        for y, x in sample.get_valid()[0].nonzero().tolist():
            if not unlabelled and any(gt[y, x] == 255 for gt in labels):
                continue
            water = []
            for task in TASKS:
                pixel = logits[task][i, :, y, x].double()
                if len(pixel) == 1:
                    water.append(min(max(1 - pixel.item() / 2, 0), 1))
                else:
                    water.append(pixel.softmax(0)[0].item())
            pairs = [(0, 1), (0, 2), (1, 2)]
            found.append(sum((water[a] - water[b]) ** 2 for a, b in pairs) / 3)
    loss = WaterConsistencyLoss(unlabelled=unlabelled, ice_from=2.0)
    expected = sum(found) / len(found)
    assert loss(logits, samples).item() == pytest.approx(expected, rel=1e-5)


def test_every_order_of_tasks_is_the_same(make_logits, make_charted):
    logits, samples = make_logits(), make_charted()
    found = {
        WaterConsistencyLoss(order)(
            {task: logits[task] for task in reversed(order)}, samples
        ).item()
        for order in permutations(TASKS)
    }
    assert len(found) == 1


def test_only_counted_pixels_change_it_or_have_a_slope(
    make_logits, make_charted
):
    logits, samples = make_logits(), make_charted()
    value = WaterConsistencyLoss()(logits, samples)
    value.backward()
    counted = torch.stack(
        [
            sample.get_valid()
            & torch.stack([sample.get_gt(t) != 255 for t in TASKS]).all(0)
            for sample in samples
        ]
    )
    dirty = {
        task: part.detach().masked_fill(~counted, torch.nan)
        for task, part in logits.items()
    }
    assert WaterConsistencyLoss()(dirty, samples) == value
    for part in logits.values():
        assert not part.grad.masked_fill(counted, 0).any()
        assert part.grad.any()


def test_nothing_counted_is_zero_with_a_graph(make_logits):
    logits = make_logits(count=1)
    value = WaterConsistencyLoss()(logits, _unlabelled(16))
    value.backward()
    assert value == 0
    assert not any(part.grad.any() for part in logits.values())


def test_a_dropped_head_is_passed_over(make_logits, make_charted):
    logits, samples = make_logits(), make_charted()
    del logits['FLOE']
    two = WaterConsistencyLoss(('SIC', 'SOD'))(logits, samples)
    for sample in samples:
        del sample.gt_FLOE
    assert WaterConsistencyLoss()(logits, samples) == two


def test_one_head_cannot_be_compared(make_logits, make_charted):
    logits = {'SOD': make_logits()['SOD']}
    with pytest.raises(ValueError, match='two or more of FLOE, SIC, SOD'):
        WaterConsistencyLoss()(logits, make_charted())


@pytest.mark.parametrize(
    ('kwargs', 'said'),
    [
        (dict(ice_from=0), 'ice_from must be'),
        (dict(tasks=('SIC', 'ICE')), 'task must be one of'),
    ],
)
def test_wrong_arguments_are_named(kwargs, said):
    with pytest.raises(ValueError, match=said):
        WaterConsistencyLoss(**kwargs)
