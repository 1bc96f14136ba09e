from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from mmseaice.errors import (
    EmptyChartError,
    EmptySceneError,
    MissingVariableError,
)
from mmseaice.scenes import check_scene


@pytest.fixture
def scene():
    sar = np.full((4, 5), np.nan, np.float32)
    sar[1, 2] = -14
    labels = np.full((4, 5), 255, np.uint8)
    return xr.Dataset(
        {
            'HH': (('y', 'x'), sar),
            'HV': (('y', 'x'), sar - 10),
            'SIC': (('y', 'x'), np.where(sar < 0, 3, 255).astype(np.uint8)),
            'SOD': (('y', 'x'), labels),
        },
        attrs={'path': 'a/scene.nc', 'mask': 'chart'},
    )


def test_one_pixel_is_enough(scene):
    check_scene(scene)
    check_scene(scene, ['SIC'])


def test_sar_without_valid_pixel(scene):
    scene['HV'][:] = np.nan
    with pytest.raises(EmptySceneError, match=r'a/scene\.nc.*HV.*chart'):
        check_scene(scene)


def test_one_labelled_chart_of_those_asked_for_is_enough(scene):
    check_scene(scene, ['SIC', 'SOD'])
    with pytest.raises(EmptyChartError, match=r'a/scene\.nc.*SOD'):
        check_scene(scene, ['SOD'])
    scene['SIC'][:] = 255
    with pytest.raises(EmptyChartError, match=r'SIC, SOD'):
        check_scene(scene, ['SIC', 'SOD'])
    check_scene(scene)


def test_chart_that_is_absent(scene):
    with pytest.raises(MissingVariableError, match=r'FLOE.*reference'):
        check_scene(scene, ['FLOE'])


def test_scene_without_sar_variables(scene):
    check_scene(scene.drop_vars(['HH', 'HV']), ['SIC'])
