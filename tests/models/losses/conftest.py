"""Logits of all heads and samples with polygons."""

from __future__ import annotations

import subprocess
import sys

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


#: Fresh interpreters: autograd does not work in a fork of a process that
#: had it in threads.
_RANK = """
import runpy
import sys

import torch
import torch.distributed as dist

script, function, rank, folder = sys.argv[1:]
torch.set_num_threads(1)
# What is imported later holds the group in defaults of arguments, and a
# thread of it that outlives Python aborts the process.
run = runpy.run_path(script)[function]
dist.init_process_group(
    'gloo', init_method=f'file://{folder}/meet', rank=int(rank), world_size=2
)
inputs = torch.load(f'{folder}/inputs.pth', weights_only=True)
found = run(int(rank), inputs)
torch.save(found, f'{folder}/rank_{rank}.pth')
dist.destroy_process_group()
"""


@pytest.fixture
def two_ranks(tmp_path):
    """What a function of a test file returns on each of two ranks.

    It takes the rank and the inputs, and may reduce over both.
    """

    def _run(script, function, inputs=None):
        torch.save(inputs, tmp_path / 'inputs.pth')
        command = [sys.executable, '-c', _RANK, script, function]
        ranks = [
            subprocess.Popen([*command, str(rank), str(tmp_path)])
            for rank in range(2)
        ]
        assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
        return [
            torch.load(tmp_path / f'rank_{rank}.pth', weights_only=True)
            for rank in range(2)
        ]

    return _run
