"""Checkpoints carry the parity record, and runs are held against it."""

import pytest
import torch

from mmseaice.errors import ParityError
from mmseaice.version import __version__


@pytest.fixture
def checkpoint(make_runner, tmp_path):
    make_runner('trained', iters=2).train()
    return str(tmp_path / 'trained/iter_2.pth')


def test_checkpoint_carries_record_and_version(checkpoint, parity):
    meta = torch.load(checkpoint, weights_only=True)['meta']
    assert meta['mmseaice'] == parity | {'version': __version__}


def test_same_preparation_is_tested(make_runner, checkpoint, parity):
    runner = make_runner('test', test=parity, load_from=checkpoint)
    assert 'sum' in runner.test()


def test_other_preparation_is_refused(make_runner, checkpoint, parity):
    other = parity | {'release': 'Oct-2022', 'spacings': [80, 120]}
    runner = make_runner('test', test=other, load_from=checkpoint)
    with pytest.raises(ParityError) as caught:
        runner.test()
    assert str(caught.value).startswith(checkpoint)
    assert 'release: trained with Dec-2022' in str(caught.value)
    assert 'data have [80, 120]' in str(caught.value)


def test_difference_can_be_allowed(make_runner, checkpoint, parity):
    runner = make_runner(
        'test',
        test=parity | {'release': 'Oct-2022'},
        load_from=checkpoint,
        **{'default_hooks.parity.ignore': ['release']},
    )
    runner.test()


def test_validation_is_held_against_training(make_runner, parity):
    runner = make_runner(val=parity | {'channels': ['HV']})
    with pytest.raises(ParityError, match='the training data'):
        runner.train()
    assert runner.iter == 0


def test_checkpoint_without_record_is_told(
    make_runner, checkpoint, parity, tmp_path
):
    content = torch.load(checkpoint, weights_only=True)
    del content['meta']['mmseaice']
    bare = str(tmp_path / 'bare.pth')
    torch.save(content, bare)
    runner = make_runner('test', test=parity, load_from=bare)
    said = []
    runner.logger.warning = lambda text, *args: said.append(text % args)
    runner.test()
    assert any('no record' in text for text in said)
