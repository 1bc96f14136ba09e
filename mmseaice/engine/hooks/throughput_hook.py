"""How many samples a second the training takes."""

from __future__ import annotations

from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class ThroughputHook(Hook):
    """Log ``samples_per_second`` of all ranks beside the losses.

    It is the batch size over the mean time of the last iterations, data
    loading included, as ``IterTimerHook`` measures it.

    Args:
        window: Iterations to take the mean of.
    """

    # After IterTimerHook, which is NORMAL too and stands before it, and
    # before the log is written.
    priority = 'NORMAL'

    def __init__(self, window: int = 10) -> None:
        self.window = window

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Note the rate of this step."""
        times = runner.message_hub.log_scalars.get('train/time')
        if times is None or not isinstance(data_batch, dict):
            return
        size = len(data_batch.get('inputs', ())) * get_world_size()
        seconds = times.mean(self.window)
        if size and seconds:
            runner.message_hub.update_scalar(
                'train/samples_per_second', size / seconds
            )
