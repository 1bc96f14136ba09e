"""A hook that makes tiny runs last as long as large ones."""

import time

from mmengine.hooks import Hook

from mmseaice.registry import HOOKS


@HOOKS.register_module()
class SlowStepsHook(Hook):
    """Sleep in each step."""

    def __init__(self, seconds):
        self.seconds = seconds

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        time.sleep(self.seconds)
