"""Training is told, or refused, what its validation scenes share with it."""

import pytest

from mmseaice.engine import LeakHook
from mmseaice.errors import DatasetError


def scene(orbit):
    return {
        'product_id': 'S1A_EW',
        'absolute_orbit': orbit,
        'chart_id': '',
        'ice_service': 'dmi',
    }


@pytest.fixture
def train(make_runner, parity, listen):
    """Train for no step with given scenes and policy; return the log."""

    def _train(first, second, **hook):
        options = {
            'train_dataloader.dataset.scenes': first,
            'val_dataloader.dataset.scenes': second,
        }
        options |= {f'default_hooks.leak.{k}': v for k, v in hook.items()}
        runner = make_runner(val=parity, **options)
        said = listen(runner.logger)
        runner.train()
        return '\n'.join(said)

    return _train


def test_a_shared_orbit_is_told(train):
    said = train({'a': scene(1), 'b': scene(2)}, {'c': scene(2)})
    assert '1 of 1 scenes share an absolute orbit' in said


def test_a_shared_orbit_can_be_refused(train):
    with pytest.raises(DatasetError, match='share an absolute orbit'):
        train({'a': scene(1)}, {'c': scene(1)}, leak_policy='error')


def test_independent_scenes_pass(train):
    train({'a': scene(1)}, {'c': scene(2)}, leak_policy='error')


@pytest.mark.parametrize('scenes', [None, {'c': scene(1)}])
def test_silence_where_there_is_nothing_to_say(train, scenes):
    policy = 'error' if scenes is None else 'ignore'
    said = train({'a': scene(1)}, scenes, leak_policy=policy)
    assert 'share' not in said


def test_another_policy_is_refused():
    with pytest.raises(ValueError, match='warn, error, ignore'):
        LeakHook(leak_policy='odd')
