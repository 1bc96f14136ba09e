"""Stop when the score no longer improves, also after a resume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import EarlyStoppingHook as UpstreamHook
from mmengine.runner import Runner

from ...registry import HOOKS

_KEY = 'early_stopping'


@HOOKS.register_module()
class EarlyStoppingHook(UpstreamHook):
    """mmengine's hook, with a memory and with our score as default.

    Upstream forgets on resume how long it has waited and for what. Here
    both are stored in the checkpoint, as they stood when it was written:
    before the validation of its step, unless that was a new best, and
    :class:`OverdueValidationHook` makes up for that. Every rank comes to the
    same decision, as every rank is given the same scores. A score that is
    not there stops the run with an error, so that a typing error does not
    train for days.

    Args:
        monitor: Name of the score.
        rule: 'greater' or 'less', what is better.
        min_delta: Improvement that counts, in units of the score.
        patience: Validations without one, after which training stops.
        strict: Whether a missing score is an error.
        **kwargs: Further arguments of mmengine's hook.
    """

    # Before the hook that saves a new best checkpoint, which is VERY_LOW.
    priority = 'LOW'

    def __init__(
        self,
        monitor: str = 'AutoICE/combined',
        rule: str = 'greater',
        min_delta: float = 0.1,
        patience: int = 5,
        strict: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            monitor,
            rule=rule,
            min_delta=min_delta,
            patience=patience,
            strict=strict,
            **kwargs,
        )

    def before_run(self, runner: Runner) -> None:
        """Leave the training alone, which a test run does not have.

        Upstream asks for it here, and that builds it.
        """

    def before_train(self, runner: Runner) -> None:
        """Take up the count of a resumed run."""
        if _KEY in runner.message_hub.runtime_info:
            memory = runner.message_hub.get_info(_KEY)
            self.wait_count = memory['wait_count']
            self.best_score = memory['best_score']

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, float] | None = None
    ) -> None:
        """Count, note the count for the next checkpoint, maybe stop."""
        super().after_val_epoch(runner, metrics or {})
        runner.message_hub.update_info(
            _KEY,
            dict(wait_count=self.wait_count, best_score=self.best_score),
        )
