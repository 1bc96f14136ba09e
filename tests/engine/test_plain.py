"""Plain values load with weights_only=True and come back equal."""

import io
from collections import OrderedDict, deque
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmseaice.engine.plain import from_plain, to_plain


def through_a_file(value):
    buffer = io.BytesIO()
    torch.save(to_plain(value), buffer)
    buffer.seek(0)
    return from_plain(torch.load(buffer, weights_only=True))


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (np.float64(0.5), 0.5),
        (np.int32(7), 7),
        (np.bool_(True), True),
        (np.str_('a'), 'a'),
        (Path('a/b'), 'a/b'),
        ((1, [2, None], {'k': 'v'}), (1, [2, None], {'k': 'v'})),
        (deque([1, 2]), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (ConfigDict(a=dict(b=(1, 2))), {'a': {'b': (1, 2)}}),
        (np.array(['x', 'y']), ['x', 'y']),
    ],
)
def test_value_becomes_plain(value, expected):
    result = through_a_file(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    'array',
    [
        np.arange(6, dtype='float32').reshape(2, 3).T,
        np.array(3.5),
        np.array([], 'uint8'),
        np.array([True, False]),
    ],
)
def test_array_comes_back_equal(array):
    result = through_a_file({'a': array})['a']
    assert result.dtype == array.dtype
    assert result.shape == array.shape
    assert np.array_equal(result, array)


def test_history_buffer_goes_on_where_it_was():
    buffer = HistoryBuffer([1.0, 2.0, 6.0], [1, 1, 2], max_length=5)
    again = through_a_file(OrderedDict(loss=buffer))['loss']
    assert isinstance(again, HistoryBuffer)
    for _ in range(4):
        buffer.update(4.0, 1)
        again.update(4.0, 1)
    assert all(map(np.array_equal, buffer.data, again.data))
    assert again.mean() == buffer.mean()


def test_what_has_no_plain_form_is_named():
    with pytest.raises(TypeError, match=r'builtins\.function'):
        to_plain({'a': [test_value_becomes_plain]})
