"""2 km fields land on the pixels that they belong to."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.scenes.coarse import interpolate_coarse
from mmseaice.scenes.resample import resample_scene
from mmseaice.testing.recipes import make_scene


def slope_field(scene):
    """Metres from the scene's corner at every cell of the 2 km grid."""
    spacing = scene.attrs['pixel_spacing']
    y, x = scene.y_2km.values * spacing, scene.x_2km.values * spacing
    return y[:, None] + 1e-3 * x


@pytest.mark.parametrize('spacing', [80, 120, 200, 360])
def test_positions_are_exact_at_every_spacing(spacing):
    scene = make_scene(260, 310)
    field = slope_field(scene)
    level = resample_scene(scene, spacing)
    y, x = 2600 // spacing, 4200 // spacing
    out = interpolate_coarse(
        field, level.y_2km.values, level.x_2km.values,
        y=y, x=x, height=7, width=9,
    )  # fmt: skip
    rows = (y + np.arange(7) + 0.5) * spacing
    cols = (x + np.arange(9) + 0.5) * spacing
    np.testing.assert_allclose(out, rows[:, None] + 1e-3 * cols, rtol=1e-9)


def test_windows_are_cut_from_the_whole():
    rng = np.random.default_rng(1)
    field = rng.normal(size=(3, 5, 6)).astype(np.float32)
    centres = 12.5 + 25 * np.arange(5), 12.5 + 25 * np.arange(6)
    whole = interpolate_coarse(
        field, *centres, y=0, x=0, height=130, width=160
    )
    part = interpolate_coarse(field, *centres, y=31, x=44, height=50, width=60)
    np.testing.assert_array_equal(part, whole[:, 31:81, 44:104])
    # Cell (1, 2) is centred on the corner of pixels at 37.5, 62.5.
    np.testing.assert_allclose(whole[:, 37, 62], field[:, 1, 2], rtol=1e-6)


def test_edges_continue_and_gaps_stay_where_they_are():
    field = np.array([[1, 2], [3, np.nan]], np.float32)
    centres = np.array([12.5, 37.5])
    out = interpolate_coarse(
        field, centres, centres, y=-10, x=-10, height=70, width=70
    )
    assert (out[:20, :20] == 1).all()
    missing = np.zeros((70, 70), bool)
    missing[35:, 35:] = True
    np.testing.assert_array_equal(np.isnan(out), missing)
