"""Say what training and validation scenes share, before it flatters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import DatasetError
from ...registry import HOOKS
from ...scenes.splits import find_leaks

POLICIES = ('warn', 'error', 'ignore')


def _scenes(dataloader: Any) -> Mapping | None:
    """What a data loader's data set says of its scenes, if it does."""
    dataset = dataloader.dataset
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    describe = getattr(dataset, 'describe_scenes', None)
    return describe and describe()


@HOOKS.register_module()
class LeakHook(Hook):
    """Look for scenes of one orbit, ice chart or place on both sides.

    Args:
        leak_policy: 'warn' logs what training and validation scenes share,
            'error' refuses to train, 'ignore' does not look.
        days: Overlapping scenes count within so many days.

    Raises:
        DatasetError: With ``leak_policy='error'``, if they share anything.
    """

    def __init__(self, leak_policy: str = 'warn', days: float = 3) -> None:
        if leak_policy not in POLICIES:
            raise ValueError(
                f'leak_policy must be one of {", ".join(POLICIES)}, but got '
                f'{leak_policy!r}.'
            )
        self.leak_policy = leak_policy
        self.days = days

    def before_train(self, runner: Runner) -> None:
        """Compare the scenes of both data loaders."""
        if self.leak_policy == 'ignore' or runner.val_loop is None:
            return
        train = _scenes(runner.train_dataloader)
        val = _scenes(runner.val_dataloader)
        if train is None or val is None:
            return
        report = find_leaks(train, val, self.days)
        if report and self.leak_policy == 'error':
            raise DatasetError(
                'validation scenes',
                'scenes independent of those of the training',
                f'these leaks:\n{report}\n',
                'Write lists with tools/data/make_splits.py, or set '
                'default_hooks.leak.leak_policy=warn.',
            )
        tell = runner.logger.warning if report else runner.logger.info
        tell('Validation against training scenes: %s', report)
