"""Checkpoints without pickled objects, kept until the next one is whole."""

from __future__ import annotations

import logging
import time
from collections import deque
from copy import copy
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import BaseLoop, Runner

from ...errors import CheckpointError
from ...registry import HOOKS
from ...utils.atomic import atomic_path, remove_abandoned_parts
from ..plain import from_plain, to_plain
from ..sharded import gather_shares
from ..weights import bare_model, load_weights

#: Key in ``meta`` of a checkpoint.
_PARTS = 'accumulative_counts'


@HOOKS.register_module()
class PlainCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, made safe to read and safe to kill.

    - What a runner stores beside the weights is rewritten with plain
      values, so the file loads with ``weights_only=True``, and turned back
      when it is loaded.
    - An outdated checkpoint is deleted after its successor is on disk, not
      before, the best one included, and ``last_checkpoint`` is replaced in
      one step. A kill at any moment leaves a checkpoint to go on from; the
      next run in the folder removes what was half written.
    - A model that is tested or resumed gets all weights of the checkpoint,
      or the run ends with a CheckpointError. ``load_from`` in training may
      bring a part.
    - A resumed model has its encoder, so the file it was pre-trained in is
      not asked for.

    Takes the arguments of :class:`mmengine.hooks.CheckpointHook`.

    Attributes:
        last_step: Step (or epoch) of the last checkpoint, None before.
    """

    last_step: int | None = None

    def before_run(self, runner: Runner) -> None:
        """Keep a model that will be resumed from fetching its encoder."""
        self._began = time.time()
        backbone = getattr(bare_model(runner.model), 'backbone', None)
        if runner._resume and runner._load_from and backbone is not None:
            backbone.init_cfg = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rewrite all but the weights, after every other hook had its say."""
        checkpoint['meta'][_PARTS] = _parts_of_a_batch(runner)
        for key, value in checkpoint.items():
            if not key.endswith('state_dict'):
                checkpoint[key] = to_plain(value)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Bring arrays and history buffers back, and check the weights."""
        # Asking for runner.train_loop would build it, in a test run too.
        if runner._resume or not isinstance(runner._train_loop, BaseLoop):
            source = runner._load_from or 'the checkpoint'
            load_weights(bare_model(runner.model), source, checkpoint)
        if runner._resume:
            _check_parts(runner, checkpoint)
        for key, value in checkpoint.items():
            if not key.endswith('state_dict'):
                checkpoint[key] = from_plain(value)
        _spare_false_alarm(runner, checkpoint)

    def before_train(self, runner: Runner) -> None:
        """Find out where to save, without upstream's deprecation notices."""
        runner.logger.addFilter(_says_something)
        super().before_train(runner)
        if is_main_process():
            for folder in (runner.work_dir, self.out_dir):
                remove_abandoned_parts(folder, self._began)

    def save_step(self, runner: Runner, step: int) -> None:
        """Save that a step (or epoch) is done, unless it was saved before."""
        if step != self.last_step:
            counts = (step, runner.iter) if self.by_epoch else (0, step)
            meta = dict(zip(('epoch', 'iter'), counts, strict=True))
            self._save_checkpoint_with_step(runner, step, meta)

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        """Save, point ``last_checkpoint`` at it, then tidy up."""
        name = self.filename_tmpl.format(step)
        outdated = self._update_kept(runner, step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        if self.save_optimizer:
            gather_shares(runner.optim_wrapper)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self.last_step = step
        if not is_main_process():
            return
        with atomic_path(Path(runner.work_dir) / 'last_checkpoint') as part:
            part.write_text(self.last_ckpt)
        for old in outdated:
            path = self.file_backend.join_path(
                self.out_dir, self.filename_tmpl.format(old)
            )
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """Save a new best checkpoint, then remove the one before it."""
        backend, outdated = self.file_backend, []
        self.file_backend = copy(backend)
        self.file_backend.remove = outdated.append
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        best = getattr(self, 'best_ckpt_path_dict', {}).values()
        for path in outdated:
            if path not in (getattr(self, 'best_ckpt_path', None), *best):
                backend.remove(path)

    def _update_kept(self, runner: Runner, step: int) -> list[int]:
        """Note that ``step`` is kept and return the steps that no more are."""
        if self.max_keep_ckpts <= 0:
            return []
        kept = [*self.keep_ckpt_ids]
        if step not in kept:
            kept.append(step)
        kept, outdated = (
            kept[-self.max_keep_ckpts :],
            kept[: -self.max_keep_ckpts],
        )
        self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        return outdated


def _parts_of_a_batch(runner: Runner) -> int:
    """Steps that make one gradient."""
    return runner.cfg.get('optim_wrapper', {}).get('accumulative_counts', 1)


def _check_parts(runner: Runner, checkpoint: dict) -> None:
    """Refuse to go on with steps of another length.

    Raises:
        CheckpointError: If batches come in other parts than in the run that
            left the checkpoint: its steps and schedules count these.
    """
    now = _parts_of_a_batch(runner)
    then = checkpoint['meta'].get(_PARTS, now)
    if then != now:
        raise CheckpointError(
            runner._load_from,
            f'a run that takes each batch in {now} parts',
            f'one that took it in {then}',
            f'Go on with --accumulate {then}, or begin anew elsewhere '
            '(--work-dir).',
        )


def _spare_false_alarm(runner: Runner, checkpoint: dict) -> None:
    """Let data that are the same on resume also compare as the same.

    mmengine compares pickles of the data sets' metainfo, and these differ
    even for equal values once these were in a file.
    """
    dataloader = getattr(runner._train_loop, 'dataloader', None)
    metainfo = getattr(getattr(dataloader, 'dataset', None), 'metainfo', None)
    meta = checkpoint.get('meta', {})
    stored, present = to_plain(meta.get('dataset_meta')), to_plain(metainfo)
    # Texts, because arrays in there have no single truth value.
    if metainfo is not None and repr(stored) == repr(present):
        meta['dataset_meta'] = metainfo


def _says_something(record: logging.LogRecord) -> bool:
    """Hold back what mmengine says about itself at every checkpoint."""
    text = str(record.msg)
    return 'FileClient' not in text and 'HardDiskBackend' not in text
