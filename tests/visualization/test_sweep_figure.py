import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from mmseaice.visualization import draw_sweep_figure
from mmseaice.visualization.sweep_figure import COLOURS


@pytest.mark.parametrize(
    'curves',
    [
        {'a': {1.0: [5.0, 6.0], 40.0: [7.0, 8.0]}, 'b': {1.0: [4.0]}},
        {'': {'single': [1.0, 2.0], 'many spacings at once': [3.0]}},
    ],
)
def test_figure_has_the_colours_of_its_curves(tmp_path, curves):
    out = draw_sweep_figure(
        curves, tmp_path / 'a.png', x_label='x', y_label='y', title='t'
    )
    pixels = {
        tuple(c) for c in (imread(out)[..., :3] * 255).round().reshape(-1, 3)
    }
    for colour in COLOURS[: len(curves)]:
        wanted = tuple(round(255 * part) for part in to_rgb(colour))
        assert wanted in pixels
    assert max(imread(out).shape) < 1000


def test_figure_without_scores_of_a_curve_is_drawn(tmp_path):
    out = tmp_path / 'a.pdf'
    draw_sweep_figure({'a': {3.0: [1.0]}}, out, x_label='x', y_label='y')
    assert out.read_bytes().startswith(b'%PDF')
