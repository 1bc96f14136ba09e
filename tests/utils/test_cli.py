"""Mistakes end in one message, and options reach the config."""

from argparse import ArgumentParser, ArgumentTypeError

import pytest
from mmengine.registry import Registry

from mmseaice.errors import DependencyError, MMSeaIceError
from mmseaice.utils.cli import (
    add_config_arguments,
    natural,
    positive,
    read_config,
    read_run_config,
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


def test_a_mistyped_option_is_refused(parse, tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('model = dict(b=1)\n')
    args = parse(path, '--cfg-options', 'modle.b=2')
    with pytest.raises(MMSeaIceError, match='Did you mean model'):
        read_config(args)
    assert read_config(parse(path, '--cfg-options', 'resume=True')).resume


def test_an_option_without_value_is_refused(parse, capsys):
    with pytest.raises(SystemExit):
        parse('a.py', '--cfg-options', 'a.b', '2')
    assert "'a.b' is no KEY=VALUE" in capsys.readouterr().err


def test_a_part_is_no_config_of_a_run(parse, tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('b = 1\n')
    args = parse(path)
    args.local_rank, args.launcher = 0, 'none'
    with pytest.raises(MMSeaIceError, match='without a model'):
        read_run_config(args)


def test_parts_that_cannot_be_made_become_one_message(monkeypatch):
    registry = Registry('parts')

    @registry.register_module()
    class Part:
        def __init__(self, share):
            raise ValueError(f'share must be below 1, but got {share}.')

    cfg = dict(type='Part', share=2)
    with pytest.raises(SystemExit, match='below 1'), readable_errors():
        registry.build(cfg)
    with pytest.raises(SystemExit, match='unexpected'), readable_errors():
        registry.build(cfg | dict(odd=1))
    monkeypatch.setenv('MMSEAICE_TRACEBACK', '1')
    with pytest.raises(ValueError, match='share'), readable_errors():
        registry.build(cfg)


def test_interruption_ends_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended, readable_errors():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == 'Interrupted.\n'
