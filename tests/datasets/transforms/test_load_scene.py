import numpy as np
import pytest

from mmseaice.datasets.transforms import LoadScene, PackScene
from mmseaice.models.segmentors.inference import refining_factor


def test_whole_scene_on_one_grid(fake_scene, results):
    out = LoadScene()(results(fake_scene((20, 31)), spacing=80))
    assert out['image'].shape == (2, 20, 31)
    assert out['charts']['SIC'].shape == (20, 31)
    assert out['ori_shape'] == (20, 31)
    assert out['ori_spacing'] == 80
    assert out['window'] == (0, 0, 20, 31)


def test_charts_from_the_fine_grid(fake_scene, results):
    scene = fake_scene((21, 31))
    out = LoadScene(label_spacing=80)(results(scene, spacing=160))
    assert out['image'].shape == (2, 10, 15)
    assert out['valid'].shape == (10, 15)
    assert out['ori_shape'] == (21, 31)
    rows = np.arange(21)[:, None] + np.zeros(31, int)
    np.testing.assert_array_equal(out['charts']['SOD'], rows % 6)
    assert [read[2] for read in scene.reads] == [(), ('SIC', 'SOD')]


def test_the_fine_grid_is_known_without_charts(fake_scene, results):
    scene = fake_scene((21, 31))
    out = LoadScene(label_spacing=80)(results(scene, spacing=160, tasks=()))
    assert out['ori_shape'] == (21, 31)
    assert out['charts'] == {}
    assert len(scene.reads) == 1


@pytest.mark.parametrize(
    ('spacing', 'label_spacing', 'factor'),
    [
        (160, 40, 4),
        (200, 40, 5),
        (320, 160, 2),
        (200, 80, 2.5),
        (160, None, 1),
    ],
)
def test_a_model_learns_which_grid_it_is_scored_on(
    fake_scene, results, spacing, label_spacing, factor
):
    given = results(fake_scene((41, 62)), spacing=spacing)
    out = LoadScene(label_spacing)(given) | {'test_mode': True}
    out['image'] = np.nan_to_num(out['image'])
    sample = PackScene()(out)['data_samples']
    assert sample.ori_spacing == (label_spacing or spacing)
    assert refining_factor(sample.metainfo) == factor
