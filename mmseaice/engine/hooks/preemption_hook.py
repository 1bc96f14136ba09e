"""Stop between two steps, with a checkpoint, when the time is up."""

from __future__ import annotations

import atexit
import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from ...errors import MMSeaIceError, TrainingStopped
from ...registry import HOOKS
from ...utils.slurm import end_time
from .plain_checkpoint_hook import PlainCheckpointHook

#: What :attr:`PreemptionHook.reason` says of a limit, and its number among
#: those of signals: SIGHUP's, to which nobody listens here.
TIME_LIMIT, _TIME_IS_UP = 'time limit', 1


@HOOKS.register_module()
class PreemptionHook(Hook):
    """Save and stop when a signal comes or a time limit is near.

    The step under way is finished, a checkpoint is written, and training
    ends as if it had come to its last step. A validation is left at once if
    a checkpoint was written just before; a resumed run makes up for it, see
    :class:`OverdueValidationHook`. A run by epochs can only go on from the
    end of one, so it stops there.

    All ranks stop at the same step, whichever was told. A second Ctrl-C
    ends the program as usual. Data-loader workers do not hear the signals,
    which clusters send to every process of a job.

    Args:
        signals: Names of the signals.
        margin: Seconds before the end of a Slurm job to stop at.
        time_limit: Seconds of training to stop after, None for no limit but
            the job's.
        interval: Steps after which several ranks ask each other. One rank
            looks at every step.

    Attributes:
        reason: Name of the signal, ``'time limit'``, or None while the ranks
            know of nothing that asked for a stop.
        progressed: Whether a step was taken or a validation done.
        stopped: Whether training ended before its last step or validation.
    """

    # After the schedules and the checkpoints of the step.
    priority = 'LOWEST'

    def __init__(
        self,
        signals: Sequence[str] = ('SIGTERM', 'SIGUSR1', 'SIGINT'),
        margin: float = 120,
        time_limit: float | None = None,
        interval: int = 10,
    ) -> None:
        self.signals = [signal.Signals[name] for name in signals]
        self.margin = margin
        self.time_limit = time_limit
        self.interval = interval
        self.reason: str | None = None
        self.stopped = self.progressed = False
        self._asked = 0
        self._end = math.inf
        # Of whoever listened before; empty while nobody does.
        self._former: dict[signal.Signals, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Listen, before the workers of the data loader are there."""
        if self.time_limit is not None:
            self._end = time.time() + self.time_limit
        if (end := end_time()) is not None:
            self._end = min(self._end, end - self.margin)
        # Only the main thread may listen, and some notebooks have another.
        if threading.current_thread() is not threading.main_thread():
            return
        for number in self.signals:
            self._former[number] = signal.signal(number, self._hear)
        for loader in _loaders(runner):
            loader.worker_init_fn = partial(
                _start_deaf, loader.worker_init_fn, self.signals
            )
        atexit.unregister(_end_workers)
        atexit.register(_end_workers)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked = max(self._asked, number)

    def _is_due(self) -> bool:
        """Whether a rank was asked to stop; the same answer on all.

        They also agree on the reason: of several the signal of the highest
        number, which lets SIGTERM speak before SIGUSR1.
        """
        asked = self._asked
        if not asked and time.time() > self._end:
            asked = _TIME_IS_UP
        if get_world_size() > 1:
            number = torch.tensor(asked)
            all_reduce(number, 'max')
            asked = int(number)
        if asked:
            late = asked == _TIME_IS_UP
            self.reason = TIME_LIMIT if late else signal.Signals(asked).name
        return asked > 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Maybe stop here; the last step has a validation to come."""
        self.progressed = True
        checkpoint = _checkpoint_hook(runner)
        if checkpoint.by_epoch or runner.iter + 1 >= runner.max_iters:
            return
        every = _accumulated(runner)
        if get_world_size() > 1:
            every *= math.ceil(self.interval / every)
        if self.every_n_train_iters(runner, every) and self._is_due():
            checkpoint.save_step(runner, runner.iter + 1)
            self._stop(runner)

    def after_train_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Maybe stop here if training goes by epochs."""
        checkpoint = _checkpoint_hook(runner)
        if not checkpoint.by_epoch or runner.epoch + 1 >= runner.max_epochs:
            return
        if self._is_due():
            checkpoint.save_step(runner, runner.epoch + 1)
            self._stop(runner)

    def _stop(self, runner: Runner) -> None:
        runner.train_loop.stop_training = True
        # A validation that is due comes when the run is resumed.
        runner.train_loop.val_begin = math.inf
        self.stopped = True

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Maybe leave, all ranks after the same number of scenes."""
        if not isinstance(runner._train_loop, BaseLoop):
            return
        checkpoint = _checkpoint_hook(runner)
        step = runner.epoch if checkpoint.by_epoch else runner.iter
        whole = checkpoint.by_epoch or step % _accumulated(runner) == 0
        if whole and checkpoint.last_step == step and self._is_due():
            self.stopped = True
            self.stop_listening()
            raise TrainingStopped(f'validation left: {self.reason}')

    def after_train(self, runner: Runner) -> None:
        """Listen no more, and let the deaf workers go."""
        self.stop_listening()
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            runner.train_loop.dataloader_iterator._iterator = None
        for loader in _loaders(runner):
            loader._iterator = None

    def stop_listening(self) -> None:
        """Give the signals back to who had them."""
        for number, former in self._former.items():
            signal.signal(number, former)
        self._former = {}


def _accumulated(runner: Runner) -> int:
    """Steps that make one gradient; a part of one is not saved."""
    return getattr(runner.optim_wrapper, '_accumulative_counts', 1)


def _checkpoint_hook(runner: Runner) -> PlainCheckpointHook:
    """The hook that saves; a run without one has nothing to go on from."""
    for hook in runner.hooks:
        if isinstance(hook, PlainCheckpointHook):
            return hook
    raise MMSeaIceError(
        'default_hooks.checkpoint',
        'a PlainCheckpointHook',
        'none',
        'Name it there, or leave PreemptionHook out.',
    )


def _loaders(runner: Runner) -> list[DataLoader]:
    """Loaders whose workers live while training does."""
    loops = [runner.train_loop]
    if runner.val_loop is not None:
        loops.append(runner.val_loop)
    return [loop.dataloader for loop in loops]


def _start_deaf(
    start: Callable[[int], None] | None,
    signals: Sequence[signal.Signals],
    worker: int,
) -> None:
    """Begin as a data-loader worker that only its parent can end."""
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
    if start is not None:
        start(worker)


def _end_workers() -> None:
    """Keep the interpreter's end from waiting for workers for ever.

    It asks them by a signal that they do not hear.
    """
    for child in multiprocessing.active_children():
        if child.daemon:
            child.kill()
