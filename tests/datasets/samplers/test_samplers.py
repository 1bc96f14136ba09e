import copy
import pickle
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset

from mmseaice.datasets import ClassBalancedDataset
from mmseaice.datasets.samplers import (
    BalancedSampler,
    Draw,
    EpochSampler,
    generator_of,
)


class Records:
    """10 records at 80 m, 3 at 160 m, 1 at 320 m."""

    spacings = (80,) * 10 + (160,) * 3 + (320,)

    def __len__(self):
        return len(self.spacings)

    def get_data_info(self, index):
        return {'spacing': self.spacings[index]}


@pytest.fixture
def world(monkeypatch):
    """Pretend to be one of several ranks."""

    def _world(rank, size):
        for module in (
            'mmseaice.datasets.samplers.balanced',
            'mmengine.dataset.sampler',
        ):
            monkeypatch.setattr(
                f'{module}.get_dist_info', lambda: (rank, size)
            )

    return _world


def take(sampler, number):
    return list(islice(sampler, number))


def numbered(draws):
    return [(int(draw), draw.number) for draw in draws]


def test_groups_weigh_the_same():
    draws = take(BalancedSampler(Records(), seed=0), 300)
    counts = Counter(Records.spacings[draw] for draw in draws)
    assert counts == {80: 100, 160: 100, 320: 100}
    records = Counter(map(int, draws))
    assert {records[i] for i in range(10)} == {10}
    assert {records[i] for i in range(10, 13)} == {33, 34}


def test_without_a_key_each_pass_holds_each_record_once():
    draws = take(BalancedSampler(range(7), key=None, seed=3), 21)
    passes = [draws[i : i + 7] for i in (0, 7, 14)]
    assert all(sorted(p) == list(range(7)) for p in passes)
    assert passes[0] != passes[1]


def test_without_shuffling_the_order_is_given():
    sampler = BalancedSampler(range(3), key=None, seed=3, shuffle=False)
    assert take(sampler, 5) == [0, 1, 2, 0, 1]


def test_draws_follow_from_the_seed():
    first, again, other = (
        take(BalancedSampler(Records(), seed=seed), 50) for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize('skipped', [0, 1, 37, 10**9])
def test_skip_is_absolute_and_free(skipped):
    sampler = BalancedSampler(Records(), seed=5)
    sampler.skip(4)
    sampler.skip(skipped)
    wanted = [sampler.draw(skipped + i) for i in range(40)]
    assert numbered(take(sampler, 40)) == numbered(wanted)


def test_ranks_share_the_draws_of_one_process(world):
    alone = take(BalancedSampler(Records(), seed=5), 60)
    shared = []
    for rank in range(3):
        world(rank, 3)
        sampler = BalancedSampler(Records(), seed=5)
        sampler.skip(5)
        shared += take(sampler, 15)
    shared.sort(key=lambda draw: draw.number)
    assert numbered(shared) == numbered(alone[15:])


def test_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match='key must be one of spacing'):
        BalancedSampler(Records(), key='service', seed=0)
    with pytest.raises(ValueError, match='dataset must hold'):
        BalancedSampler([], key=None, seed=0)


@pytest.mark.parametrize(
    'travel', [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_a_draw_keeps_its_number_on_the_way(travel):
    draw = travel(Draw(3, number=8, seed=1))
    assert (draw, draw.number, draw.seed) == (3, 8, 1)
    assert np.arange(5)[draw] == 3


def test_a_draw_moves_and_stays_the_same_draw():
    draw = Draw(13, number=8, seed=1)
    for moved, index in ((draw % 5, 3), (draw - 6, 7)):
        assert (moved, moved.number, moved.seed) == (index, 8, 1)
    assert (draw % 2.5, draw - 0.5, 20 - draw) == (0.5, 12.5, 7)


class Drawn(BaseDataset):
    """Gives the indices that reach it."""

    def load_data_list(self):
        return [{'label': int(i > 0)} for i in range(8)]

    def prepare_data(self, idx):
        return idx

    def get_cat_ids(self, idx):
        return [self.get_data_info(idx)['label']]


@pytest.mark.parametrize(
    'wrap',
    [
        lambda data: RepeatDataset(data, 3),
        lambda data: ConcatDataset([data, Drawn(), Drawn()]),
        lambda data: ClassBalancedDataset(data, 0.9),
    ],
)
def test_draws_pass_through_wrapped_data_sets(wrap):
    data = wrap(Drawn())
    sampler = EpochSampler(data, seed=3)
    found = [data[draw] for draw in sampler]
    assert len(data) > 8
    assert sorted(draw.number for draw in found) == list(range(len(data)))
    assert {draw.seed for draw in found} == {3}
    plain = [data[int(draw)] for draw in sampler]
    assert [int(draw) for draw in found] == plain


def first_number(index, test_mode=False):
    return generator_of(index, test_mode).random()


def test_generators():
    draw = Draw(3, number=8, seed=1)
    assert first_number(draw) == first_number(Draw(4, 8, 1))
    assert first_number(draw) != first_number(Draw(3, 9, 1))
    assert first_number(draw) != first_number(Draw(3, 8, 2))
    assert first_number(3, True) == first_number(3, True)
    assert first_number(3, True) != first_number(4, True)
    assert first_number(3) != first_number(3)
    np.random.seed(0)
    seeded = first_number(3)
    np.random.seed(0)
    assert first_number(3) == seeded


def test_epochs_never_repeat_a_draw(world):
    numbers = []
    for rank in range(2):
        world(rank, 2)
        sampler = EpochSampler(range(5), seed=0)
        for epoch in range(3):
            sampler.set_epoch(epoch)
            numbers += [draw.number for draw in sampler]
    assert sorted(numbers) == list(range(18))


def test_an_epoch_is_upstreams_order():
    sampler = EpochSampler(range(9), seed=4)
    assert sorted(sampler) == list(range(9))
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first
