from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseaice.charts import (
    polygon_classes,
    polygons_to_charts,
    read_polygon_codes,
)
from mmseaice.errors import PolygonCodeError

HEADER = 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'

# The lookup of the published labels, written out once more.
SIC_CLASS = {0: 0, 1: 0, 2: 0, 55: 0, 91: 10, 92: 10} | {
    10 * t: t for t in range(1, 10)
}
SOD_CLASS = {0: 0, 80: 0, 81: 1, 82: 1, 83: 2, 84: 2, 85: 2, 87: 3, 88: 3}
SOD_CLASS |= {89: 3, 86: 4, 91: 4, 93: 4, 95: 5, 96: 5, 97: 5, 98: 255}
SOD_CLASS |= {99: 255}
FLOE_CLASS = {0: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 5, 9: 6, 10: 6}
FLOE_CLASS |= dict.fromkeys((1, 8, 21, 22), 255)


def charts_of(row, **options):
    """Classes (SIC, SOD, FLOE) of a table with one row."""
    number = float(row.split(';')[0])
    charts = polygons_to_charts(np.array([[number]]), [HEADER, row], **options)
    return tuple(int(charts[name][0, 0]) for name in ('SIC', 'SOD', 'FLOE'))


def row_of(ct, a, b, c, kind='I', number=7):
    parts = ';'.join(f'{code:02d}' for triple in (a, b, c) for code in triple)
    return f'{number};{ct:02d};{parts};-9;-9;-9-9;{kind}'


NONE = (-9, -9, -9)


def published_classes(ct, types, kind, sod_threshold, floe_threshold):
    """The published conversion of one polygon, step by step."""
    total = SIC_CLASS.get(ct, ct)
    shares = [SIC_CLASS.get(t[0], t[0]) for t in types]
    if total > 0 and shares[0] == -9:
        shares[0] = total
    result = {}
    for name, column, table, threshold in (
        ('SOD', 1, SOD_CLASS, sod_threshold),
        ('FLOE', 2, FLOE_CLASS, floe_threshold),
    ):
        classes = [table.get(t[column], t[column]) for t in types]
        add = [0, 0, 0]
        if classes[0] == classes[1] and classes[0] != -9:
            add[0] = shares[1]
        if classes[0] == classes[2] and classes[0] != -9:
            add[0] = shares[2]
        if classes[1] == classes[2] and classes[1] != -9:
            add[1] = shares[2]
        sums = [s + a for s, a in zip(shares, add, strict=True)]
        with np.errstate(divide='ignore', invalid='ignore'):
            share = np.divide(max(sums), total) * 100
        label = (
            classes[int(np.argmax(sums))] if share >= threshold * 100 else -9
        )
        if name == 'FLOE' and 255 in classes:
            label = 255
        result[name] = 255 if label == -9 else label
    sic = 0 if kind.lower() == 'w' else total
    if sic == 0:
        return 0, 0, 0
    return (255 if sic == 99 else sic), result['SOD'], result['FLOE']


@pytest.mark.parametrize(
    ('row', 'classes'),
    [
        ('29;92;30;95;05;70;93;08;-9;-9;-9;-9;-9;08-9;I', (10, 4, 255)),
        ('47;80;20;95;06;60;93;06;-9;-9;-9;-9;-9;06-9;I', (8, 4, 5)),
        ('76;02;-9;98;10;-9;-9;-9;-9;-9;-9;-9;-9;10-9;W', (0, 0, 0)),
        # Undetermined concentration, but one stage for all of it.
        ('5;99;-9;91;04;-9;-9;-9;-9;-9;-9;-9;-9;-9-9;I', (255, 4, 3)),
        # Nothing dominates: five, three and two tenths of three stages.
        ('5;92;50;95;05;30;93;04;20;81;03;-9;-9;05-9;I', (10, 255, 255)),
        # Drawn as water, whatever the codes.
        ('5;90;-9;95;05;-9;-9;-9;-9;-9;-9;-9;-9;05-9;w', (0, 0, 0)),
    ],
)
def test_worked_cases(row, classes):
    assert charts_of(row) == classes


def test_third_equal_type_overwrites_only_in_autoice():
    # 4 + 4 + 2 tenths of one stage and form: autoice counts 4 + 2.
    row = row_of(92, (40, 91, 4), (40, 93, 4), (20, 86, 4))
    assert charts_of(row) == (10, 255, 255)
    assert charts_of(row, rules='accumulate') == (10, 4, 3)
    # 6 tenths suffice at the older floe threshold.
    assert charts_of(row, floe_threshold=0.5) == (10, 255, 3)


def test_threshold_is_reached_by_equality():
    row = row_of(92, (70, 95, 5), (30, 93, 4), NONE)
    assert charts_of(row, sod_threshold=0.7) == (10, 5, 4)
    assert charts_of(row, sod_threshold=0.71) == (10, 255, 4)


def test_a_form_without_class_empties_the_whole_polygon():
    row = row_of(92, (90, 95, 5), (10, 93, 22), NONE)
    assert charts_of(row) == (10, 5, 255)
    # An undetermined form in a minor type does not.
    row = row_of(92, (90, 95, 5), (10, 93, 99), NONE)
    assert charts_of(row) == (10, 5, 4)


CONCENTRATIONS = [*SIC_CLASS, 99]
STAGES = [*SOD_CLASS, -9]
FORMS = [*FLOE_CLASS, 99, -9]
TYPE = st.tuples(
    st.sampled_from([*CONCENTRATIONS, -9]),
    st.sampled_from(STAGES),
    st.sampled_from(FORMS),
)
POLYGON = st.tuples(
    st.sampled_from(CONCENTRATIONS), TYPE, TYPE, TYPE, st.sampled_from('IWw')
)
THRESHOLD = st.sampled_from([0.5, 0.55, 0.6, 0.65, 0.7, 1.0])


@settings(max_examples=150, deadline=None)
@given(st.lists(POLYGON, min_size=1, max_size=30), THRESHOLD, THRESHOLD)
def test_autoice_equals_the_published_conversion(polygons, sod, floe):
    rows = [
        row_of(*polygon, number=3 * i + 26)
        for i, polygon in enumerate(polygons)
    ]
    ids = np.array([3 * i + 26 for i in range(len(rows))], np.float32)
    charts = polygons_to_charts(ids, [HEADER, *rows], 'autoice', sod, floe)
    for i, (ct, a, b, c, kind) in enumerate(polygons):
        expected = published_classes(ct, (a, b, c), kind, sod, floe)
        found = tuple(int(charts[n][i]) for n in ('SIC', 'SOD', 'FLOE'))
        if 99 in expected:
            expected = tuple(255 if v == 99 else v for v in expected)
        assert found == expected, rows[i]


def test_rules_agree_unless_three_types_are_equal():
    shares = [(a, b, 100 - a - b) for a in range(10, 90, 10)
              for b in range(10, 100 - a, 10)]  # fmt: skip
    differ = 0
    for (ca, cb, cc), stages in itertools.product(
        shares, itertools.product((81, 91, 95), repeat=3)
    ):
        types = zip((ca, cb, cc), stages, (4, 4, 4), strict=True)
        row = row_of(92, *types)
        (polygon,) = read_polygon_codes([HEADER, row])
        one = polygon_classes(polygon, 'autoice')['SOD']
        all_ = polygon_classes(polygon, 'accumulate')['SOD']
        if len(set(stages)) > 1:
            assert one == all_
        else:
            differ += one != all_
            assert all_ != 255
    assert differ


@pytest.mark.parametrize(
    'make',
    [
        lambda ids: ids,
        lambda ids: ids.astype(np.float64),
        lambda ids: np.nan_to_num(ids, nan=0).astype(np.uint16),
        lambda ids: np.nan_to_num(ids, nan=65535).astype(np.uint16),
        lambda ids: np.nan_to_num(ids, nan=65535).astype(np.int64),
        np.ma.masked_invalid,
    ],
)
def test_ids_in_every_form(make):
    ids = np.full((5, 4), np.nan, np.float32)
    ids[1:3] = 29
    ids[3:, 2:] = 76
    table = [
        HEADER,
        '29;92;30;95;05;70;93;08;-9;-9;-9;-9;-9;08-9;I',
        '76;02;-9;98;10;-9;-9;-9;-9;-9;-9;-9;-9;10-9;W',
    ]
    charts = polygons_to_charts(make(ids), table)
    expected = np.where(ids == 29, 4, np.where(ids == 76, 0, 255))
    assert charts['SOD'].dtype == np.uint8
    np.testing.assert_array_equal(charts['SOD'], expected)


@pytest.mark.parametrize('kind', ['U', 'S', object, list, tuple, bytes])
def test_table_in_every_form(kind):
    table = [HEADER, '47;80;20;95;06;60;93;06;-9;-9;-9;-9;-9;06-9;I']
    if kind is bytes:
        table = [row.encode() for row in table]
    elif kind in (list, tuple):
        table = kind(table)
    else:
        table = np.array(table, kind)
    (polygon,) = read_polygon_codes(table)
    assert (polygon.id, polygon.total, polygon.kind) == (47, 80, 'I')
    assert polygon.partials == (20, 60, -9)
    assert polygon.stages == (95, 93, -9)
    assert polygon.forms == (6, 6, -9)


@pytest.mark.parametrize(
    ('text', 'codes'),
    [('08-9', (8, -9)), ('0806', (8, 6)), ('-9-9', (-9, -9)), ('-9', (-9,))],
)
def test_glued_main_forms(text, codes):
    row = f'1;92;-9;95;05;-9;-9;-9;-9;-9;-9;-9;-9;{text};I'
    assert read_polygon_codes([HEADER, row])[0].main_forms == codes


def test_unknown_code_is_named_and_never_becomes_a_class():
    # 3 is no concentration and 04 no stage, though both are class numbers.
    row = row_of(3, (-9, 4, 4), NONE, NONE, number=12)
    with pytest.warns(UserWarning, match=r'3 in CT of polygon 12.*4 in SA'):
        assert charts_of(row) == (255, 255, 3)


def test_a_polygon_of_unknown_type_counts_as_ice_and_is_named():
    row = row_of(92, (-9, 95, 5), NONE, NONE, number=12)
    assert row.endswith('I')
    with pytest.warns(UserWarning, match="counts as ice: 'L' of polygon 12"):
        charts = charts_of(row[:-1] + 'L')
    assert charts == charts_of(row)


def test_pixels_of_a_polygon_without_row_are_named():
    row = row_of(92, (-9, 95, 5), NONE, NONE, number=12)
    ids = np.array([[12, 13, np.nan]])
    with pytest.warns(UserWarning, match='polygons 13 have no row'):
        charts = polygons_to_charts(ids, [HEADER, row])
    assert charts['SOD'].tolist() == [[5, 255, 255]]


def test_clean_table_warns_of_nothing():
    row = row_of(92, (-9, 95, 99), NONE, NONE, number=12)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        polygons_to_charts(np.array([12.0, np.nan]), [HEADER, row])


def test_empty_map_and_empty_table():
    charts = polygons_to_charts(np.full((3, 2), np.nan), [HEADER])
    assert all((chart == 255).all() for chart in charts.values())
    assert polygons_to_charts(np.zeros((0, 4)), [HEADER])['SIC'].shape == (
        0,
        4,
    )


def test_last_row_of_an_id_counts():
    rows = [
        row_of(92, (-9, 95, 5), NONE, NONE),
        row_of(50, (-9, 81, 3), NONE, NONE),
    ]
    charts = polygons_to_charts(np.array([7]), [HEADER, *rows])
    assert [int(charts[n][0]) for n in ('SIC', 'SOD', 'FLOE')] == [5, 1, 2]


@pytest.mark.parametrize(
    ('table', 'named'),
    [
        ([], 'empty table'),
        (['29;92;30;95;05;70;93;08;-9;-9;-9;-9;-9;08-9;I'], 'poly_id'),
        ([HEADER, '29;92;30'], '15 fields'),
        ([HEADER, row_of(92, NONE, NONE, NONE).replace('92', 'x')], 'CT'),
        ([HEADER, '1;92;-9;95;05;-9;-9;-9;-9;-9;-9;-9;-9;8--9;I'], 'CF'),
        ([HEADER, row_of(92, NONE, NONE, NONE, number=-3)], '-3'),
        (HEADER[:10], 'poly_id'),
    ],
)
def test_malformed_table(table, named):
    with pytest.raises(PolygonCodeError, match=named):
        polygons_to_charts(np.array([1.0]), table)


def test_interpolated_ids_are_refused():
    row = row_of(92, (-9, 95, 5), NONE, NONE)
    with pytest.raises(PolygonCodeError, match='whole numbers'):
        polygons_to_charts(np.array([7.5]), [HEADER, row])


@pytest.mark.parametrize(
    'options',
    [{'rules': 'mine'}, {'sod_threshold': 0}, {'floe_threshold': 65}],
)
def test_wrong_arguments(options):
    with pytest.raises(ValueError, match='must be'):
        polygons_to_charts(np.array([1.0]), [HEADER], **options)
