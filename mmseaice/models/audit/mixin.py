"""Models that check whether their pre-trained encoder arrived."""

from __future__ import annotations

from mmengine.logging import MMLogger

from ...engine.pretrained import pretrained_entry
from .compare import audit_loading, read_weights


class AuditedInitMixin:
    """Audits the encoder that ``backbone.init_cfg`` loads, once.

    Put it before the model class. One table goes to the log, and a
    :class:`~mmseaice.errors.LoadAuditError` stops the run if the encoder
    does not fit or did not stay.
    """

    def init_weights(self) -> None:
        """Initialise the weights, and audit a pre-trained encoder."""
        source = pretrained_entry(getattr(self.backbone, 'init_cfg', None))
        if source is None or self.is_init:
            super().init_weights()
            return
        path = source['checkpoint']
        given = self.backbone, path, source.get('prefix'), read_weights(path)
        audit = audit_loading(*given, before=True)
        if audit.error is None:
            super().init_weights()
            audit = audit_loading(*given)
        MMLogger.get_current_instance().info(audit.table())
        audit.check()
