"""Annotation of a real product, and of a simulated one."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.errors import SceneFileError
from mmseaice.scenes.geolocation import Geolocation, geodetic_to_ecef
from mmseaice.scenes.sentinel1.annotation import TieGrid, read_annotation


@pytest.fixture(scope='module')
def real(shared_data):
    """Annotation of the first sub-swath of a real EW SLC product."""
    files = sorted(shared_data.glob('s1_annotation/*.SAFE/annotation/*hh*'))
    if not files:
        pytest.skip('no real annotation')
    return read_annotation(files[0])


def test_real_annotation(real):
    """Numbers as they stand in the file."""
    assert (real.product_type, real.mode, real.polarisation) == (
        'SLC',
        'EW',
        'HH',
    )
    assert (real.start, real.stop) == ('20210403T122536', '20210403T122628')
    assert (real.absolute_orbit, real.datatake) == (37286, '046484')
    assert real.shape == (19856, 8185)
    assert not real.is_denoised
    assert real.swaths == ()
    ties = real.ties
    assert ties.latitude.shape == (18, 21)
    assert ties.latitude[0, 0] == 79.26742931108166
    assert ties.longitude[0, 0] == -61.83150959216961
    assert ties.height[0, 0] == 1162.964623668231
    assert ties.incidence.min() == pytest.approx(19.32, abs=0.01)
    assert ties.incidence.max() == pytest.approx(28.71, abs=0.01)


def test_real_incidence_grows_across_the_swath(real):
    assert (np.diff(real.ties.incidence, axis=1) > 0).all()


def test_real_grid_is_smooth(real):
    """Points left out are where their neighbours say they are."""
    ties = real.ties
    keep = np.arange(0, 21, 2)
    thin = Geolocation(
        ties.latitude[:, keep],
        ties.longitude[:, keep],
        ties.line,
        ties.sample[keep],
    )
    found = geodetic_to_ecef(*thin.grid(ties.line, ties.sample))
    wanted = geodetic_to_ecef(ties.latitude, ties.longitude)
    off = np.linalg.norm(np.subtract(found, wanted), axis=0)
    # The mountains of Ellesmere Island move points by some 100 m.
    sea = (ties.height < 50)[:, 1::2]
    assert sea.mean() > 0.2
    assert np.median(off[:, 1::2][sea]) < 10


def test_swaths_fill_the_image(safe):
    path = sorted(safe.glob('annotation/*.xml'))[0]
    annotation = read_annotation(path)
    count = np.zeros(annotation.shape, int)
    for bounds in annotation.swaths:
        (first, last), (left, right) = bounds.lines, bounds.samples
        count[first : last + 1, left : right + 1] += 1
    assert (count == 1).all()
    names = [bounds.swath for bounds in annotation.swaths]
    assert names == ['EW1', 'EW2', 'EW3', 'EW4', 'EW5']


def test_a_grid_with_a_hole_is_refused(broken):
    path = sorted(broken.glob('annotation/*.xml'))[0]
    text = path.read_text()
    text = text.replace('<pixel>0</pixel>', '<pixel>1</pixel>', 1)
    path.write_text(text)
    with pytest.raises(SceneFileError, match='fill a grid'):
        read_annotation(path)


def test_raised_points_are_brought_to_sea_level():
    """Terrain is shown where the sea behind it would be, nearer by h/tan."""
    line, sample = np.arange(0, 10001, 500.0), np.arange(0, 10001, 500.0)
    sea = Geolocation(
        *np.meshgrid(
            np.linspace(70, 73.6, len(line)),
            np.linspace(-30, -18, len(sample)),
            indexing='ij',
        ),
        line,
        sample,
    )
    rng = np.random.default_rng(0)
    incidence = np.broadcast_to(np.linspace(20, 46, 21), (21, 21))
    height = rng.uniform(0, 1800, (21, 21)) * (rng.random((21, 21)) < 0.3)
    shift = height / np.tan(np.radians(incidence)) / 40
    rows = np.broadcast_to(line[:, None], (21, 21))
    shown = sea.at(rows, sample + shift)
    ties = TieGrid(line, sample, *shown, incidence, height)
    level = ties.at_sea_level(40)
    wanted = sea.at(rows, np.broadcast_to(sample, (21, 21)))
    metres = np.linalg.norm(
        np.subtract(
            geodetic_to_ecef(level.latitude, level.longitude),
            geodetic_to_ecef(*wanted),
        ),
        axis=0,
    )
    off = np.linalg.norm(
        np.subtract(geodetic_to_ecef(*shown), geodetic_to_ecef(*wanted)),
        axis=0,
    )
    assert off.max() > 1500
    assert metres.max() < 40
    assert not level.height.any()
    flat = TieGrid(line, sample, *wanted, incidence, np.zeros((21, 21)))
    assert flat.at_sea_level(40) is flat
