"""Lines that come one by one against the interpolation of all at once."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.apis.line_refiner import LineRefiner
from mmseaice.models.utils import refine_bilinear, refine_nearest


def in_pieces(values, seen, sizes):
    start = 0
    for size in sizes:
        stop = min(start + size, values.shape[1])
        if stop > start:
            yield values[:, start:stop], seen[start:stop]
        start = stop
    if start < values.shape[1]:
        yield values[:, start:], seen[start:]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 20),
    st.sampled_from([1, 1.125, 1.5, 2, 2.5, 4.5]),
    st.integers(0, 4),
    st.lists(st.integers(1, 9), max_size=8),
    st.integers(1, 50),
    st.floats(0, 1),
)
def test_equals_the_whole_map(h, w, factor, more, sizes, at_once, start):
    # The fine grid may have lines that fill no cell.
    more = min(more, math.ceil((h + 1) * factor) - math.ceil(h * factor) - 1)
    shape = (math.ceil(h * factor) + more, math.ceil(w * factor))
    values = torch.randn(4, h, w)
    seen = torch.ones(h, w, dtype=torch.bool)
    first = int(start * (shape[0] - 1))
    refiner = LineRefiner(factor, (h, w), shape, [1], first, at_once)
    begin = refiner.first_cell
    pieces = in_pieces(values[:, begin:], seen[begin:], sizes)
    parts = list(refiner.run(pieces, begin))
    assert all(part.shape[1] <= at_once for part, _ in parts)
    fine = torch.cat([part for part, _ in parts], dim=1)
    wanted = refine_bilinear(values, factor, shape)
    wanted[1] = refine_nearest(values, factor, shape)[1]
    torch.testing.assert_close(fine, wanted[:, first:], atol=1e-4, rtol=1e-4)
    assert all(known.all() for _, known in parts)


@pytest.mark.parametrize('factor', [1, 2.5])
def test_what_is_unknown_does_not_spread(factor):
    values = torch.full((2, 12, 12), 7.0)
    seen = torch.zeros(12, 12, dtype=torch.bool)
    seen[3:7, 2:9] = True
    values[:, ~seen] = -1000
    shape = (int(12 * factor), int(12 * factor))
    refiner = LineRefiner(factor, (12, 12), shape)
    pieces = in_pieces(values, seen, [5, 1, 4])
    parts = list(refiner.run(pieces))
    fine = torch.cat([part for part, _ in parts], dim=1)
    known = torch.cat([known for _, known in parts])
    torch.testing.assert_close(
        fine[:, known], torch.full_like(fine, 7)[:, known]
    )
    inside = refine_nearest(seen[None], factor, shape)[0]
    assert known[inside].all()
