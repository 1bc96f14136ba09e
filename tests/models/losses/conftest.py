"""Logits of all heads and samples with polygons."""

from __future__ import annotations

import pytest
import torch

from mmseaice.structures import SeaIceDataSample

HEADER = 'poly_id;CT;CA;SA;FA;CB;SB;FB;CC;SC;FC;CN;CD;CF;POLY_TYPE'
EMPTY = '-9;-9;-9'

#: Two types, none dominant; one type; water; unknown total, stage, form.
TABLE = (
    HEADER,
    f'1;80;50;87;03;30;83;05;{EMPTY};-9;-9;-9-9;I',
    f'2;92;-9;95;06;{EMPTY};{EMPTY};-9;-9;-9-9;I',
    f'3;01;-9;-9;-9;{EMPTY};{EMPTY};-9;-9;-9-9;W',
    f'5;99;-9;87;03;{EMPTY};{EMPTY};-9;-9;-9-9;I',
    f'6;60;-9;99;04;{EMPTY};{EMPTY};-9;-9;-9-9;I',
    f'9;91;40;81;08;50;85;03;{EMPTY};-9;-9;-9-9;I',
)

CLASSES = dict(SIC=11, SOD=6, FLOE=7)


@pytest.fixture
def make_logits():
    """Logits by task, (N, K, size, size), of a regression and classifiers."""

    def _make(count=2, size=16, sic_channels=1, seed=0):
        generator = torch.Generator().manual_seed(seed)
        channels = CLASSES | dict(SIC=sic_channels)
        logits = {
            task: 2
            * torch.randn(count, number, size, size, generator=generator)
            for task, number in channels.items()
        }
        if sic_channels == 1:
            logits['SIC'] += 5
        return {task: part.requires_grad_() for task, part in logits.items()}

    return _make


@pytest.fixture
def make_charted():
    """Samples with validity, labels and polygons, some of each missing."""

    def _make(count=2, size=16, table=TABLE, seed=1):
        generator = torch.Generator().manual_seed(seed)

        def draw(high):
            return torch.randint(high, (size, size), generator=generator)

        samples = []
        for _ in range(count):
            sample = SeaIceDataSample(metainfo=dict(polygon_codes=list(table)))
            for task, number in CLASSES.items():
                labels = draw(number)
                sample.set_gt(task, torch.where(draw(4) == 0, 255, labels))
            sample.set_valid(draw(5) > 0)
            # Ids up to 10, 4, 7, 8 and 10 of which are in no row.
            sample.set_polygons(draw(11).int())
            samples.append(sample)
        return samples

    return _make
