"""Samples as a model gets them: the figure, and the numbers beside it."""

import numpy as np
import pytest
from matplotlib.image import imread

from mmseaice.charts import IGNORE, IGNORE_COLOUR, TASKS
from mmseaice.visualization import (
    ChannelScale,
    ChannelSummary,
    ScenePlace,
    canvas,
    draw_sample_figure,
)
from mmseaice.visualization.images import MAX_SIDE, NO_DATA_COLOUR
from mmseaice.visualization.palettes import colour_shares

SCALES = (
    ChannelScale('HH', 'dB', -14.5, 5.7),
    ChannelScale('incidence_angle', 'degree', 34.0, 8.3),
)


def sample(height=32, width=40, channels=2):
    rng = np.random.default_rng(0)
    image = rng.normal(0, 1, (channels, height, width)).astype(np.float32)
    valid = np.ones((height, width), bool)
    valid[:8] = False
    image[:, ~valid] = 0
    charts = {
        name: rng.integers(0, task.num_classes, (height, width))
        for name, task in TASKS.items()
    }
    charts['SOD'][:8] = IGNORE
    return image, valid, charts


def place(window=(2, 3, 4, 5), extent=(20, 30)):
    image = np.full((40, 60), -15, np.float32)
    image[0] = np.nan
    return ScenePlace(image, ChannelScale('HV', 'dB'), extent, window)


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were drawn, not written."""
    figures = []
    monkeypatch.setattr(
        canvas, 'save_figure', lambda figure, out: figures.append(figure)
    )
    return figures


def panels(figure):
    """Axes of the panels by the first line of their titles."""
    named = {axes.get_title().split('\n')[0]: axes for axes in figure.axes}
    return {title: axes for title, axes in named.items() if title}


def test_picture_shows_palettes_and_missing_pixels(tmp_path):
    image, valid, charts = sample()
    out = draw_sample_figure(
        image,
        SCALES,
        tmp_path / 'a/b.png',
        valid=valid,
        charts=charts,
        place=place(),
        title='two\nlines',
    )
    rgb = (imread(out)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    colours = {tuple(colour) for colour in np.unique(rgb, axis=0)}
    assert {IGNORE_COLOUR, NO_DATA_COLOUR} <= colours
    for task in TASKS.values():
        assert set(task.palette) <= colours
    again = draw_sample_figure(
        *(image, SCALES, tmp_path / 'c.png'),
        **dict(valid=valid, charts=charts, place=place(), title='two\nlines'),
    )
    assert again.read_bytes() == out.read_bytes()


def test_one_panel_for_each_part(drawn):
    image, valid, charts = sample()
    names = ['the scene in HV', 'HH', 'incidence_angle', 'valid']
    names += [task.title for task in TASKS.values()]
    draw_sample_figure(
        *(image, SCALES, 'a'), valid=valid, charts=charts, place=place()
    )
    assert list(panels(drawn[0])) == names
    draw_sample_figure(image, SCALES, 'a', valid=valid)
    assert list(panels(drawn[1])) == names[1:4]
    draw_sample_figure(image, SCALES, 'a')
    assert list(panels(drawn[2])) == names[1:3]


@pytest.mark.parametrize(
    ('count', 'rows', 'columns'), [(1, 1, 1), (4, 1, 4), (5, 2, 3), (11, 2, 6)]
)
def test_many_channels_take_several_rows(drawn, count, rows, columns):
    image, _, _ = sample(channels=count)
    scales = [ChannelScale(f'btemp {i}', 'K') for i in range(count)]
    draw_sample_figure(image, scales, 'a')
    assert len(panels(drawn[0])) == count
    grid = drawn[0].axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == (2 * rows, columns)


def bars(figure):
    """Colour bars in the order of the channels."""
    return [bar for axes in figure.axes for bar in axes.child_axes]


def test_bars_tell_units_and_normalised_values(drawn):
    image, valid, _ = sample()
    scales = (SCALES[0], ChannelScale('HV', 'dB'))
    draw_sample_figure(image, scales, 'a', valid=valid)
    drawn[0].canvas.draw()
    both, plain = bars(drawn[0])
    low, high = both.get_xlim()
    assert -3 < low < -1
    assert 1 < high < 3
    (units,) = both.child_axes
    assert units.get_xlim() == pytest.approx(
        (low * 5.7 - 14.5, high * 5.7 - 14.5)
    )
    assert units.get_xlabel() == 'below: dB; above: normalised'
    assert plain.get_xlabel() == 'dB'
    assert not plain.child_axes


def test_facts_are_those_of_the_valid_pixels(drawn):
    image, valid, _ = sample()
    draw_sample_figure(image, SCALES, 'a', valid=valid)
    draw_sample_figure(image, SCALES, 'a', valid=np.zeros_like(valid))
    found = image[0][valid]
    title = panels(drawn[0])['HH'].get_title()
    assert title == f'HH\nmean {found.mean():.2f}, std {found.std():.2f}'
    assert panels(drawn[0])['valid'].get_title() == 'valid\n75 % of the pixels'
    assert panels(drawn[1])['HH'].get_title() == 'HH\nno valid pixel'


def test_a_flat_channel_looks_flat(drawn):
    image, valid, _ = sample()
    image[1] = 0.3 + 0.01 * image[1]
    draw_sample_figure(image, SCALES, 'a', valid=valid)
    shown = panels(drawn[0])['incidence_angle'].images[0]
    low, high = shown.get_clim()
    assert high - low == pytest.approx(2)
    assert (low + high) / 2 == pytest.approx(0.3, abs=0.01)


def test_legend_tells_class_shares(drawn):
    image, _, _ = sample()
    chart = np.zeros((10, 10), np.int64)
    chart[:2], chart[2], chart[3, 0] = IGNORE, 1, 3
    draw_sample_figure(image, SCALES, 'a', charts={'SIC': chart})
    (legend,) = (a.get_legend() for a in drawn[0].axes if a.get_legend())
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[:2] == ['below 5 % (69 %)', '5 to 35 % (11 %)']
    assert texts[2] == '35 to 65 %'
    assert texts[-1] == 'not charted (20 %)'
    assert sum(colour_shares(chart, 'SIC').values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ('share', 'text'),
    [(0, '0 %'), (0.004, '<1 %'), (0.5, '50 %'), (0.999, '>99 %')],
)
def test_shares_as_text(share, text):
    assert canvas.percent(share) == text


def test_window_over_the_border_is_seen_as_a_whole(drawn):
    image, _, _ = sample()
    draw_sample_figure(
        *(image, SCALES, 'a'), place=place(window=(-5, 28, 30, 9))
    )
    axes = panels(drawn[0])['the scene in HV']
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    assert right > 37
    assert top < -5
    assert tuple(axes.images[0].get_extent()) == (0, 30, 20, 0)
    (window,) = axes.patches
    assert window.get_bbox().bounds == (28, -5, 9, 30)


def test_a_whole_scene_is_shrunk(drawn):
    image, valid, charts = sample(2 * MAX_SIDE, 60)
    image[0] = np.where(np.arange(60) % 2, 0, 2)
    draw_sample_figure(
        *(image, SCALES, 'a'), valid=valid, charts={'SOD': charts['SOD']}
    )
    for axes in panels(drawn[0]).values():
        assert axes.images[0].get_array().shape[0] == MAX_SIDE
    # In linear power: above the mean of 0 and 2.
    middle = panels(drawn[0])['HH'].images[0].get_array()[MAX_SIDE // 2]
    power = 10 * np.log10((1 + 10 ** (2 * 5.7 / 10)) / 2) / 5.7
    np.testing.assert_allclose(middle, power, rtol=1e-3)


def test_shapes_must_agree(tmp_path):
    image, valid, _ = sample()
    with pytest.raises(ValueError, match='as many channels as scales'):
        draw_sample_figure(image, SCALES[:1], tmp_path / 'a.png')
    with pytest.raises(ValueError, match='valid must have the shape'):
        draw_sample_figure(
            image, SCALES, tmp_path / 'a.png', valid=valid[:, 1:]
        )
    assert not list(tmp_path.iterdir())


def summary_of(*samples, clip=None):
    summary = ChannelSummary('HH', clip)
    for values in samples:
        summary.update(np.asarray(values, np.float32))
    return summary


def test_summary_equals_numpy():
    first, second = np.random.default_rng(0).normal(0.3, 1, (2, 500))
    row = summary_of(first, second).row().replace(',', '').split()
    pooled = np.concatenate([first, second])
    expected = (pooled.mean(), pooled.std(), pooled.min(), pooled.max())
    assert row[:2] == ['HH', '1000']
    assert [float(cell) for cell in row[2:6]] == pytest.approx(
        expected, abs=6e-4
    )
    assert len(ChannelSummary.header) == len(summary_of(first).row())


NORMAL = np.random.default_rng(1).normal(0, 1, 2000)


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        (NORMAL + 3.5, 'HH has mean 3.'),
        (NORMAL - 3.5, 'HH has mean -3.'),
        (NORMAL * 6, 'HH has std 6.'),
        (NORMAL * 0.01, 'HH hardly varies'),
        (np.clip(NORMAL * 4, -5, 5), 'HH is clipped in 2'),
        ([], 'HH has no valid pixel.'),
    ],
)
def test_summary_doubts_what_is_wrong(values, said):
    doubts = summary_of(values, clip=(-5, 5)).doubts()
    assert any(doubt.startswith(said) for doubt in doubts)


def test_summary_does_not_doubt_what_is_right():
    assert summary_of(NORMAL, NORMAL + 1, clip=(-5, 5)).doubts() == []
    assert summary_of([-5, 0, 5]).clipped == 0
