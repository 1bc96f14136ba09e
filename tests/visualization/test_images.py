import numpy as np
import pytest

from mmseaice.charts import IGNORE_COLOUR, TASKS
from mmseaice.visualization import (
    chart_to_rgb,
    legend_entries,
    robust_limits,
    thumbnail,
)
from mmseaice.visualization.images import MAX_SIDE, NO_DATA_COLOUR, same_span


@pytest.mark.parametrize('name', list(TASKS))
def test_charts_take_the_official_colours(name):
    task = TASKS[name]
    classes = np.arange(task.num_classes, dtype=np.uint8)
    rgb = chart_to_rgb(np.append(classes, 255)[None], name)[0]
    assert [tuple(colour) for colour in rgb] == [*task.palette, IGNORE_COLOUR]


def test_real_numbers_are_rounded_and_nan_is_grey():
    chart = np.array([[-0.4, 4.4, 11.0, np.nan]])
    rgb = [tuple(colour) for colour in chart_to_rgb(chart, 'SIC')[0]]
    palette = TASKS['SIC'].palette
    assert rgb == [palette[0], palette[4], palette[10], IGNORE_COLOUR]


@pytest.mark.parametrize('name', list(TASKS))
def test_legend_shows_every_colour_once(name):
    colours = [colour for _, colour in legend_entries(name)]
    assert len(colours) == len(set(colours))
    assert set(colours) == {*TASKS[name].palette, IGNORE_COLOUR}


def test_legend_joins_classes_of_one_colour():
    names = [name for name, _ in legend_entries('SIC')]
    assert names == [
        'below 5 %',
        '5 to 35 %',
        '35 to 65 %',
        '65 to 85 %',
        '85 % and more',
        'not charted',
    ]


def test_legend_is_true_of_what_is_drawn():
    """Each value has the colour of the range that it lies in."""
    entries = dict(legend_entries('SIC', 'no data'))
    assert list(entries)[-1] == 'no data'
    for percent, name in (
        (4.9, 'below 5 %'),
        (5.1, '5 to 35 %'),
        (34.9, '5 to 35 %'),
        (35.1, '35 to 65 %'),
        (84.9, '65 to 85 %'),
        (85.1, '85 % and more'),
        (100, '85 % and more'),
    ):
        rgb = chart_to_rgb(np.array([[percent / 10]]), 'SIC')
        assert tuple(rgb[0, 0]) == entries[name], percent


def test_limits_ignore_outliers_and_missing_pixels():
    image = np.random.default_rng(0).normal(-20, 3, (100, 100))
    image[0, 0], image[1], image[2, 2] = -380, np.nan, 50
    low, high = robust_limits(image)
    assert -30 < low < -24
    assert -16 < high < -10


@pytest.mark.parametrize('value', [np.nan, -3.0])
def test_limits_of_a_flat_image_differ(value):
    low, high = robust_limits(np.full((4, 4), value))
    assert low < high


def test_no_data_looks_like_no_measurement_and_no_class():
    assert len(set(NO_DATA_COLOUR)) == 3
    for task in TASKS.values():
        assert NO_DATA_COLOUR not in (*task.palette, IGNORE_COLOUR)
    # The WMO colour of fast ice is a grey too, but a darker one.
    assert min(IGNORE_COLOUR) > 190


def test_same_span_keeps_the_middles():
    assert same_span([(-25, -5), (-32, -22)]) == [(-25, -5), (-37, -17)]


def test_thumbnail_averages_power_and_keeps_small_images():
    image = np.full((10, 2 * MAX_SIDE), -20.0, np.float32)
    image[:, 1::2] = -10
    image[:, :2] = np.nan
    small = thumbnail(image)
    assert small.shape == (5, MAX_SIDE)
    assert np.isnan(small[:, 0]).all()
    mean = 10 * np.log10((0.01 + 0.1) / 2)
    np.testing.assert_allclose(small[:, 1:], mean, rtol=1e-5)
    assert thumbnail(image[:, :10]) is not None
    assert thumbnail(image[:, :10]).shape == (10, 10)
