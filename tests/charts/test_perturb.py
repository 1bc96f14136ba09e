"""Perturbed egg codes against all that they may become, enumerated here."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from mmseaice.charts import polygon_shares, read_polygon_codes
from mmseaice.charts.perturb import perturb_codes
from mmseaice.errors import PolygonCodeError

HEADER = 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'
TENTHS = {10 * tenth: tenth for tenth in range(1, 10)} | {91: 10, 92: 10}
COLUMNS = HEADER.split(';')
MOVED = ('CT', 'CA', 'CB', 'CC')


def rng(seed=0):
    return np.random.default_rng(seed)


def row_of(total, *shares, number=7, kind='I'):
    """An egg of these concentration codes, with its own stages and forms."""
    types = [
        f'{share};{stage};0{form}'
        for share, stage, form in zip(
            shares, (95, 91, 83), (6, 4, 2), strict=False
        )
    ]
    types += ['-9;-9;-9'] * (3 - len(types))
    return f'{number};{total};{";".join(types)};-9;81;06-9;{kind}'


def cells(row):
    return dict(zip(COLUMNS, row.split(';'), strict=True))


def tenths_of(row):
    """Total, and tenths of the types that have a share."""
    total, *shares = (int(cells(row)[name]) for name in MOVED)
    shares = [TENTHS[share] for share in shares if share > 0]
    return TENTHS[total], tuple(shares)


def random_rows(count):
    draw = rng(3)
    for number in range(1, count + 1):
        types = int(draw.integers(1, 4))
        while True:
            shares = draw.integers(1, 11, types)
            if shares.sum() <= 10 and (types == 1 or shares.max() < 10):
                break
        total = int(shares.sum())
        code = draw.choice([91, 92]) if total == 10 else 10 * total
        codes = [-9] if types == 1 else [10 * share for share in shares]
        yield row_of(code, *codes, number=number)


@pytest.mark.parametrize('tenths', [1, 2, 4])
def test_every_egg_stays_whole_and_near(tenths):
    before = [HEADER, *random_rows(400)]
    after = perturb_codes(before, tenths, rng())
    assert after[0] == HEADER
    assert len(read_polygon_codes(after)) == 400
    moved = 0
    for old, new in zip(before[1:], after[1:], strict=True):
        (was, parts_were), (total, parts) = tenths_of(old), tenths_of(new)
        assert abs(total - was) <= tenths
        assert len(parts) == len(parts_were)
        assert sum(parts) == (total if parts else 0)
        for part, part_was in zip(parts, parts_were, strict=True):
            assert part >= 1
            assert abs(part - part_was) <= tenths
        assert (was, parts_were) != (total, parts) or old == new
        moved += old != new
        rest = [name for name in COLUMNS if name not in MOVED]
        assert [cells(old)[n] for n in rest] == [cells(new)[n] for n in rest]
    assert moved > 200


def test_what_can_be_read_before_can_be_read_after():
    before = [HEADER, *random_rows(200)]
    shares = polygon_shares(perturb_codes(before, 1, rng(1)))
    for number, was in polygon_shares(before).items():
        found = shares[number]
        assert found['SIC'][0] == pytest.approx(was['SIC'][0], abs=0.101)
        for task in ('SOD', 'FLOE'):
            assert sum(found[task]) == pytest.approx(1)
            # Each of up to three shares and water moves by a tenth.
            off = np.abs(np.subtract(found[task], was[task]))
            assert off.max() <= 0.101


@pytest.mark.parametrize(
    ('total', 'shares', 'tenths'),
    [
        ('50', (), 1),
        ('91', (), 1),
        ('10', (), 2),
        ('30', ('20', '10'), 1),
        ('92', ('40', '50', '10'), 1),
        ('92', ('50', '40'), 1),  # 9+ written as ten tenths
        ('60', ('40', '20'), 2),
    ],
)
def test_all_that_is_allowed_is_drawn(total, shares, tenths):
    row = row_of(total, *(shares or ('-9',)))
    was = TENTHS[int(total)]
    parts = [TENTHS[int(share)] for share in shares] or [was]
    allowed = {
        (sum(new), new)
        for new in product(range(1, 11), repeat=len(parts))
        if all(abs(a - b) <= tenths for a, b in zip(new, parts, strict=True))
        and abs(sum(new) - was) <= tenths
        and sum(new) <= 10
    }
    draws = rng()
    found = [
        tenths_of(perturb_codes([HEADER, row], tenths, draws)[1])
        for _ in range(1500)
    ]
    if not shares:
        assert {parts for _, parts in found} == {()}
        found = [(new, (new,)) for new, _ in found]
    assert set(found) == allowed
    # Totals are equally likely, whatever the ways to make them.
    totals = Counter(new for new, _ in found)
    share = 1500 / len(totals)
    assert all(
        abs(count - share) < 5 * share**0.5 for count in totals.values()
    )


@pytest.mark.parametrize(
    'row',
    [
        row_of('02', '-9', kind='W'),
        row_of('90', '50', '40', kind='W'),
        row_of('01', '-9'),
        row_of('00', '-9'),
        row_of('99', '-9'),
        row_of('99', '50', '40'),
        row_of('90', '99', '40'),
        row_of('13', '-9'),
        row_of('90', '50', '20'),  # two tenths are missing
        row_of('50', '-9', '30'),
    ],
)
def test_water_and_unreadable_eggs_stay(row):
    for seed in range(20):
        assert perturb_codes([HEADER, row], 3, rng(seed)) == [HEADER, row]


def test_the_only_type_keeps_the_way_it_is_written():
    empty, written = row_of('80', '-9'), row_of('80', '80')
    for seed in range(20):
        new = cells(perturb_codes([HEADER, empty], 2, rng(seed))[1])
        assert new['CA'] == '-9'
        new = cells(perturb_codes([HEADER, written], 2, rng(seed))[1])
        assert new['CA'] == new['CT']


def test_no_tenth_changes_nothing():
    rows = [HEADER, *random_rows(50), row_of('91', '50', '40')]
    assert perturb_codes(rows, 0, rng()) == rows


def test_a_seed_is_a_result():
    rows = np.array([HEADER, *random_rows(50)], object)
    first = perturb_codes(rows, 1, rng(4))
    assert perturb_codes(list(rows), 1, rng(4)) == first
    assert perturb_codes([row.encode() for row in rows], 1, rng(4)) == first
    assert perturb_codes(rows, 1, rng(5)) != first


def test_columns_may_come_in_another_order():
    row = row_of('60', '40', '20')
    turned = [';'.join(reversed(r.split(';'))) for r in (HEADER, row)]
    expected = perturb_codes([HEADER, row], 1, rng(2))[1]
    found = perturb_codes(turned, 1, rng(2))[1]
    assert ';'.join(reversed(found.split(';'))) == expected


def test_mistakes_are_named():
    with pytest.raises(ValueError, match='tenths must be 0 or more'):
        perturb_codes([HEADER], -1, rng())
    with pytest.raises(PolygonCodeError, match='header'):
        perturb_codes([row_of('50', '-9')], 1, rng())
