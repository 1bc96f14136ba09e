"""How the training data were prepared, written, carried and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ...version import __version__
from ..parity import check_parity


def _record(dataloader: Any) -> Mapping | None:
    """The parity record of a data loader's data set, if it keeps one."""
    metainfo = getattr(dataloader.dataset, 'metainfo', None) or {}
    return metainfo.get('parity')


@HOOKS.register_module()
class ParityHook(Hook):
    """Store the parity record in checkpoints and hold data against it.

    A checkpoint gets ``meta['mmseaice']``: the training data set's record
    and the version of mmseaice. Validation and test data are compared with
    it before the first pixel is read: with the data set of this run in
    training, with the checkpoint's record otherwise.

    Args:
        ignore: Names of entries that may differ, e.g. ``['release']`` for a
            deliberate test on another release.
    """

    priority = 'NORMAL'

    def __init__(self, ignore: Sequence[str] = ()) -> None:
        self.ignore = [ignore] if isinstance(ignore, str) else list(ignore)
        self._subject = 'the model'
        self._trained: Mapping | None = None
        self._training = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the record of the training data."""
        record = dict(_record(runner.train_dataloader) or {})
        checkpoint['meta']['mmseaice'] = record | {'version': __version__}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the record of the loaded model."""
        if not self._training:
            self._subject = runner._load_from or 'the checkpoint'
            self._trained = checkpoint.get('meta', {}).get('mmseaice')

    def before_train(self, runner: Runner) -> None:
        """From here on, this run's own training data are the reference."""
        self._training = True
        self._subject = 'the training data'
        self._trained = _record(runner.train_dataloader)
        if runner.val_loop is not None:
            self._check(runner, runner.val_dataloader)

    def before_val(self, runner: Runner) -> None:
        """Check validation data in a run without training."""
        if not self._training:
            self._check(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Check test data."""
        self._check(runner, runner.test_dataloader)

    def _check(self, runner: Runner, dataloader: Any) -> None:
        data = _record(dataloader)
        if data is None:
            return
        if not self._trained:
            runner.logger.warning(
                '%s carries no record of how its training data were '
                'prepared, so the data at hand go unchecked.',
                self._subject,
            )
            return
        check_parity(self._subject, self._trained, data, self.ignore)
