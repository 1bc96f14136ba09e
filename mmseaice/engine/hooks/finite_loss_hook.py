"""A loss that is no number stops the run, and what led to it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...errors import NonFiniteLossError
from ...registry import HOOKS
from ..anomaly import LossCheck, record_texts, write_anomaly
from ..weights import bare_model


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Look at each loss before its gradient changes the weights.

    So the weights are still those that led to it. They are written with the
    step and the pixels to ``anomaly_iter_<N>_rank_<R>.pth`` in the folder of
    the run, which ``tools/train.py CONFIG --detect-anomaly FILE`` plays
    again. Checkpoints stay as they are. A GPU is not kept waiting: it
    computes gradients while the processor asks for the losses.

    Raises:
        NonFiniteLossError: With the records of the batch.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Look at what the model returns from now on."""
        self._runner = runner
        self._batch: dict[str, Any] = {}
        self._check: LossCheck | None = None
        model = bare_model(runner.model)
        self._handles = [
            model.register_forward_hook(self._note),
            runner.optim_wrapper.optimizer.register_step_pre_hook(self._look),
        ]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Remember what the step is made of."""
        self._batch = data_batch

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at losses whose gradient only was accumulated."""
        self._look()

    def _note(self, model: nn.Module, args: Any, losses: Any) -> None:
        if model.training and isinstance(losses, dict):
            self._check = LossCheck(losses)

    def _look(self, *args: Any) -> None:
        check, self._check = self._check, None
        if check is None or not (bad := check.bad()):
            return
        runner, (rank, ranks) = self._runner, get_dist_info()
        name = f'anomaly_iter_{runner.iter}_rank_{rank}.pth'
        path = Path(runner.work_dir) / name
        write_anomaly(
            path,
            bare_model(runner.model),
            self._batch,
            {'iter': runner.iter, 'rank': rank, 'ranks': ranks,
             'seed': runner.seed, 'losses': bad},
        )  # fmt: skip
        records = record_texts(self._batch)
        raise NonFiniteLossError(
            f'step {runner.iter + 1}',
            'finite losses',
            f'no number as {", ".join(bad)} of these records:\n  '
            + '\n  '.join(records)
            + '\n',
            f'To see where it begins: tools/train.py CONFIG '
            f'--detect-anomaly {path}',
        )

    def after_train(self, runner: Runner) -> None:
        """Look no more."""
        for handle in self._handles:
            handle.remove()
