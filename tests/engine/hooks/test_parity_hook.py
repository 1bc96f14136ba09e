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


@pytest.fixture
def strip(checkpoint, tmp_path):
    """The checkpoint with another record, or none."""

    def _strip(record):
        content = torch.load(checkpoint, weights_only=True)
        content['meta']['mmseaice'] = record
        if record is None:
            del content['meta']['mmseaice']
        path = str(tmp_path / 'stripped.pth')
        torch.save(content, path)
        return path

    return _strip


def listen(runner):
    """Collect the warnings of a runner."""
    said = []
    runner.logger.warning = lambda text, *args: said.append(text % args)
    return said


@pytest.mark.parametrize('record', [None, {}, {'version': '0.1'}])
def test_checkpoint_without_record_is_told(make_runner, parity, strip, record):
    path = strip(record)
    runner = make_runner('test', test=parity, load_from=path)
    said = listen(runner)
    runner.test()
    assert any(path in text and 'unchecked' in text for text in said)


def test_training_data_without_record_write_none(
    make_runner, parity, tmp_path
):
    option = {'train_dataloader.dataset.parity': None}
    runner = make_runner('bare', iters=2, val=parity, **option)
    said = listen(runner)
    runner.train()
    assert any('unchecked' in text for text in said)
    path = tmp_path / 'bare/iter_2.pth'
    assert 'mmseaice' not in torch.load(path, weights_only=True)['meta']


def test_encoder_of_the_same_pixels_is_taken(make_runner, parity, strip):
    """Only pixels count: the encoder may have seen more, without labels."""
    record = parity | {'spacings': [160.0, 200.0], 'label_rule': ''}
    runner = make_runner('tuned', **{'model.encoder': strip(record)})
    said = listen(runner)
    runner.train()
    assert not any('unchecked' in text for text in said)


@pytest.mark.parametrize(
    ('entry', 'value'),
    [
        ('channels', ['HV']),
        ('units', ['dB']),
        ('scaling', 'log'),
        ('mean', [-14.0]),
        ('std', [2.0]),
        ('clip', [-3.0, 3.0]),
        ('fill', 0.0),
    ],
)
def test_encoder_of_other_pixels_is_refused(
    make_runner, parity, strip, entry, value
):
    path = strip(parity | {entry: value})
    runner = make_runner('tuned', **{'model.encoder': path})
    with pytest.raises(ParityError, match=entry) as caught:
        runner.train()
    assert str(caught.value).startswith(path)
    assert runner.iter == 0


def test_encoder_of_unknown_pixels_is_told(make_runner, strip):
    path = strip(None)
    runner = make_runner('tuned', **{'model.encoder': path})
    said = listen(runner)
    runner.train()
    assert any(path in text and 'unchecked' in text for text in said)
