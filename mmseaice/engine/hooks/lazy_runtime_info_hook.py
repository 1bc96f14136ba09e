"""Losses for the log, without waiting for the GPU at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class LazyRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's hook, which fetches losses when they are needed.

    Upstream turns every loss into a number at every step, and the processor
    waits for the GPU each time. Here the losses stay on the device until
    the log is written or a checkpoint is saved; the history is the same
    then.
    """

    def __init__(self) -> None:
        self._pending: list[dict[str, torch.Tensor]] = []
        self._interval = 1

    def before_train(self, runner: Runner) -> None:
        """Find out how often the log is written."""
        super().before_train(runner)
        self._pending = []
        self._interval = min(
            (h.interval for h in runner.hooks if isinstance(h, LoggerHook)),
            default=1,
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the losses, and fetch them if the log is due."""
        if outputs:
            # With its history, a loss would keep that of its step alive.
            self._pending.append(
                {
                    name: torch.as_tensor(value).detach()
                    for name, value in outputs.items()
                }
            )
        if (
            self.every_n_inner_iters(batch_idx, self._interval)
            or self.every_n_train_iters(runner, self._interval)
            or self.end_of_epoch(runner.train_dataloader, batch_idx)
            or self.is_last_train_iter(runner)
        ):
            self._fetch(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Let the checkpoint hold the whole history."""
        if self._pending:
            self._fetch(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _fetch(self, runner: Runner) -> None:
        """Move what is pending into the history, in one transfer."""
        names = [key for step in self._pending for key in step]
        values = [
            value.float().mean()
            for step in self._pending
            for value in step.values()
        ]
        self._pending = []
        if not values:
            return
        device = next((v.device for v in values if v.is_cuda), None)
        for name, value in zip(
            names,
            torch.stack([v.to(device) for v in values]).tolist(),
            strict=True,
        ):
            runner.message_hub.update_scalar(f'train/{name}', value)
