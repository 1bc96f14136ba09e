import numpy as np
import pytest
from matplotlib.image import imread

from mmseaice.charts import IGNORE, IGNORE_COLOUR, TASKS
from mmseaice.visualization import (
    draw_confusion_figure,
    draw_footprint_figure,
    draw_reconstruction_figure,
    draw_scene_figure,
)
from mmseaice.visualization.images import NO_DATA_COLOUR


def scene(height=60, width=50):
    rng = np.random.default_rng(0)
    hh = rng.normal(-15, 3, (height, width)).astype(np.float32)
    hv = rng.normal(-25, 3, (height, width)).astype(np.float32)
    hh[:10], hv[:10] = np.nan, np.nan
    charts = {
        name: rng.integers(0, task.num_classes, (height, width), np.uint8)
        for name, task in TASKS.items()
    }
    charts['SOD'][:10] = IGNORE
    return hh, hv, charts


def colours_of(path):
    """All colours (0..255) of a picture."""
    rgb = (imread(path)[..., :3] * 255).round().astype(int)
    return {tuple(colour) for colour in np.unique(rgb.reshape(-1, 3), axis=0)}


def test_scene_figure_shows_palette_and_mask(tmp_path):
    hh, hv, charts = scene()
    out = draw_scene_figure(hh, hv, charts, charts, tmp_path / 'a/scene.png')
    colours = colours_of(out)
    assert {IGNORE_COLOUR, NO_DATA_COLOUR} <= colours
    for task in TASKS.values():
        assert set(task.palette) <= colours
    assert [path.name for path in out.parent.iterdir()] == ['scene.png']


@pytest.mark.parametrize('truth', [{}, {'SOD': np.zeros((20, 10))}])
def test_scene_figure_without_some_parts(tmp_path, truth):
    hh, hv, charts = scene()
    hv[:] = np.nan
    prediction = {'SIC': np.where(charts['SIC'] > 5, np.nan, 3.3)}
    out = draw_scene_figure(
        hh, hv, truth, prediction, tmp_path / 'scene.png', spacing=200
    )
    assert out.stat().st_size > 0


def test_scene_figure_of_a_large_scene_is_small(tmp_path):
    hh, hv, charts = scene(3000, 40)
    out = draw_scene_figure(
        hh, hv, charts, {}, tmp_path / 'scene.png', spacing=80
    )
    assert max(imread(out).shape) < 3000


@pytest.mark.parametrize('name', list(TASKS))
def test_confusion_figure(tmp_path, name):
    count = TASKS[name].num_classes
    counts = np.diag(np.arange(count))
    out = draw_confusion_figure(counts, name, tmp_path / f'{name}.pdf')
    assert out.read_bytes().startswith(b'%PDF')


def reconstruction(channels=2, side=32):
    rng = np.random.default_rng(1)
    original = rng.normal(-20, 3, (channels, side, side))
    hidden = np.kron(rng.random((4, 4)) < 0.75, np.ones((8, 8))) > 0
    return original, original + 1.5, hidden


@pytest.mark.parametrize('scale', ['channel', 'figure'])
@pytest.mark.parametrize('channels', [('HH',), ('HH', 'HV', 'distance_zone')])
def test_reconstruction_figure(tmp_path, channels, scale):
    original, output, hidden = reconstruction(len(channels))
    valid = np.ones(hidden.shape, bool)
    valid[20:, :5] = False
    out = draw_reconstruction_figure(
        original,
        output,
        hidden,
        tmp_path / 'figure.png',
        channels=channels,
        valid=valid,
        scale=scale,
        title='a title',
    )
    assert NO_DATA_COLOUR in colours_of(out)


def test_reconstruction_figure_with_nothing_to_show(tmp_path):
    original, output, hidden = reconstruction()
    draw_reconstruction_figure(
        original,
        output,
        np.zeros_like(hidden),
        tmp_path / 'figure.png',
        channels=('HH', 'HV'),
        valid=np.zeros_like(hidden),
    )


def test_reconstruction_figure_refuses_other_shapes(tmp_path):
    original, output, hidden = reconstruction()
    for bad in ((original[:1], output), (original, output[:, 1:])):
        with pytest.raises(ValueError, match='must have the shape'):
            draw_reconstruction_figure(
                *bad, hidden, tmp_path / 'x.png', channels=('HH', 'HV')
            )
    with pytest.raises(ValueError, match="must be 'channel' or 'figure'"):
        draw_reconstruction_figure(
            original,
            output,
            hidden,
            tmp_path / 'x.png',
            channels=('HH', 'HV'),
            scale='panel',
        )
    assert not list(tmp_path.iterdir())


def test_footprints_have_a_colour_for_each_list(tmp_path):
    corners = np.array([(74, 178), (74, -178), (79, -178), (79, 178)])
    places = {'train': [corners], 'val': [corners - (0, 60)]}
    out = draw_footprint_figure(places, tmp_path / 'a.png')
    alone = draw_footprint_figure({'train': [corners]}, tmp_path / 'b.png')
    assert len(colours_of(out) - colours_of(alone)) > 2
    # The one across the date line is a patch, no ring around the pole.
    picture = imread(alone)[..., :3]
    blue = (picture[..., 2] - picture[..., 0] > 0.1).mean()
    assert 0.0005 < blue < 0.02
