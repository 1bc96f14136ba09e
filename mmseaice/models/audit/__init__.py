"""Did a pre-trained encoder arrive in the model?"""

from .compare import audit_loading
from .mixin import AuditedInitMixin
from .report import AuditRow, LoadAudit

__all__ = ['AuditRow', 'AuditedInitMixin', 'LoadAudit', 'audit_loading']
