import numpy as np
import pytest

from mmseaice.datasets.transforms import CropScene, LoadScene, WarpScene


def make_results(size=32, seed=0, **more):
    """A smooth field in two channels, classes in blocks, some gaps."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    image = np.stack([y + 2 * x, -y])
    chart = (y // 8 + x // 8).astype(np.uint8)
    return {
        'image': image,
        'valid': np.ones((size, size), bool),
        'charts': {'SIC': chart},
        'rng': np.random.default_rng(seed),
    } | more


def turn_by(angle, scale=1.0, smooth=False):
    """A step that rotates by one angle and zooms by one factor, always."""

    class Fixed:
        def random(self, count):
            return np.zeros(count)

        def uniform(self, low, high):
            return angle if low < 0 else scale

    return WarpScene(180.0, (0.5, 2.0), 1.0, smooth), Fixed()


def warp(angle, scale=1.0, smooth=False, **more):
    step, rng = turn_by(angle, scale, smooth)
    return step(make_results(**more) | {'rng': rng})


both_ways = pytest.mark.parametrize('smooth', [False, True])


@both_ways
@pytest.mark.parametrize(('angle', 'turns'), [(90, 1), (180, 2), (-90, 3)])
def test_quarter_turns_are_exact(angle, turns, smooth):
    given, out = make_results(), warp(angle, smooth=smooth)
    np.testing.assert_allclose(
        out['image'], np.rot90(given['image'], turns, (1, 2)), atol=1e-4
    )
    np.testing.assert_array_equal(
        out['charts']['SIC'], np.rot90(given['charts']['SIC'], turns)
    )
    assert out['valid'].all()
    assert out['image'].dtype == np.float32


@pytest.mark.parametrize(('smooth', 'most'), [(False, 1.6), (True, 0.1)])
def test_a_plane_stays_a_plane(smooth, most):
    """Its values follow from the geometry, written out here."""
    angle, scale, size = 30.0, 1.5, 33
    out = warp(angle, scale, smooth, size=size)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    # Where a pixel comes from: lines run down, so the turn is reversed.
    old_x = (cos * x - sin * y) / scale + (size - 1) / 2
    old_y = (sin * x + cos * y) / scale + (size - 1) / 2
    inside = (abs(old_x - 16) < 15) & (abs(old_y - 16) < 15)
    assert inside.mean() > 0.5
    assert out['valid'][inside].all()
    wanted = np.stack([old_y + 2 * old_x, -old_y])
    np.testing.assert_allclose(
        out['image'][:, inside], wanted[:, inside], atol=most
    )
    blocks = (np.rint(old_y) // 8 + np.rint(old_x) // 8)[inside]
    same = out['charts']['SIC'][inside] == blocks
    assert same.mean() > 0.99


@both_ways
def test_outside_is_invalid_without_labels(smooth):
    ids = np.ones((32, 32), np.uint16)
    out = warp(45.0, smooth=smooth, polygon_ids=ids)
    assert not out['valid'][0, 0]
    assert out['valid'][16, 16]
    assert 0.7 < out['valid'].mean() < 0.95
    assert np.isnan(out['image'][:, ~out['valid']]).all()
    assert np.isfinite(out['image'][:, out['valid']]).all()
    assert out['charts']['SIC'][0, 0] == 255
    assert out['polygon_ids'][0, 0] == 0
    assert out['polygon_ids'].dtype == np.uint16
    assert out['charts']['SIC'].dtype == np.uint8


@both_ways
@pytest.mark.parametrize('fill', [np.nan, np.inf, 1e30])
def test_invalid_pixels_never_bleed_in(fill, smooth):
    rng = np.random.default_rng(3)
    valid = rng.random((32, 32)) > 0.2
    image = np.where(valid, 7.0, fill).astype(np.float32)[None]
    out = warp(20.0, 0.9, smooth, image=image, valid=valid)
    np.testing.assert_allclose(out['image'][0][out['valid']], 7, rtol=1e-5)
    assert np.isnan(out['image'][0][~out['valid']]).all()


def test_nearest_pixels_keep_their_speckle():
    rng = np.random.default_rng(4)
    image = rng.normal(size=(1, 64, 64)).astype(np.float32)
    results = dict(image=image, valid=np.ones((64, 64), bool), charts={})
    near, mean = (warp(33.0, 1.0, smooth, **results) for smooth in (0, 1))
    valid = near['valid'] & mean['valid']
    assert near['image'][0][valid].std() == pytest.approx(1, abs=0.05)
    assert mean['image'][0][valid].std() < 0.8
    assert set(near['image'][0][valid]) <= set(image.ravel())


def test_a_pixel_needs_half_of_its_weight():
    """Shrunk to half, a pixel lies between four old ones."""
    valid = np.zeros((32, 32), bool)
    valid[::2, :16] = True  # half of each four
    valid[::2, 16::2] = True  # a quarter
    image = np.where(valid, 1.0, np.nan).astype(np.float32)[None]
    out = warp(0.0, 0.5, True, image=image, valid=valid)
    inner = out['valid'][10:22]
    assert inner[:, 9:15].all()
    assert not inner[:, 17:23].any()


@both_ways
def test_a_channel_has_gaps_of_its_own(smooth):
    results = make_results()
    results['image'][1, :16] = np.nan
    out = warp(90.0, smooth=smooth, image=results['image'])
    assert out['valid'].all()
    assert np.isfinite(out['image'][0]).all()
    assert np.isnan(out['image'][1]).sum() == 16 * 32


def test_each_comes_with_its_probability_and_from_the_generator_alone():
    kinds = []
    for seed in range(1000, 1200):
        step = WarpScene(90.0, (0.5, 0.6), prob=0.5)
        given = make_results(seed=seed)
        out = step(make_results(seed=seed))
        again = step(make_results(seed=seed))
        np.testing.assert_array_equal(out['image'], again['image'])
        small = out['valid'].mean() < 0.5
        same = np.array_equal(out['image'], given['image'])
        kinds.append('zoomed' if small else 'same' if same else 'turned')
    assert 70 < kinds.count('zoomed') < 130
    assert 30 < kinds.count('turned') < 70
    assert 30 < kinds.count('same') < 70


def test_input_is_left_alone(fake_scene, results):
    given = CropScene(16)(results(fake_scene((16, 16), blank=0.25)))
    image, chart = given['image'], given['charts']['SIC']
    copies = image.copy(), chart.copy()
    WarpScene(prob=1.0)(given)
    np.testing.assert_array_equal(image, copies[0])
    np.testing.assert_array_equal(chart, copies[1])


def test_views_of_flipped_arrays_are_taken():
    given = make_results()
    given['image'] = given['image'][..., ::-1]
    given['charts'] = {'SIC': given['charts']['SIC'][::-1]}
    assert WarpScene(prob=1.0)(given)['image'].shape == (2, 32, 32)


def test_charts_of_another_grid_are_refused(fake_scene, results):
    given = LoadScene(80)(results(fake_scene((8, 8)), spacing=160))
    with pytest.raises(ValueError, match='must lie on the grid'):
        WarpScene()(given)


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [
        (dict(rotation=200), 'rotation must be'),
        (dict(scale=(1.1, 0.9)), 'scale must be'),
        (dict(scale=(0, 1)), 'scale must be'),
        (dict(prob=2), 'prob must be'),
    ],
)
def test_bad_arguments_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        WarpScene(**wrong)
