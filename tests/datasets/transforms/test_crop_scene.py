import numpy as np
import pytest

from mmseaice.datasets.transforms import CropScene


def test_a_window_holds_the_pixels_and_labels_of_its_place(
    fake_scene, results
):
    scene = fake_scene((50, 70))
    out = CropScene((16, 24))(results(scene, seed=3))
    y, x, height, width = out['window']
    assert (height, width) == (16, 24) == out['ori_shape']
    rows, columns = np.mgrid[y : y + 16, x : x + 24]
    np.testing.assert_array_equal(out['image'][0], 1000 * rows + columns)
    np.testing.assert_array_equal(out['charts']['SIC'], (rows + columns) % 11)
    np.testing.assert_array_equal(out['charts']['SOD'], rows % 6)
    assert out['valid'].all()


def test_every_position_is_drawn_the_last_one_too(fake_scene, results):
    scene = fake_scene((18, 17))
    given = results(scene)
    windows = [CropScene(16)(given)['window'][:2] for _ in range(200)]
    counts = np.zeros((3, 2), int)
    for y, x in windows:
        counts[y, x] += 1
    assert counts.min() > 15  # 33 expected


def test_a_small_scene_is_padded_with_invalid_pixels(fake_scene, results):
    scene = fake_scene((10, 40))
    crop = CropScene(16, min_valid=1.0)
    starts = set()
    for seed in range(60):
        out = crop(results(scene, seed=seed))
        assert out['image'].shape == (2, 16, 16)
        assert out['valid'].sum() == 10 * 16
        assert np.isnan(out['image'][:, ~out['valid']]).all()
        assert (out['charts']['SIC'][~out['valid']] == 255).all()
        starts.add(out['window'][0])
    assert starts == set(range(-6, 1))
    assert len(scene.reads) == 60  # a full scene is as good as it gets


def test_tries_are_bounded_and_the_best_is_kept(fake_scene, results):
    scene = fake_scene((32, 200), blank=0.9)
    given = results(scene, seed=1)
    out = CropScene(32, min_valid=1.0, max_tries=7)(given)
    assert len(scene.reads) == 7
    shares = [
        scene.read(
            80, channels=('HH',), tasks=(), y=y, x=x, height=h, width=w
        ).valid.mean()
        for _, (y, x, h, w), _ in list(scene.reads)
    ]
    assert out['valid'].mean() == max(shares)


def test_enough_is_enough(fake_scene, results):
    scene = fake_scene((32, 200), blank=0.5)
    out = CropScene(32, min_valid=0.9, max_tries=1000)(results(scene))
    assert out['valid'].mean() >= 0.9


def test_labels_can_be_asked_for(fake_scene, results):
    scene = fake_scene((200, 32), unlabelled=0.7)
    crop = CropScene(32, label_tasks=['SOD'], min_labelled=0.5, max_tries=1000)
    for seed in range(5):
        chart = crop(results(scene, seed=seed))['charts']['SOD']
        assert (chart != 255).mean() >= 0.5


def test_label_tasks_alone_ask_for_one_labelled_pixel(fake_scene, results):
    scene = fake_scene((400, 32), unlabelled=0.9)
    crop = CropScene(32, label_tasks=['SOD'], max_tries=1000)
    for seed in range(5):
        chart = crop(results(scene, seed=seed))['charts']['SOD']
        assert (chart != 255).any()


def test_charts_are_read_for_the_asked_tasks_only(fake_scene, results):
    scene = fake_scene((32, 32))
    out = CropScene(16)(results(scene, tasks=()))
    assert out['charts'] == {}
    assert scene.reads[0][2] == ()


def test_the_generator_alone_decides(fake_scene, results):
    scene = fake_scene((99, 99))
    windows = [
        CropScene(16)(results(scene, seed=seed))['window']
        for seed in (5, 5, 6)
    ]
    assert windows[0] == windows[1] != windows[2]


@pytest.mark.parametrize(
    'arguments',
    [
        {'size': 0},
        {'size': (1, 2, 3)},
        {'size': 8, 'max_tries': 0},
        {'size': 8, 'min_valid': 2},
        {'size': 8, 'min_labelled': -0.1},
    ],
)
def test_senseless_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match='must be'):
        CropScene(**arguments)


def test_label_tasks_must_be_read(fake_scene, results):
    crop = CropScene(16, label_tasks=['FLOE'], min_labelled=0.1)
    with pytest.raises(ValueError, match='label_tasks must be among'):
        crop(results(fake_scene((32, 32))))
