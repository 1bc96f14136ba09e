import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from mmseaice.charts import polygon_shares
from mmseaice.models.losses import PolygonLoss
from mmseaice.structures import SeaIceDataSample

HEADER = 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'
HALF_YOUNG = '7;50;-9;83;03;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;I'
TASKS = ('FLOE', 'SIC', 'SOD')


def _sample(ids, rows, valid=None):
    sample = SeaIceDataSample(metainfo=dict(polygon_codes=[HEADER, *rows]))
    ids = torch.tensor(ids, dtype=torch.int32)
    sample.set_polygons(ids)
    if valid is not None:
        sample.set_valid(valid)
    return sample


def by_loops(logits, samples, tolerance, min_pixels, ice_only=False):
    """The loss, pixel by pixel and polygon by polygon."""
    total = 0.0
    for task in TASKS:
        top = bottom = 0.0
        for i, sample in enumerate(samples):
            table = polygon_shares(sample.get('polygon_codes'))
            ids, valid = sample.get_polygons()[0], sample.get_valid()[0]
            for number in set(ids.flatten().tolist()) - {0}:
                places = ((ids == number) & valid).nonzero().tolist()
                chart = table.get(number, {}).get(task)
                if chart is None or len(places) < min_pixels:
                    continue
                sums = [0.0] * len(chart)
                for y, x in places:
                    pixel = logits[task][i, :, y, x].double()
                    shares = pixel.softmax(0).tolist()
                    if task == 'SIC' and len(pixel) == 1:
                        shares = [pixel.item() / 10]
                    elif task == 'SIC':
                        shares = [
                            sum(k * p for k, p in enumerate(shares)) / 10
                        ]
                    sums = [a + b for a, b in zip(sums, shares, strict=True)]
                means = [s / len(places) for s in sums]
                if ice_only and task != 'SIC':
                    if chart[0] == 1:
                        continue
                    means = [m / sum(means[1:]) for m in means[1:]]
                    chart = [c / sum(chart[1:]) for c in chart[1:]]
                excess = [
                    max(abs(m - c) - tolerance, 0)
                    for m, c in zip(means, chart, strict=True)
                ]
                cost = sum(excess) if task == 'SIC' else sum(excess) / 2
                top += len(places) * cost
                bottom += len(places)
        total += top / bottom if bottom else 0.0
    return total


@pytest.mark.parametrize('sic_channels', [1, 11])
@pytest.mark.parametrize(('tolerance', 'least'), [(0.1, 1), (0, 19)])
@pytest.mark.parametrize('ice_only', [False, True])
@pytest.mark.parametrize('seed', range(3))
def test_equals_loops_over_polygons_and_pixels(
    make_logits, make_charted, sic_channels, tolerance, least, ice_only, seed
):
    logits = make_logits(sic_channels=sic_channels, seed=seed)
    samples = make_charted(seed=seed)
    # A table of another length in the second sample.
    rows = [HEADER, HALF_YOUNG, HALF_YOUNG.replace('7;50', '2;70')]
    samples[1].set_metainfo(dict(polygon_codes=rows))
    expected = by_loops(logits, samples, tolerance, least, ice_only)
    loss = PolygonLoss(
        tolerance=tolerance, min_pixels=least, ice_only=ice_only
    )
    assert expected > 0.1
    assert loss(logits, samples).item() == pytest.approx(expected, rel=1e-4)


def _two_classes(water, young):
    """Logits of a pixel that is water or young ice."""
    shares = torch.tensor([water, 0.0, young, 0.0, 0.0, 0.0])
    return shares.clamp_min(1e-30).log()


def test_by_hand():
    """Half young ice charted, three and one quarters of it predicted."""
    logits = torch.stack(
        [_two_classes(0.25, 0.75), _two_classes(0.25, 0.75)], dim=1
    )[None, :, None]
    concentration = torch.tensor([8.0, 9.0])[None, None, None]
    samples = [_sample([[7, 7]], [HALF_YOUNG])]
    loss = PolygonLoss(('SOD',), min_pixels=2)
    found = loss({'SOD': logits}, samples)
    assert found == pytest.approx(0.25 - 0.1)
    loss = PolygonLoss(('SIC',), min_pixels=2, loss_weight=2.0)
    found = loss({'SIC': concentration}, samples)
    assert found == pytest.approx(2 * (0.85 - 0.5 - 0.1))


def test_a_polygon_cares_for_shares_and_not_for_places():
    """Water and ice side by side fit a half as well as grey everywhere."""
    sides = torch.stack([_two_classes(1, 0), _two_classes(0, 1)], dim=1)
    grey = torch.stack([_two_classes(0.5, 0.5)] * 2, dim=1)
    samples = [_sample([[7, 7]], [HALF_YOUNG])]
    loss = PolygonLoss(('SOD',), tolerance=0, min_pixels=1)
    for logits in (sides, grey):
        found = loss({'SOD': logits[None, :, None]}, samples)
        assert found == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('concentration', [4.05, 5.0, 5.95])
def test_within_the_tolerance_it_is_flat(concentration):
    pred = torch.full((1, 1, 4, 4), concentration, requires_grad=True)
    samples = [_sample([[7] * 4] * 4, [HALF_YOUNG])]
    value = PolygonLoss(min_pixels=16)({'SIC': pred}, samples)
    value.backward()
    assert value == 0
    assert not pred.grad.any()


def test_outside_it_leads_back():
    pred = torch.full((1, 1, 4, 4), 9.0, requires_grad=True)
    samples = [_sample([[7] * 4] * 4, [HALF_YOUNG])]
    PolygonLoss(min_pixels=16)({'SIC': pred}, samples).backward()
    # One sixteenth of the mean, in tenths.
    torch.testing.assert_close(pred.grad, torch.full_like(pred, 1 / 160))


def test_order_inside_polygons_changes_nothing(make_logits, make_charted):
    logits, samples = make_logits(), make_charted()
    order = torch.randperm(16 * 16)

    def shuffle(part):
        return part.flatten(-2)[..., order].unflatten(-1, (16, 16))

    before = PolygonLoss(min_pixels=8)(logits, samples)
    for sample in samples:
        sample.set_polygons(shuffle(sample.get_polygons()))
        sample.set_valid(shuffle(sample.get_valid()))
    shuffled = {task: shuffle(part) for task, part in logits.items()}
    after = PolygonLoss(min_pixels=8)(shuffled, samples)
    assert torch.allclose(after, before)


def test_pixels_of_no_polygon_change_nothing(make_logits, make_charted):
    logits, samples = make_logits(), make_charted()
    before = PolygonLoss(min_pixels=8)(logits, samples)
    for sample in samples:
        sample.set_polygons(F.pad(sample.get_polygons(), (0, 4)))
        sample.set_valid(F.pad(sample.get_valid(), (0, 4), value=True))
    wider = {
        task: F.pad(part, (0, 4), value=9) for task, part in logits.items()
    }
    assert torch.allclose(PolygonLoss(min_pixels=8)(wider, samples), before)


def test_class_maps_do_not_enter(make_logits, make_charted):
    """Polygons teach where the class map has no label."""
    logits, samples = make_logits(), make_charted()
    before = PolygonLoss(min_pixels=8)(logits, samples)
    for sample in samples:
        for task in TASKS:
            sample.set_gt(task, torch.full((16, 16), 255))
    assert PolygonLoss(min_pixels=8)(logits, samples) == before


@pytest.mark.parametrize('nan', [False, True])
def test_slope_of_pixels_that_do_not_count_is_zero(
    make_logits, make_charted, nan
):
    logits, samples = make_logits(), make_charted()
    ids = torch.stack([sample.get_polygons() for sample in samples])
    valid = torch.stack([sample.get_valid() for sample in samples])
    # The rows of the table, less that of unknown total.
    total_known = valid & torch.isin(ids, torch.tensor([1, 2, 3, 6, 9]))
    counted = {
        'SIC': total_known,
        'SOD': total_known & (ids != 6),
        'FLOE': total_known & (ids != 9),  # fast ice
    }
    if nan:
        logits = {
            task: part.detach().masked_fill(~counted[task], torch.nan)
            for task, part in logits.items()
        }
    for part in logits.values():
        part.requires_grad_()
    PolygonLoss(tolerance=0, min_pixels=1)(logits, samples).backward()
    for task, part in logits.items():
        slope = part.grad.abs().sum(dim=1, keepdim=True)
        assert torch.equal(slope > 0, counted[task]), task


def test_small_corners_are_skipped(make_logits, make_charted):
    logits, samples = make_logits(), make_charted()
    loss = PolygonLoss(min_pixels=16 * 16)
    value = loss(logits, samples)
    value.backward()
    assert value == 0
    assert not any(part.grad.any() for part in logits.values())


def test_a_sample_without_validity_is_valid():
    pred = torch.full((1, 1, 2, 2), 9.0)
    samples = [_sample([[7] * 2] * 2, [HALF_YOUNG])]
    found = PolygonLoss(min_pixels=4)({'SIC': pred}, samples)
    assert math.isclose(found, 0.3, rel_tol=1e-5)


def test_samples_without_polygons_are_refused(make_logits):
    with pytest.raises(ValueError, match='polygons=True'):
        PolygonLoss()(make_logits(), [SeaIceDataSample()] * 2)


def test_without_a_head_there_is_nothing_to_do(make_logits, make_charted):
    logits = {'SIC': make_logits()['SIC']}
    with pytest.raises(ValueError, match='head for SOD'):
        PolygonLoss(('SOD',))(logits, make_charted())


@pytest.mark.parametrize(
    ('kwargs', 'said'),
    [
        (dict(tolerance=1.0), 'tolerance must be'),
        (dict(min_pixels=0), 'min_pixels must be'),
        (dict(tasks=('ICE',)), 'task must be one of'),
    ],
)
def test_wrong_arguments_are_named(kwargs, said):
    with pytest.raises(ValueError, match=said):
        PolygonLoss(**kwargs)
