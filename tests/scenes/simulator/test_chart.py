"""Egg codes must say what the pixels inside the polygons hold."""

from __future__ import annotations

import numpy as np
import pytest

from mmseaice.charts import TASKS, read_polygon_codes
from mmseaice.scenes.simulator import simulate_scene
from mmseaice.scenes.simulator.egg import STAGE_CODES, egg_code


def truth_in(scene, number):
    """Concentration (0..1), stage and floe of the pixels of a polygon."""
    height, width = scene.truth['stage'].shape
    ids = scene.polygon_id[::2, ::2][:height, :width]
    inside = (ids == number) & (scene.truth['stage'] != 255)
    fields = (scene.truth[n][inside] for n in ('concentration', 'stage'))
    concentration, stage = fields
    return concentration / 100, stage


@pytest.mark.parametrize('index', [0, 1, 2])
def test_codes_summarise_the_truth(index):
    scene = simulate_scene(6, index, lines=1200, samples=1200)
    header, *rows = scene.polygon_codes
    assert header == 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'
    assert len(rows) >= 4
    ids = set(np.unique(scene.polygon_id[~np.isnan(scene.polygon_id)]))
    numbers = [int(row.split(';')[0]) for row in rows]
    assert ids <= set(numbers)
    kinds = set()
    for row in rows:
        number, CT, *fields, _, _, CF, kind = row.split(';')
        kinds.add(kind)
        concentration, stage = truth_in(scene, int(number))
        mean = concentration.mean()
        tenths = {'00': 0, '01': 0, '91': 9.75, '92': 10}.get(CT)
        tenths = int(CT) / 10 if tenths is None else tenths
        assert abs(tenths - 10 * mean) <= 1, row
        assert (kind == 'W') == (CT in ('00', '01'))
        assert (kind == 'W') == (mean < 0.1) or abs(mean - 0.1) < 0.002
        partials, stages = fields[0::3], fields[1::3]
        present = [code for code in stages if code != '-9']
        classes = [TASKS['SOD'].code_map[int(code)] for code in present]
        # Oldest first.
        assert classes == sorted(classes, reverse=True)
        assert len(CF) in (4, 5)
        if len(present) > 1:
            shares = [int(part) for part in partials if part != '-9']
            total = 100 if CT in ('91', '92') else int(CT)
            assert sum(shares) == total
        if kind == 'I':
            area = np.bincount(stage, concentration, 6)
            assert area.argmax() in classes
            assert set(classes) <= set(np.flatnonzero(area))
    # Ice may reach into every polygon of one scene, not of all three.
    assert 'I' in kinds
    assert 'W' in kinds or index == 0


def test_codes_can_be_read(scene):
    polygons = list(read_polygon_codes(scene.polygon_codes))
    assert len(polygons) == len(scene.polygon_codes) - 1


def test_ids_have_gaps():
    ids = [
        [
            int(row.split(';')[0])
            for row in simulate_scene(
                7, index, lines=600, samples=600
            ).polygon_codes[1:]
        ]
        for index in range(4)
    ]
    assert all(numbers == sorted(set(numbers)) for numbers in ids)
    assert any(numbers[0] != 1 for numbers in ids)
    assert any(np.diff(numbers).max(initial=1) > 1 for numbers in ids)


def test_charts_are_coarser_than_the_ice(scene):
    """Few changes of polygon along a line, many of true stage."""
    stage = scene.truth['stage'].astype(int)
    changes = np.count_nonzero(np.diff(stage, axis=1))
    ids = np.nan_to_num(scene.polygon_id[::2, ::2])
    borders = np.count_nonzero(np.diff(ids, axis=1))
    assert borders < changes / 10


def test_chart_has_holes(scene):
    land = scene.distance_zone == 0
    assert land.any()
    assert np.isnan(scene.polygon_id[land]).all()


def test_code_tables_are_sigrid():
    for stage in range(1, 6):
        for code in STAGE_CODES[stage]:
            assert TASKS['SOD'].code_map[int(code)] == stage


@pytest.mark.parametrize(
    ('percent', 'CT', 'kind'),
    [
        (0.1, '00', 'W'),
        (0.5, '01', 'W'),
        (6, '01', 'W'),
        (9.9, '01', 'W'),
        (10, '10', 'I'),
        (14, '10', 'I'),
        (16, '20', 'I'),
    ],
)
def test_less_than_a_tenth_is_water(percent, CT, kind):
    """No polygon of more than nine tenths of water has a stage of ice."""
    area = np.zeros((6, 7))
    area[0, 0], area[4, 3] = 100 - percent, percent
    fields = egg_code(area, ['', '81', '83', '87', '91', '95'])
    assert (fields[0], fields[-1]) == (CT, kind)
    assert (fields[2] == '-9') == (kind == 'W')


def test_form_of_brash():
    area = np.zeros((6, 7))
    area[2, 1] = 1
    style = ['', '81', '83', '87', '91', '95']
    assert egg_code(area, style, brash=True)[3] == '01'
    assert egg_code(area, style)[3] == '02'


def test_egg_code_by_hand():
    area = np.zeros((6, 7))
    area[0, 0] = 200
    area[5, 4] = 240  # old ice, big floes
    area[4, 3] = 560  # thick first-year ice, medium floes
    style = ['', '81', '83', '87', '91', '95']
    assert ';'.join(egg_code(area, style)) == (
        '80;20;95;05;60;91;04;-9;-9;-9;-9;-9;04-9;I'
    )
    area[4:] = 0
    assert ';'.join(egg_code(area, style)) == (
        '00;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;W'
    )
    area[4, 6] = 1e6  # fast ice
    assert ';'.join(egg_code(area, style)) == (
        '92;-9;91;08;-9;-9;-9;-9;-9;-9;-9;-9;08-9;I'
    )
