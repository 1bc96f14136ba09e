"""Tables and footprints of a store's scenes."""

import csv
import json

import numpy as np
import pytest

from mmseaice.scenes import SceneStore
from mmseaice.scenes.metadata import (
    scene_row,
    scene_table,
    write_scene_csv,
    write_scene_geojson,
)
from mmseaice.testing import build_tiny_store


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('metadata') / 'a.zarr'
    build_tiny_store(path, 3)
    return SceneStore(path)


def test_a_row_says_what_the_store_knows(store):
    rows = scene_table(store)
    assert [row['scene_id'] for row in rows] == list(store.scene_ids)
    row, scene = rows[0], store[rows[0]['scene_id']]
    assert (row['lines'], row['samples']) == scene.shape(80)
    shares = [value for key, value in row.items() if key.startswith('SOD ')]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    corners = np.array(row['footprint'])
    assert row['south'] <= row['latitude'] <= row['north']
    assert row['north'] == pytest.approx(corners[:, 0].max())


def test_csv_holds_every_row(store, tmp_path):
    rows = scene_table(store)
    write_scene_csv(tmp_path / 'a.csv', rows)
    with open(tmp_path / 'a.csv', newline='') as file:
        read = list(csv.DictReader(file))
    assert [row['scene_id'] for row in read] == list(store.scene_ids)
    assert float(read[0]['latitude']) == rows[0]['latitude']
    assert 'footprint' not in read[0]


def attrs(corners):
    return {
        'product_id': 'S1A',
        'ice_service': 'dmi',
        'acquisition_time': '2020-01-01T00:00:00',
        'absolute_orbit': 1,
        'chart_id': 'dmi_202001010000_Qaanaaq_RIC',
        'release': 'Dec-2022',
        'shapes': {'80': [10, 20]},
        'valid_share': 0.5,
        'class_histogram': {'SIC': [0] * 11},
        'footprint': corners,
    }


def test_a_scene_across_the_date_line(tmp_path):
    corners = [(74, 178), (74, -178), (76, -178), (76, 178)]
    row = scene_row('a', attrs(corners))
    assert abs(row['longitude']) == pytest.approx(180)
    assert (row['west'], row['east']) == (178, -178)
    assert row['region'] == 'Qaanaaq_RIC'
    assert row['SIC 0 %'] is None
    write_scene_geojson(tmp_path / 'a.geojson', [row])
    content = json.loads((tmp_path / 'a.geojson').read_text())
    (ring,) = content['features'][0]['geometry']['coordinates']
    longitude, latitude = np.array(ring).T
    assert np.ptp(longitude) == pytest.approx(4)
    assert ring[0] == ring[-1]
    area = longitude[:-1] @ latitude[1:] - longitude[1:] @ latitude[:-1]
    assert area > 0


def test_a_scene_without_tie_points_has_no_place(tmp_path):
    whole = attrs([])
    del whole['footprint']
    row = scene_row('a', whole)
    assert 'latitude' not in row
    write_scene_geojson(tmp_path / 'a.geojson', [row])
    content = json.loads((tmp_path / 'a.geojson').read_text())
    assert content['features'][0]['geometry'] is None
