from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub

from mmseaice.engine.hooks import ThroughputHook


def test_rate_is_samples_over_mean_time():
    hub = MessageHub('throughput')
    runner = SimpleNamespace(message_hub=hub)
    batch = {'inputs': torch.zeros(6, 2, 4, 4)}
    hook = ThroughputHook(window=2)
    hook.after_train_iter(runner, 0, batch)  # nothing was timed yet
    assert 'train/samples_per_second' not in hub.log_scalars
    for seconds in (100.0, 0.5, 1.5):
        hub.update_scalar('train/time', seconds)
    hook.after_train_iter(runner, 2, batch)
    rate = hub.get_scalar('train/samples_per_second').current()
    assert rate == pytest.approx(6.0)


def test_batches_without_images_have_no_rate():
    hub = MessageHub('no-throughput')
    hub.update_scalar('train/time', 1.0)
    ThroughputHook().after_train_iter(
        SimpleNamespace(message_hub=hub), 0, {'x': torch.zeros(3)}
    )
    assert 'train/samples_per_second' not in hub.log_scalars
