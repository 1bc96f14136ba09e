"""Mosaics against every cell worked out on its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rio_cogeo.cogeo import cog_validate

from mmseaice.scenes.geolocation import Geolocation
from mmseaice.scenes.products import mosaic
from mmseaice.scenes.products.geotiff import write_geotiff
from mmseaice.scenes.products.mosaic import write_mosaic
from mmseaice.testing import make_charted

TIMES = ('2018-06-07T18:43:26', '2018-06-08T06:43:26', '2018-06-06T00:43:26')
AGES = (12.0, 0.0, 54.0)


def shifted(seed, time, north, east):
    scene = make_charted(90, 100, seed)
    scene['latitude'] = scene['latitude'] + north
    scene['longitude'] = scene['longitude'] + east
    return scene.assign_attrs(acquisition_time=time)


@pytest.fixture(scope='module')
def scenes():
    places = [(0, 0), (0.03, 0.1), (-0.02, 0.15)]
    return [
        shifted(seed, time, *place)
        for seed, (time, place) in enumerate(zip(TIMES, places, strict=True))
    ]


def read(paths):
    layers = {}
    for path in paths:
        with rasterio.open(path) as file:
            name = path.stem.removeprefix('mosaic_')
            layers[name] = np.nan_to_num(file.read(1), nan=-1)
            assert (layers[name].shape, file.res) == (file.shape, (80, 80))
    return layers, file.bounds


def brute_force(scenes, bounds, rank):
    """Per cell, (status, rank, age, scene, pixel) of the best, or None."""
    x = np.arange(bounds.left, bounds.right, 80) + 40
    y = np.arange(bounds.top, bounds.bottom, -80) - 40
    back = Transformer.from_crs('EPSG:3413', 'EPSG:4326', always_xy=True)
    longitude, latitude = back.transform(*np.meshgrid(x, y))
    places = [
        np.floor(Geolocation.from_scene(scene).locate(latitude, longitude))
        for scene in scenes
    ]
    best = np.full(latitude.shape, None, object)
    for cell in np.ndindex(best.shape):
        found = []
        for k, (line, sample) in enumerate(places):
            if line[cell] >= 0:
                at = int(line[cell]), int(sample[cell])
                status = int(scenes[k]['status'].values[at])
                first = rank(k, at) if status == 0 else 0
                found.append((status, first, AGES[k], k, at))
        if found:
            best[cell] = min(found)
    return best


@pytest.mark.parametrize('prefer', ['newest', 'certain'])
def test_equals_brute_force(scenes, tmp_path, monkeypatch, prefer):
    entropy = [scene['SOD_entropy'].values for scene in scenes]
    sic = [np.rint(scene['SIC'].values * 10) for scene in scenes]
    monkeypatch.setattr(mosaic, 'BLOCK_ROWS', 32)
    layers, bounds = read(write_mosaic(scenes, tmp_path, prefer=prefer))

    def rank(k, at):
        return entropy[k][at] if prefer == 'certain' else 0

    best = brute_force(scenes, bounds, rank)
    assert layers['SOD'].shape == best.shape
    winners, differing = set(), 0
    for cell, found in np.ndenumerate(best):
        status, _, age, k, at = found or (255, 0, -1, 65535, None)
        expected = {'status': status, 'age': -1, 'scene': 65535}
        expected |= {'SIC': 255, 'SOD': 255, 'FLOE_set': 0}
        if status == 0:
            winners.add(k)
            expected |= {'age': age, 'scene': k, 'SIC': sic[k][at]}
            for name in ('SOD', 'FLOE_set'):
                expected[name] = scenes[k][name].values[at]
        got = {name: layers[name][cell] for name in expected}
        differing += got != expected
    assert winners == {0, 1, 2}
    # A centre on the edge of two pixels may go either way.
    assert differing < 0.005 * best.size


def test_of_one_scene_is_its_geotiff(scenes, tmp_path):
    alone = write_geotiff(scenes[0], tmp_path / 'alone')
    layers, _ = read(write_mosaic(scenes[:1], tmp_path))
    for path in alone:
        with rasterio.open(path) as file:
            name = path.stem.removeprefix('alone_')
            np.testing.assert_array_equal(file.read(1), layers[name])


def test_order_of_the_scenes_does_not_matter(scenes, tmp_path):
    layers, _ = read(write_mosaic(scenes, tmp_path / 'a'))
    turned, _ = read(write_mosaic(scenes[::-1], tmp_path / 'b'))
    for name in layers:
        if name != 'scene':
            np.testing.assert_array_equal(layers[name], turned[name])
    seen = layers['scene'] < 3
    np.testing.assert_array_equal(
        layers['scene'][seen], 2 - turned['scene'][seen]
    )


def test_bounds_cut_out_cells_of_the_whole(scenes, tmp_path):
    whole, bounds = read(write_mosaic(scenes, tmp_path / 'whole'))
    left, top = bounds.left + 40 * 80, bounds.top - 30 * 80
    cut = left + 5, top - 3000, left + 4001, top - 5
    part, inner = read(write_mosaic(scenes, tmp_path / 'part', bounds=cut))
    assert (inner.left, inner.top) == (left, top)
    height, width = part['SOD'].shape
    assert (height, width) == (38, 51)
    for name, values in whole.items():
        expected = values[30 : 30 + height, 40 : 40 + width]
        np.testing.assert_array_equal(part[name], expected)


def test_files_say_what_they_hold(scenes, tmp_path):
    paths = write_mosaic(scenes, tmp_path, prefer='certain', spacing=160)
    assert {p.stem for p in paths} >= {'mosaic_age', 'mosaic_scene'}
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for path in paths:
        assert cog_validate(path, strict=True, quiet=True)[0]
        with rasterio.open(path) as file:
            tags = file.tags()
        assert 'Not for navigation' in tags['comment']
        assert tags['prefer'] == 'certain, by SOD_entropy'
        found = [
            each['acquisition_time'] for each in json.loads(tags['scenes'])
        ]
        assert found == list(TIMES)
        assert tags['newest_acquisition_time'].startswith(TIMES[1])


def test_a_scene_may_lack_a_task(scenes, tmp_path):
    bare = scenes[1][['SOD', 'status', 'latitude', 'longitude']]
    layers, _ = read(write_mosaic([scenes[0], bare], tmp_path))
    from_bare = layers['scene'] == 1
    assert from_bare.any()
    assert (layers['SIC'][from_bare] == 255).all()
    assert (layers['SOD'][from_bare] < 6).all()
    with pytest.raises(ValueError, match=r'SOD_entropy.*none that all have'):
        write_mosaic([scenes[0], bare], tmp_path / 'b', prefer='certain')


def test_bad_arguments(scenes, tmp_path):
    with pytest.raises(ValueError, match='at least one'):
        write_mosaic([], tmp_path)
    with pytest.raises(ValueError, match="'newest' or 'certain'"):
        write_mosaic(scenes, tmp_path, prefer='best')
    with pytest.raises(ValueError, match='must touch a scene'):
        write_mosaic(scenes, tmp_path, bounds=(0, 0, 800, 800))
    assert not list(tmp_path.iterdir())
