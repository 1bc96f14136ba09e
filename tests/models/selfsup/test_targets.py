import numpy as np
import pytest
import torch

from mmseaice.registry import MODELS

SIDE = 14
DECIBELS = (4.0, 0.0)


@pytest.fixture
def batch():
    """Images with gaps, 0 where invalid, and where they are valid."""
    valid = torch.rand(2, 1, SIDE, SIDE) > 0.25
    valid[0, 0, :5, :5] = False
    images = torch.randn(2, 2, SIDE, SIDE).masked_fill(~valid, 0)
    return images, valid


def _window(image, valid, y, x, reach, decibels):
    """Mean of the valid pixels, with loops; None if less than a half is."""
    top, bottom, left, right = reach
    values = []
    for row in range(y - top, y + bottom + 1):
        for column in range(x - left, x + right + 1):
            inside = 0 <= row < SIDE and 0 <= column < SIDE
            if inside and valid[row, column]:
                values.append(image[row, column])
    area = (top + bottom + 1) * (left + right + 1)
    if len(values) < area / 2:
        return None
    values = np.array(values, np.float64)
    return 10 ** (values * decibels / 10) if decibels else values


def _level(power, decibels):
    return 10 * np.log10(power) / decibels if decibels else power


def _gradient(image, valid, y, x, r, decibels):
    """Magnitude at one pixel, NaN where it does not count."""
    levels = []
    for reach in ((r, r, r, 0), (r, r, 0, r), (r, 0, r, r), (0, r, r, r)):
        values = _window(image, valid, y, x, reach, decibels)
        if values is None or not valid[y, x]:
            return np.nan
        levels.append(_level(values.mean(), decibels))
    return np.hypot(levels[1] - levels[0], levels[3] - levels[2])


def _despeckled(image, valid, y, x, decibels, looks):
    values = _window(image, valid, y, x, (1, 1, 1, 1), decibels)
    if values is None or not valid[y, x]:
        return np.nan
    mean = values.mean()
    if looks and decibels:
        own = 10 ** (image[y, x] * decibels / 10)
        variation = values.var() / mean**2
        weight = max(0, 1 - 1 / looks / variation) if variation else 0
        mean = mean + weight * (own - mean)
    return _level(mean, decibels)


def _check(maps, counted, expected):
    """``expected`` gives the value at image, map, row and column."""
    counted = counted.expand_as(maps)
    for index in np.ndindex(*maps.shape):
        wanted = expected(*index)
        assert counted[index] == (not np.isnan(wanted)), index
        if counted[index]:
            assert abs(maps[index] - wanted) < 2e-5, index
    assert counted.any()
    assert not counted.all()
    assert not maps[~counted].any()


def test_gradient_equals_loops_over_windows(batch):
    images, valid = batch
    radii = (1, 3)
    target = MODELS.build(
        dict(type='GradientTarget', radii=radii, decibels=DECIBELS)
    )
    maps, counted = target(images, valid)
    assert maps.shape == (2, 4, SIDE, SIDE)

    def expected(n, index, y, x):
        channel, r = divmod(index, 2)
        image, where = images[n, channel].numpy(), valid[n, 0].numpy()
        return _gradient(image, where, y, x, radii[r], DECIBELS[channel])

    _check(maps, counted, expected)


@pytest.mark.parametrize(
    ('looks', 'decibels'),
    [(None, DECIBELS), (None, (0, 0)), (2.5, (4, 5)), (2.5, DECIBELS)],
)
def test_despeckled_equals_loops_over_windows(batch, looks, decibels):
    images, valid = batch
    target = MODELS.build(
        dict(type='DespeckledTarget', window=3, looks=looks, decibels=decibels)
    )

    def expected(n, channel, y, x):
        image, where = images[n, channel].numpy(), valid[n, 0].numpy()
        return _despeckled(image, where, y, x, decibels[channel], looks)

    _check(*target(images, valid), expected)


@pytest.mark.parametrize('decibels', [0.0, 5.0])
def test_a_step_by_hand(decibels):
    """A step of 3 between columns 7 and 8, seen from column 8, radius 2.

    To the left lie two columns of 0 and the own one of 3, to the right
    only 3.
    """
    images = torch.zeros(1, 1, 16, 16)
    images[..., 8:] = 3
    target = MODELS.build(
        dict(type='GradientTarget', radii=[2], decibels=decibels)
    )
    maps, _ = target(images, torch.ones(1, 1, 16, 16, dtype=torch.bool))
    mean = np.log10((2 + 10**1.5) / 3) * 2 if decibels else 1
    assert abs(maps[0, 0, 8, 8] - (3 - mean)) < 1e-5
    assert not maps[0, 0, 8, :6].any()


def test_brightness_does_not_change_a_gradient(batch):
    images, valid = batch
    target = MODELS.build(dict(type='GradientTarget', decibels=5.0))
    brighter = torch.where(valid, images + 2, 0)
    first, second = target(images, valid)[0], target(brighter, valid)[0]
    assert torch.allclose(first, second, atol=1e-4)


def test_speckle_fades_with_the_radius_and_under_the_filter():
    looks, decibels = 4.0, 5.0
    power = torch.distributions.Gamma(looks, looks).sample((1, 1, 64, 64))
    images = 10 * power.log10() / decibels
    valid = torch.ones_like(images, dtype=torch.bool)
    gradient = MODELS.build(dict(type='GradientTarget', decibels=decibels))
    levels = gradient(images, valid)[0].mean((0, 2, 3))
    assert (levels[1:] < 0.7 * levels[:-1]).all()
    for given in (None, looks):
        target = MODELS.build(
            dict(type='DespeckledTarget', looks=given, decibels=decibels)
        )
        assert target(images, valid)[0].std() < 0.5 * images.std()


def test_a_lee_filter_keeps_what_is_no_speckle():
    images = torch.zeros(1, 1, 16, 16)
    images[..., 8, 8] = 6
    valid = torch.ones_like(images, dtype=torch.bool)
    kept = {}
    for looks in (None, 100):
        target = MODELS.build(
            dict(type='DespeckledTarget', looks=looks, decibels=5.0)
        )
        kept[looks] = target(images, valid)[0][0, 0, 8, 8]
    assert kept[None] < 4
    assert kept[100] > 5.9


@pytest.mark.parametrize('kind', ['GradientTarget', 'DespeckledTarget'])
def test_invalid_values_do_not_matter(batch, kind):
    images, valid = batch
    target = MODELS.build(dict(type=kind, decibels=5.0))
    other = torch.where(valid, images, torch.nan)
    for first, second in zip(
        target(images, valid), target(other, valid), strict=True
    ):
        assert torch.equal(first, second)


@pytest.mark.parametrize('kind', ['GradientTarget', 'DespeckledTarget'])
def test_without_valid_pixels_all_is_finite_and_nothing_counts(kind):
    target = MODELS.build(dict(type=kind, decibels=5.0))
    nothing = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    maps, counted = target(torch.zeros(1, 2, 32, 32), nothing)
    assert maps.isfinite().all()
    assert not counted.any()


@pytest.mark.parametrize('kind', ['GradientTarget', 'DespeckledTarget'])
def test_targets_hold_nothing_to_save_or_learn(kind):
    target = MODELS.build(dict(type=kind, decibels=(5.0, 4.0)))
    assert not target.state_dict()
    assert not list(target.parameters())


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='GradientTarget', radii=[]), 'radii must be'),
        (dict(type='GradientTarget', radii=[0]), 'radii must be'),
        (dict(type='GradientTarget', min_valid=0), 'min_valid must be'),
        (dict(type='GradientTarget', decibels=-1), 'decibels must not'),
        (dict(type='DespeckledTarget', window=4), 'window must be odd'),
        (dict(type='DespeckledTarget', looks=0), 'looks must be above'),
        (dict(type='DespeckledTarget', looks=3), 'decibels must be above'),
    ],
)
def test_arguments_without_sense_are_refused(cfg, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(cfg)


def test_decibels_of_other_channels_are_refused(batch):
    target = MODELS.build(dict(type='GradientTarget', decibels=(1, 2, 3)))
    with pytest.raises(ValueError, match='each of 2 channels, but got 3'):
        target(*batch)
