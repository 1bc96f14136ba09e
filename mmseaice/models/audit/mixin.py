"""Models that check whether their pre-trained encoder arrived."""

from __future__ import annotations

from mmengine.logging import MMLogger
from mmengine.model.weight_init import PretrainedInit

from .compare import audit_loading


class AuditedInitMixin:
    """Audits the encoder that ``backbone.init_cfg`` loads, once.

    Put it before the model class. One table goes to the log, and a
    :class:`~mmseaice.errors.LoadAuditError` stops the run if the encoder
    does not fit or did not stay.
    """

    def init_weights(self) -> None:
        """Initialise the weights, and audit a pre-trained encoder."""
        source = _pretrained(getattr(self.backbone, 'init_cfg', None))
        if source is None or self.is_init:
            super().init_weights()
            return
        given = self.backbone, source['checkpoint'], source.get('prefix')
        audit = audit_loading(*given, before=True)
        if audit.error is None:
            super().init_weights()
            audit = audit_loading(*given)
        MMLogger.get_current_instance().info(audit.table())
        audit.check()


def _pretrained(init_cfg: dict | list | None) -> dict | None:
    """The entry of an ``init_cfg`` that loads a checkpoint, if any."""
    entries = init_cfg if isinstance(init_cfg, list) else [init_cfg or {}]
    for entry in entries:
        if entry.get('type') in ('Pretrained', PretrainedInit):
            return entry
    return None
