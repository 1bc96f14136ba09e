"""A validation that an interrupted run did not come to, made up for."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner

from ...registry import HOOKS

_KEY = 'validated'


@HOOKS.register_module()
class OverdueValidationHook(Hook):
    """Validate before going on, if the checkpoint is from before it.

    Checkpoints are written after a step and before its validation. A run
    that goes on from one would else never learn that score, and early
    stopping and the best checkpoint would be others than undisturbed.
    """

    # After the hooks that take up what they remember.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate if the step that was saved asks for it."""
        hub, loop = runner.message_hub, runner.train_loop
        step, last = _progress(loop)
        if _KEY not in hub.runtime_info:
            # A new run, or one that an older version began.
            hub.update_info(_KEY, step)
        if runner.val_loop is None or step < loop.val_begin:
            return
        due = step > 0 and (step % loop.val_interval == 0 or step == last)
        if due and hub.get_info(_KEY) < step:
            runner.logger.info('Validating step %d, as the run had to.', step)
            runner.val_loop.run()

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, float] | None = None
    ) -> None:
        """Note what the next checkpoint may say."""
        # Asking for runner.train_loop would build it, in a test run too.
        if isinstance(runner._train_loop, BaseLoop):
            step, _ = _progress(runner._train_loop)
            runner.message_hub.update_info(_KEY, step)


def _progress(loop: BaseLoop) -> tuple[int, int]:
    """Epochs or steps that are done, and how many there will be."""
    if isinstance(loop, EpochBasedTrainLoop):
        return loop.epoch, loop.max_epochs
    return loop.iter, loop.max_iters
