"""Checkpoints without pickled objects, kept until the next one is whole."""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ...registry import HOOKS
from ...utils.atomic import atomic_path
from ..plain import from_plain, to_plain


@HOOKS.register_module()
class PlainCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, made safe to read and safe to kill.

    - What a runner stores beside the weights is rewritten with plain
      values, so the file loads with ``weights_only=True``, and turned back
      when it is loaded.
    - An outdated checkpoint is deleted after its successor is on disk, not
      before, and ``last_checkpoint`` is replaced in one step. A kill at any
      moment leaves a checkpoint to go on from.

    Takes the arguments of :class:`mmengine.hooks.CheckpointHook`.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rewrite all but the weights, after every other hook had its say."""
        for key, value in checkpoint.items():
            if not key.endswith('state_dict'):
                checkpoint[key] = to_plain(value)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Bring arrays and history buffers back."""
        for key, value in checkpoint.items():
            if not key.endswith('state_dict'):
                checkpoint[key] = from_plain(value)
        _spare_false_alarm(runner, checkpoint)

    def before_train(self, runner: Runner) -> None:
        """Find out where to save, without upstream's deprecation notices."""
        runner.logger.addFilter(_says_something)
        super().before_train(runner)

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        """Save, point ``last_checkpoint`` at it, then tidy up."""
        name = self.filename_tmpl.format(step)
        outdated = self._update_kept(runner, step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
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


def _spare_false_alarm(runner: Runner, checkpoint: dict) -> None:
    """Let data that are the same on resume also compare as the same.

    mmengine compares pickles of the data sets' metainfo, and these differ
    even for equal values once these were in a file.
    """
    # Asking for runner.train_loop would build it, in a test run too.
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
