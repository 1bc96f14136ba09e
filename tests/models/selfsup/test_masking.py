import pytest
import torch
from scipy import ndimage

from mmseaice.registry import MODELS

GRID = (8, 6)
CPU = torch.device('cpu')
KINDS = [
    'RandomMasking',
    'BlockMasking',
    'RegionMasking',
    'PolarisationMasking',
]


def _build(kind, grid=GRID, **kwargs):
    return MODELS.build(dict(type=kind, grid=grid, in_channels=2, **kwargs))


def _hidden(order, keep, grid=GRID):
    """Bool (N, rows, columns), True where hidden."""
    hidden = torch.ones_like(order, dtype=torch.bool)
    hidden.scatter_(1, order[:, :keep], False)
    return hidden.view(-1, *grid)


def _pieces(mask):
    """Number of parts that touch by their sides."""
    return ndimage.label(mask.numpy())[1]


@pytest.mark.parametrize('kind', KINDS)
def test_each_patch_is_ranked_once_and_the_seed_decides(kind):
    masking = _build(kind)
    orders = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        orders.append(masking(5, CPU))
    assert torch.equal(orders[0].sort().values[0], torch.arange(48))
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    assert not torch.equal(orders[0][0], orders[0][1])


@pytest.mark.parametrize('kind', KINDS)
def test_each_patch_is_hidden_now_and_then(kind):
    hidden = _hidden(_build(kind)(400, CPU), 24).float().mean(0)
    assert hidden.min() > 0.05
    assert hidden.max() < 0.95


def test_random_hides_every_patch_equally_often():
    hidden = _hidden(_build('RandomMasking')(2000, CPU), 12).float().mean(0)
    assert (hidden - 0.75).abs().max() < 0.06


def test_blocks_are_full_rectangles_of_the_size_and_shape_asked_for():
    masking = _build('BlockMasking', (12, 12), area=(0.1, 0.2), aspect=0.5)
    blocks = masking.blocks(20, CPU).view(-1, 12, 12)
    for block in blocks:
        height = int(block.any(1).sum())
        width = int(block.any(0).sum())
        assert block.sum() == height * width
        assert _pieces(block) == 1
        # Sides are whole numbers, so half a patch is lost or won.
        assert (height - 0.5) * (width - 0.5) <= 0.2 * 144
        assert (height + 0.5) * (width + 0.5) >= 0.1 * 144
        assert (height + 0.5) / (width - 0.5) >= 0.5
        assert (height - 0.5) / (width + 0.5) <= 2


def test_hidden_patches_are_blocks_in_the_order_drawn():
    masking = _build('BlockMasking', (12, 12), area=(0.1, 0.2))
    torch.manual_seed(4)
    blocks = masking.blocks(20, CPU).view(20, -1, 12, 12)
    torch.manual_seed(4)
    hidden = _hidden(masking(20, CPU), 72, (12, 12))
    assert (hidden.sum((1, 2)) == 72).all()
    for mask, own in zip(hidden, blocks, strict=True):
        union = torch.zeros(12, 12, dtype=torch.bool)
        for block in own:
            grown = union | block
            if grown.sum() > 72:
                break
            union = grown
        assert mask[union].all()
        last = mask & ~union
        assert not (last & ~block).any()
        # From the top row on: nothing free of the block above it.
        lowest = last.any(1).nonzero().max() if last.any() else 0
        assert mask[:lowest][block[:lowest]].all()


@pytest.mark.parametrize('keep', [1, 12, 30, 47])
def test_a_region_is_one_piece_of_any_size(keep):
    hidden = _hidden(_build('RegionMasking')(50, CPU), keep)
    assert (hidden.sum((1, 2)) == 48 - keep).all()
    assert all(_pieces(mask) == 1 for mask in hidden)


def test_random_patches_are_many_pieces():
    hidden = _hidden(_build('RandomMasking')(50, CPU), 24)
    assert sum(_pieces(mask) for mask in hidden) > 2 * 50


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('known', [12, 30, 48])
def test_invalid_patches_are_not_shown_if_avoidable(kind, known):
    masking = _build(kind, avoid_invalid=True)
    seen = _hidden(_build('RandomMasking')(50, CPU), 48 - known).flatten(1)
    order = masking(50, CPU, seen)
    assert seen.gather(1, order[:, :12]).all()


@pytest.mark.parametrize('kind', KINDS)
def test_with_too_few_valid_patches_all_of_them_are_shown(kind):
    masking = _build(kind, avoid_invalid=True)
    seen = _hidden(_build('RandomMasking')(50, CPU), 43).flatten(1)
    order = masking(50, CPU, seen)
    assert (seen.gather(1, order[:, :12]).sum(1) == 5).all()


@pytest.mark.parametrize('kind', KINDS)
def test_by_default_validity_changes_nothing(kind):
    masking = _build(kind)
    orders = []
    for seen in (None, torch.zeros(5, 48, dtype=torch.bool)):
        torch.manual_seed(1)
        orders.append(masking(5, CPU, seen))
    assert torch.equal(*orders)


@pytest.mark.parametrize(
    ('share', 'num', 'wanted'),
    [
        (0.0, 8, {0}),
        (0.25, 8, {2}),
        (1.0, 8, {8}),
        (0.29, 100, {29}),
        (0.3, 5, {1, 2}),
        (0.5, 1, {0, 1}),
    ],
)
def test_the_share_of_images_that_lose_a_polarisation(share, num, wanted):
    masking = _build('PolarisationMasking', share=share, fill=7.0)
    images = torch.randn(num, 2, 8, 8)
    counts = set()
    for _ in range(30):
        given, lost = masking.hide_channels(images)
        counts.add(int(lost.any(1).sum()))
        assert not lost.all(1).any()
        everywhere = lost[..., None, None].expand_as(images)
        assert (given[everywhere] == 7).all()
        assert torch.equal(given[~everywhere], images[~everywhere])
    assert counts == wanted


def test_only_the_named_channels_are_lost():
    masking = _build('PolarisationMasking', share=1.0, channels=[1])
    _, lost = masking.hide_channels(torch.randn(9, 2, 8, 8))
    assert torch.equal(lost, torch.tensor([[False, True]]).expand(9, 2))
    drawn = _build('PolarisationMasking', share=1.0)
    _, lost = drawn.hide_channels(torch.randn(90, 2, 8, 8))
    assert 20 < lost[:, 0].sum() < 70


def test_patches_can_be_masked_in_another_way_besides():
    masking = _build('PolarisationMasking', patches=dict(type='RegionMasking'))
    hidden = _hidden(masking(20, CPU), 24)
    assert all(_pieces(mask) == 1 for mask in hidden)


def test_only_a_learned_fill_is_saved():
    assert not _build('PolarisationMasking').state_dict()
    saved = _build('PolarisationMasking', learned=True).state_dict()
    assert list(saved) == ['fill']


@pytest.mark.parametrize(
    ('kind', 'change', 'message'),
    [
        ('BlockMasking', dict(area=(0.3, 0.1)), 'area must be'),
        ('BlockMasking', dict(area=(0, 0.1)), 'area must be'),
        ('BlockMasking', dict(aspect=3), 'aspect must be'),
        ('PolarisationMasking', dict(share=2), 'share must be'),
        ('PolarisationMasking', dict(channels=[2]), 'channels must be'),
        ('PolarisationMasking', dict(channels=[]), 'channels must be'),
    ],
)
def test_arguments_without_sense_are_refused(kind, change, message):
    with pytest.raises(ValueError, match=message):
        _build(kind, **change)
