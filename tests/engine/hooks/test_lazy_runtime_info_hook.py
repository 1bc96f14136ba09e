import pytest
import torch

from mmseaice.engine.hooks import LazyRuntimeInfoHook


def history(runner):
    return {
        name: buffer.data[0].tolist()
        for name, buffer in runner.message_hub.log_scalars.items()
        if 'time' not in name and 'samples' not in name
    }


@pytest.mark.parametrize('interval', [1, 3, 50])
def test_history_is_that_of_upstream(make_runner, interval):
    histories = []
    for hook in ('LazyRuntimeInfoHook', 'mmengine.RuntimeInfoHook'):
        runner = make_runner(
            hook,
            iters=7,
            **{
                'default_hooks.runtime_info.type': hook,
                'default_hooks.logger.interval': interval,
            },
        )
        runner.train()
        histories.append(history(runner))
    assert len(histories[0]['train/loss']) == 7
    assert histories[0] == histories[1]


def test_a_checkpoint_between_two_logs_has_the_whole_history(make_runner):
    runner = make_runner(iters=4)  # saves at 2 and 4, logs at 50
    runner.train()
    stored = torch.load(f'{runner.work_dir}/iter_2.pth', weights_only=True)
    losses = stored['message_hub']['log_scalars']['train/loss']
    assert len(losses['__history__'][0]) == 2


def test_losses_stay_on_the_device_between_logs(make_runner, monkeypatch):
    fetched = []
    fetch = LazyRuntimeInfoHook._fetch
    monkeypatch.setattr(
        LazyRuntimeInfoHook,
        '_fetch',
        lambda hook, runner: (
            fetched.append(runner.iter + 1),
            fetch(hook, runner),
        ),
    )
    runner = make_runner(
        iters=7,
        **{
            'default_hooks.logger.interval': 3,
            'default_hooks.checkpoint.interval': 100,
        },
    )
    runner.train()
    assert fetched == [3, 6, 7]
