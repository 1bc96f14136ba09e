import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from mmseaice.charts import get_task
from mmseaice.evaluation.functional.reliability import ReliabilitySums
from mmseaice.visualization.reliability_figure import draw_reliability_figure
from mmseaice.visualization.sweep_figure import COLOURS


def random_sums(task, pixels):
    rng = np.random.default_rng(0)
    classes = get_task(task).num_classes
    sums = ReliabilitySums(classes)
    found = rng.dirichlet(np.ones(classes), pixels).T
    sums.update(found, rng.integers(0, classes, pixels))
    return sums


@pytest.mark.parametrize(('task', 'pixels'), [('SOD', 400), ('FLOE', 0)])
def test_curves_of_both_are_drawn(tmp_path, task, pixels):
    sums = random_sums(task, pixels)
    out = draw_reliability_figure(
        {'before': sums, 'after': sums}, task, tmp_path / 'a.png'
    )
    image = imread(out)[..., :3]
    assert max(image.shape) < 2000
    for colour in COLOURS[:2]:
        near = np.abs(image - to_rgb(colour)).max(axis=-1) < 0.02
        assert near.sum() > 50
