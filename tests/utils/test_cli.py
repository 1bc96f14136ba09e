"""Mistakes end in one message, and options reach the config."""

from argparse import ArgumentParser, ArgumentTypeError

import pytest

from mmseaice.errors import DependencyError, MMSeaIceError
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    readable_errors,
)


@pytest.fixture
def parse():
    parser = ArgumentParser()
    parser.add_argument('config')
    add_config_arguments(parser)
    return lambda *args: parser.parse_args([*map(str, args)])


def test_options_reach_the_config(parse, tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('a = dict(b=1)\n')
    assert read_config(parse(path, '--cfg-options', 'a.b=2')).a.b == 2


@pytest.mark.parametrize(
    ('kind', 'text', 'value'),
    [
        (natural, '0', 0),
        (natural, '-1', None),
        (positive, '3', 3),
        (positive, '0', None),
        (positive, '1.5', None),
        (positive, '²', None),
        (positive, 'two', None),
    ],
)
def test_counts_are_whole_and_in_range(kind, text, value):
    if value is None:
        with pytest.raises(ArgumentTypeError, match=f'but got {text!r}'):
            kind(text)
    else:
        assert kind(text) == value


@pytest.mark.parametrize('name', ['missing.py', 'notes.txt', '.'])
def test_what_is_no_config_is_named(parse, tmp_path, name):
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(MMSeaIceError, match='expected a config file'):
        read_config(parse(tmp_path / name))


@pytest.mark.parametrize(
    'error', [MMSeaIceError('x', 'a', 'b'), DependencyError('x'), ValueError()]
)
def test_errors_become_one_message(error):
    with pytest.raises(SystemExit) as ended, readable_errors(ValueError):
        raise error
    assert ended.value.code == f'{type(error).__name__}: {error}'


def test_errors_of_the_program_stay_visible():
    with pytest.raises(ValueError, match='bug'), readable_errors():
        raise ValueError('bug')


def test_interruption_ends_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended, readable_errors():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == 'Interrupted.\n'
