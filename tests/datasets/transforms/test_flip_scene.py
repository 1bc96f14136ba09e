import numpy as np
import pytest

from mmseaice.datasets.transforms import CropScene, FlipScene, LoadScene


def dihedral(values):
    """All eight pictures of a square, (8, ..., H, W)."""
    turned = [np.rot90(values, k, axes=(-2, -1)) for k in range(4)]
    return turned + [picture[..., ::-1] for picture in turned]


def test_certain_flips(fake_scene, results):
    plain = CropScene(8)(results(fake_scene((8, 8))))
    image, chart = plain['image'].copy(), plain['charts']['SIC'].copy()
    out = FlipScene(horizontal=1, vertical=1)(plain)
    np.testing.assert_array_equal(out['image'], image[:, ::-1, ::-1])
    np.testing.assert_array_equal(out['charts']['SIC'], chart[::-1, ::-1])


def test_never_means_never(fake_scene, results):
    given = CropScene(8)(results(fake_scene((8, 8))))
    image = given['image'].copy()
    for _ in range(20):
        out = FlipScene(horizontal=0)(given)
        np.testing.assert_array_equal(out['image'], image)


def test_patches_take_all_eight_symmetries_with_their_labels(
    fake_scene, results
):
    scene = fake_scene((8, 8), blank=0.25)
    flip = FlipScene(0.5, 0.5, 0.5)
    seen = set()
    for seed in range(100):
        out = flip(CropScene(8)(results(scene, seed=seed)))
        place = out['image'][0]
        valid = ~np.isnan(place)
        np.testing.assert_array_equal(out['valid'], valid)
        labels = (place // 1000 + place % 1000)[valid] % 11
        np.testing.assert_array_equal(out['charts']['SIC'][valid], labels)
        seen.add(out['image'].tobytes())
    plain = CropScene(8)(results(scene))['image']
    wanted = {np.ascontiguousarray(p).tobytes() for p in dihedral(plain)}
    assert seen == wanted


def test_charts_of_another_grid_are_refused(fake_scene, results):
    given = LoadScene(80)(results(fake_scene((8, 8)), spacing=160))
    with pytest.raises(ValueError, match='must lie on the grid'):
        FlipScene()(given)


def wind(u, v, *chances, channels=('HH', 'u10m_rotated', 'v10m_rotated')):
    """Components of the wind after a flip, both alike everywhere."""
    image = np.stack(
        [np.zeros((4, 4)), np.full((4, 4), u), np.full((4, 4), v)]
    )
    out = FlipScene(*chances)(
        {
            'image': image.astype(np.float32),
            'valid': np.ones((4, 4), bool),
            'channels': channels,
            'rng': np.random.default_rng(0),
        }
    )
    assert (image[1] == u).all()
    return out['image'][1:, 0, 0].tolist()


@pytest.mark.parametrize(
    ('chances', 'wanted'),
    [
        ((0, 0, 0), [3, 1]),
        ((1, 0, 0), [-3, 1]),
        ((0, 1, 0), [3, -1]),
        ((1, 1, 0), [-3, -1]),
        ((0, 0, 1), [1, 3]),
        ((1, 0, 1), [1, -3]),
    ],
)
def test_wind_blows_along_the_picture(chances, wanted):
    assert wind(3, 1, *chances) == wanted


def test_half_a_wind_cannot_be_swapped():
    with pytest.raises(ValueError, match='must have both'):
        wind(3, 1, 0, 0, 1, channels=('HH', 'u10m_rotated', 'skt'))
    assert wind(3, 1, 1, channels=('HH', 'u10m_rotated', 'skt')) == [-3, 1]
