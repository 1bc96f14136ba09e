"""Windows over lines that come in blocks."""

import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.apis.line_predictor import LinePredictor, Lines, prefetch
from mmseaice.errors import PredictionError
from mmseaice.models.utils import BLENDS, slide_windows


class Windows:
    """Stands in for models: each map depends on its own window."""

    num_maps = 2
    device = torch.device('cpu')

    def __init__(self, function):
        self.function = function
        self.sizes = []

    def __call__(self, inputs, valid):
        self.sizes.append(len(inputs))
        return self.function(inputs)


def of_window(inputs):
    """Not local: every pixel sees its whole window."""
    mean = inputs.mean(dim=(2, 3), keepdim=True)
    return torch.cat(
        [inputs[:, :1] + mean[:, :1], inputs[:, 1:2] * mean[:, 1:2]], 1
    )


def blocks_of(image, wanted, first, size):
    for start in range(first, image.shape[1], size):
        part = slice(start, start + size)
        yield Lines(image[:, part], np.ones_like(wanted[part]), wanted[part])


def predict(predictor, image, wanted, first=0, block=5):
    shape = image.shape[1:]
    lines = blocks_of(image, wanted, first, block)
    parts = list(predictor.run(lines, shape, first))
    maps = torch.cat([maps for maps, _ in parts], dim=1)
    return maps, torch.cat([seen for _, seen in parts])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 40),
    st.integers(3, 30),
    st.tuples(st.integers(2, 16), st.integers(2, 16)),
    st.tuples(st.integers(1, 16), st.integers(1, 16)),
    st.sampled_from(BLENDS),
    st.integers(1, 20),
    st.floats(0, 1),
)
def test_equals_windows_over_the_whole(h, w, window, step, blend, block, at):
    """Any block size; and a start in the middle gives the same lines."""
    stride = tuple(min(s, n) for s, n in zip(step, window, strict=True))
    rng = np.random.default_rng(h * 100 + w)
    image = rng.normal(size=(2, h, w)).astype(np.float32)
    wanted = np.ones((h, w), bool)
    predictor = LinePredictor(Windows(of_window), window, stride, blend, 3)
    maps, seen = predict(predictor, image, wanted, block=block)
    whole = slide_windows(
        lambda x: {'a': of_window(x)},
        torch.from_numpy(image)[None],
        window,
        stride,
        3,
        blend,
    )['a'][0]
    assert seen.all()
    torch.testing.assert_close(maps, whole, atol=1e-4, rtol=1e-4)

    line = int(at * (h - 1))
    first = predictor.first_line(h, line)
    again, _ = predict(predictor, image, wanted, first, block)
    assert torch.equal(again[:, line - first :], maps[:, line:])


def test_windows_without_anything_to_chart_are_left_out():
    image = np.ones((2, 32, 32), np.float32)
    wanted = np.zeros((32, 32), bool)
    wanted[20, 3] = True
    windows = Windows(of_window)
    predictor = LinePredictor(windows, (8, 8), (8, 8))
    _, seen = predict(predictor, image, wanted)
    assert predictor.windows == sum(windows.sizes) == 1
    assert seen.sum() == 64
    assert seen[16:24, :8].all()


def test_nothing_to_chart_calls_no_model():
    windows = Windows(of_window)
    predictor = LinePredictor(windows, (8, 8), (4, 4))
    image = np.ones((2, 20, 20), np.float32)
    maps, seen = predict(predictor, image, np.zeros((20, 20), bool))
    assert not windows.sizes
    assert not seen.any()
    assert maps.shape == (2, 20, 20)


def test_nan_is_named():
    def broken(inputs):
        maps = of_window(inputs)
        maps[inputs[:, :2] > 5] = torch.nan
        return maps

    image = np.zeros((2, 24, 24), np.float32)
    image[0, 17, 9] = 6
    predictor = LinePredictor(Windows(broken), (8, 8), (8, 8))
    with pytest.raises(PredictionError, match='line 16, sample 8'):
        predict(predictor, image, np.ones((24, 24), bool))


def test_prefetch_keeps_order_and_errors():
    def source():
        yield from range(5)
        raise OSError('gone')

    found = []
    with pytest.raises(OSError, match='gone'):
        found.extend(prefetch(source(), 2))
    # list.extend keeps what came before.
    assert found == [0, 1, 2, 3, 4]


def test_prefetch_ends_when_it_is_closed():
    before = threading.active_count()
    taken = []

    def source():
        for number in range(1000):
            taken.append(number)
            yield number

    items = prefetch(source())
    assert next(items) == 0
    items.close()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert len(taken) < 10
