import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

from mmseaice.charts import IGNORE_COLOUR, TASKS
from mmseaice.errors import PredictionError
from mmseaice.scenes import Geolocation, resample_chart, resample_field
from mmseaice.testing import make_charted
from mmseaice.visualization import canvas
from mmseaice.visualization.charted_layers import (
    LAND_COLOUR,
    mean_backscatter,
    reduction,
    sample,
)
from mmseaice.visualization.graticule import compass, graticule
from mmseaice.visualization.images import NO_DATA_COLOUR
from mmseaice.visualization.quicklook import draw_quicklook


def quartered():
    """A scene whose charts change at its middle lines only."""
    scene = make_charted(120, 120)
    quarter = np.arange(120) // 60
    quarter = 2 * quarter[:, None] + quarter
    scene['status'][:] = np.where(
        quarter == 2, 1, np.where(quarter == 3, 2, 0)
    )
    charted = scene['status'] == 0
    scene['SIC'] = charted.where(~charted, quarter * 4.0 + 3).where(charted)
    for name in ('SOD', 'FLOE'):
        scene[name] = (scene['status'].dims, np.uint8(quarter + 2))
        scene[name] = scene[name].where(charted, 255).astype(np.uint8)
    return scene


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were drawn, not written."""
    figures = []
    monkeypatch.setattr(
        canvas, 'save_figure', lambda figure, out: figures.append(figure)
    )
    return figures


def panels(figure):
    return {axes.get_title(): axes for axes in figure.axes if axes.images}


def test_picture_holds_all_colours(tmp_path):
    out = draw_quicklook(
        make_charted(200, 210), tmp_path / 'a/scene.png', size=210
    )
    assert [path.name for path in out.parent.iterdir()] == ['scene.png']
    rgb = (imread(out)[..., :3] * 255).round().astype(int)
    packed = np.unique(rgb @ (1 << 16, 1 << 8, 1))
    colours = {tuple(number.tobytes()[2::-1]) for number in packed}
    assert {IGNORE_COLOUR, NO_DATA_COLOUR, LAND_COLOUR} <= colours
    for task in TASKS.values():
        assert set(task.palette) <= colours


def test_classes_are_where_they_belong_on_the_screen(drawn):
    draw_quicklook(quartered(), 'not written.png', size=300)
    figure = drawn[0]
    figure.canvas.draw()
    screen = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    for task, classes in {
        'SIC': (3, 7),
        'SOD': (2, 3),
        'FLOE': (2, 3),
    }.items():
        axes = panels(figure)[f'{TASKS[task].title}: prediction']
        expected = [TASKS[task].palette[number] for number in classes]
        expected += [LAND_COLOUR, IGNORE_COLOUR]
        middles = [(x, y) for y in (30, 90) for x in (30, 90)]
        for middle, colour in zip(middles, expected, strict=True):
            near = np.mgrid[-24:25:6, -24:25:6].reshape(2, -1).T
            points = axes.transData.transform(np.add(middle, near))
            x, y = points.astype(int).T
            # Lines and labels of the graticule lie over the rest.
            assert (screen[y, x] == colour).all(axis=1).mean() > 0.6


def test_panels_are_what_the_scene_has(drawn):
    scene = make_charted()
    draw_quicklook(scene, 'a', reference=scene[['SOD', 'FLOE']])
    draw_quicklook(scene.drop_vars(['SIC_low', 'HH', 'HV']), 'b')
    only = ['SOD', 'HH', 'status', 'latitude', 'longitude']
    draw_quicklook(scene[only], 'c')
    full, some, few = (list(panels(figure)) for figure in drawn)
    assert full == [
        'HH (dB)',
        'Sea ice concentration: prediction',
        'Stage of development: prediction',
        'Floe size: prediction',
        'HV (dB)',
        'SIC: interval width (%)',
        'SOD: entropy (0 sure, 1 unsure)',
        'FLOE: entropy (0 sure, 1 unsure)',
        'Stage of development: chart',
        'Floe size: chart',
    ]
    assert [name.split()[0] for name in some[3:]] == ['SOD:', 'FLOE:']
    assert few == ['HH (dB)', 'Stage of development: prediction']


@pytest.mark.parametrize(
    ('reference', 'name'),
    [(False, 'no data'), (True, 'no data, or not charted')],
)
def test_legend_says_why_a_pixel_has_no_class(drawn, reference, name):
    scene = make_charted()
    draw_quicklook(scene, 'a', reference=scene[['SOD']] if reference else None)
    legends = [a.get_legend() for a in drawn[0].axes if a.get_legend()]
    texts = [[t.get_text() for t in one.get_texts()] for one in legends]
    assert len(texts) == len(TASKS)
    assert all(names[-1].startswith(name) for names in texts)
    assert ('not charted' in str(texts)) == reference


def test_title_says_what_it_is_and_not_for_navigation(drawn):
    scene = make_charted()
    # A dollar would begin a formula.
    scene.attrs['scene_id'] = 'a$b_{$'
    draw_quicklook(scene, 'a', size=120)
    drawn[0].canvas.draw()
    title = drawn[0].get_suptitle()
    for text in ('a$b_{$', '2018-06-07T18:43:26', 'multitask_tiny'):
        assert text in title
    assert 'Not for navigation' in title


def test_wrong_input_is_named(tmp_path):
    scene = make_charted()
    out = tmp_path / 'scene.png'
    with pytest.raises(PredictionError, match='expected one of the charts'):
        draw_quicklook(scene.drop_vars(list(TASKS)), out)
    with pytest.raises(ValueError, match='reference must have'):
        draw_quicklook(scene, out, reference=scene[['SIC']][{'y': slice(9)}])
    with pytest.raises(ValueError, match='size must be'):
        draw_quicklook(scene, out, size=0)
    assert not out.exists()


@pytest.mark.parametrize('factor', [1, 3, 4])
def test_cells_are_those_of_the_resampler(monkeypatch, factor):
    """Blocks of lines, read from a file, give what the whole gives."""
    monkeypatch.setattr(
        'mmseaice.visualization.charted_layers._LINES_AT_ONCE', 8
    )
    scene = make_charted(61, 70)
    hh, sod = scene['HH'].values, scene['SOD'].values
    np.testing.assert_array_equal(
        mean_backscatter(scene['HH'], factor),
        resample_field(hh, np.isfinite(hh), factor, decibel=True),
    )
    np.testing.assert_array_equal(
        sample(scene['SOD'], factor), resample_chart(sod, factor, 'nearest')
    )


@pytest.mark.parametrize(
    ('shape', 'side', 'expected'),
    [((5000, 5200), 600, 9), ((600, 600), 600, 1), ((2, 5000), 600, 2)],
)
def test_reduction_fits_and_leaves_a_cell(shape, side, expected):
    assert reduction(shape, side) == expected


def plane(centre, metres=20000.0):
    """Tie points of a flat scene of 100 by 100 pixels about a place.

    Lines go along the meridian of the centre, away from the pole.
    """
    ties = np.linspace(0, 100, 11)
    down, right = np.meshgrid(*[(ties - 50) / 50 * metres] * 2, indexing='ij')
    radius = (90 - centre[0]) * 111e3 + down
    latitude = 90 - np.hypot(radius, right) / 111e3
    longitude = centre[1] + np.degrees(np.arctan2(right, radius))
    longitude = (longitude + 180) % 360 - 180
    return Geolocation(latitude, longitude, ties, ties)


@pytest.mark.parametrize('centre', [(75, -20), (82, 180), (90, 0), (-70, 10)])
def test_graticule_follows_round_degrees(centre):
    geolocation = plane(centre, 60000.0)
    lines = graticule(geolocation, (100, 100))
    assert 4 <= len(lines) <= 14
    assert {line.meridian for line in lines} == {True, False}
    for line in lines:
        value = float(line.label.rstrip('NSEW').rstrip('°'))
        value *= -1 if line.label[-1] in 'SW' else 1
        x, y = np.concatenate(line.points).T
        latitude, longitude = geolocation.at(y, x)
        found = longitude if line.meridian else latitude
        off = (found - value + 180) % 360 - 180
        if line.meridian:
            off *= np.cos(np.radians(latitude))
        assert np.abs(off).max() < 2e-3


def test_compass_of_a_scene_whose_lines_go_south():
    arrows = compass(plane((80, 179.99)), (100, 100))
    np.testing.assert_allclose(arrows['N'], (0, -1), atol=1e-3)
    np.testing.assert_allclose(arrows['E'], (1, 0), atol=1e-3)


def test_compass_of_a_mirrored_scene():
    scene = make_charted()
    # Both latitude and longitude of the simulated ties grow with position.
    arrows = compass(Geolocation.from_scene(scene), scene['status'].shape)
    assert arrows['N'][1] > 0.99
    assert arrows['E'][0] > 0.99


def test_scene_on_disk_is_drawn_small(tmp_path):
    """Of a chart only the pixels that are shown are read."""
    scene = make_charted(900, 300)
    path = tmp_path / 'sod.bin'
    scene['SOD'].values.tofile(path)
    stored = np.memmap(path, np.uint8, 'r', shape=(900, 300))
    scene['SOD'] = xr.DataArray(stored, dims=('y', 'x'))
    out = draw_quicklook(scene, tmp_path / 'scene.png', size=200)
    height, width = imread(out).shape[:2]
    assert height < 1400
    assert width < 1400
