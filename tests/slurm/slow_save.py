"""A hook by which tiny checkpoints take as long to write as large ones."""

import time

from mmengine.hooks import Hook

from mmseaice.registry import HOOKS


@HOOKS.register_module()
class SlowSaveHook(Hook):
    """Sleep before each checkpoint, on the rank that writes it."""

    def before_save_checkpoint(self, runner, checkpoint):
        time.sleep(5)
