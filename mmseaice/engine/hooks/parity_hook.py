"""How the training data were prepared, written, carried and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ...version import __version__
from ..parity import PIXEL_ENTRIES, check_parity, has_record
from ..pretrained import pretrained_entry, read_parity
from ..weights import bare_model


def _record(dataloader: Any) -> Mapping | None:
    """The parity record of a data loader's data set, if it keeps one."""
    metainfo = getattr(dataloader.dataset, 'metainfo', None) or {}
    record = metainfo.get('parity')
    return record if has_record(record) else None


def _encoder_checkpoint(runner: Runner) -> str | None:
    """The file that the model's encoder was initialised from, if any."""
    backbone = getattr(bare_model(runner.model), 'backbone', None)
    entry = pretrained_entry(getattr(backbone, 'init_cfg', None))
    return entry and entry['checkpoint']


@HOOKS.register_module()
class ParityHook(Hook):
    """Store the parity record in checkpoints and hold data against it.

    A checkpoint gets ``meta['mmseaice']``: the training data set's record
    and the version of mmseaice, or nothing if there is no record.
    Validation and test data are compared with it before the first pixel is
    read: with the data set of this run in training, with the checkpoint's
    record otherwise. Training data are compared with those that a
    pre-trained encoder was made from, as far as pixels are concerned.

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
        record = _record(runner.train_dataloader)
        if record is not None:
            record = dict(record) | {'version': __version__}
            checkpoint['meta']['mmseaice'] = record

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
        self._check_encoder(runner)
        if runner.val_loop is not None:
            self._check(runner, runner.val_dataloader)

    def _check_encoder(self, runner: Runner) -> None:
        """Compare this run's pixels with those of the pre-training."""
        checkpoint = _encoder_checkpoint(runner)
        if checkpoint is None or self._trained is None:
            return
        record = read_parity(checkpoint)
        if record is None:
            self._tell_unchecked(runner, checkpoint)
            return
        known = {key: record[key] for key in PIXEL_ENTRIES if key in record}
        check_parity(checkpoint, known, self._trained, self.ignore)

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
        if has_record(self._trained):
            check_parity(self._subject, self._trained, data, self.ignore)
        else:
            self._tell_unchecked(runner, self._subject)

    def _tell_unchecked(self, runner: Runner, subject: str) -> None:
        runner.logger.warning(
            '%s: no record of how the training data were prepared, so the '
            'data at hand go unchecked.',
            subject,
        )
