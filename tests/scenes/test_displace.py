"""Displaced borders: how far, where they may not, and a plain reference."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.displace import displace_polygons, displacement_field

SHAPE = (300, 410)
SPACING = 40.0


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def ids():
    """Nine polygons on a grid, land along a coast, and some holes."""
    y, x = np.indices(SHAPE)
    found = (1 + 3 * (y // 100) + x // 140).astype(np.float32)
    found[y + x < 120] = np.nan
    found[(y - 200) ** 2 + (x - 300) ** 2 < 900] = np.nan
    return found


@pytest.mark.parametrize('rms', [0.4, 3.0, 50.0])
def test_field_has_the_stated_size_and_no_folds(rms):
    down, right = displacement_field(SHAPE, rms, rng())
    assert down.shape == right.shape == SHAPE
    assert down.dtype == right.dtype == np.float32
    length = np.hypot(down.astype(float), right)
    assert np.sqrt(np.mean(length**2)) == pytest.approx(rms, rel=1e-4)
    # Neighbours stay neighbours: the map has a positive area everywhere.
    dy, dx = np.gradient(down), np.gradient(right)
    area = (1 + dy[0]) * (1 + dx[1]) - dy[1] * dx[0]
    assert area.min() > 0


def test_axes_are_independent():
    parts = [displacement_field((900, 900), 5.0, rng(s)) for s in range(4)]
    across = [np.corrcoef(d.ravel(), r.ravel())[0, 1] for d, r in parts]
    assert abs(np.mean(across)) < 0.1
    powers = [np.mean(d**2) / np.mean(r**2) for d, r in parts]
    assert np.mean(powers) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize('metres', [80.0, 800.0, 4000.0])
def test_only_borders_between_polygons_move(ids, metres):
    before = ids.copy()
    found = displace_polygons(ids, metres, SPACING, rng(1))
    np.testing.assert_array_equal(ids, before)
    assert found.dtype == ids.dtype
    np.testing.assert_array_equal(np.isnan(found), np.isnan(ids))
    assert set(np.unique(found[~np.isnan(found)])) <= set(range(1, 10))
    assert (found != ids)[~np.isnan(ids)].any()


def test_every_pixel_looks_where_the_field_points(ids):
    """Pixel by pixel, with half steps where land is in the way."""
    metres = 600.0
    down, right = displacement_field(SHAPE, metres / SPACING, rng(5))
    expected = ids.copy()
    halved = 0
    for y, x in np.argwhere(~np.isnan(ids)):
        for step in (1, 0.5, 0.25, 0):
            row = min(max(round(y + step * float(down[y, x])), 0), 299)
            col = min(max(round(x + step * float(right[y, x])), 0), 409)
            if not np.isnan(ids[row, col]):
                expected[y, x] = ids[row, col]
                break
        halved += step < 1
    assert halved > 100
    found = displace_polygons(ids, metres, SPACING, rng(5))
    np.testing.assert_array_equal(found, expected)


def test_a_border_moves_as_far_as_stated():
    """A straight border, displaced across by 1 / sqrt(2) of the length."""
    x = np.indices((2000, 400))[1]
    moved = []
    for seed in range(5):
        found = displace_polygons(1 + (x >= 200), 800.0, SPACING, rng(seed))
        moved += [(found == 1).sum(axis=1) - 200]
    rms = np.sqrt(np.mean(np.square(moved)))
    assert rms * SPACING == pytest.approx(800 / np.sqrt(2), rel=0.2)


@pytest.mark.parametrize('dtype', ['u1', 'u2', 'i4', 'f8'])
def test_types_and_marks_of_no_polygon(ids, dtype):
    stored = np.nan_to_num(ids).astype(dtype)
    stored[5:9, 200:240] = 65535 if dtype != 'u1' else 0
    found = displace_polygons(stored, 700.0, SPACING, rng(2))
    assert found.dtype == dtype
    for mark in (0, 65535):
        np.testing.assert_array_equal(found == mark, stored == mark)
    mask = np.zeros(SHAPE, bool)
    mask[100:140] = True
    hidden = np.where(mask, 77, stored).astype(dtype)
    found = displace_polygons(
        np.ma.masked_array(hidden, mask), 700.0, SPACING, rng(2)
    )
    np.testing.assert_array_equal(found == 77, mask)


def test_no_metre_changes_nothing(ids):
    found = displace_polygons(ids, 0, SPACING, rng())
    np.testing.assert_array_equal(found, ids)
    assert found is not ids


def test_a_seed_is_a_result(ids):
    one, same, other = (
        displace_polygons(ids, 900.0, SPACING, rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other, equal_nan=True)


def test_a_scene_without_polygons_stays():
    empty = np.full((50, 60), np.nan, np.float32)
    found = displace_polygons(empty, 500.0, SPACING, rng())
    assert np.isnan(found).all()


@pytest.mark.parametrize('metres', [-1, np.nan, np.inf])
def test_impossible_displacements(ids, metres):
    with pytest.raises(ValueError, match='metres must be finite and 0'):
        displace_polygons(ids, metres, SPACING, rng())
