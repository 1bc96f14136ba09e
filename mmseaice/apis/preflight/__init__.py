"""What would go wrong in a training, found out before it waits in a queue."""

from .disk import check_disk
from .findings import Finding
from .run import count_checkpoints, preflight

__all__ = ['Finding', 'check_disk', 'count_checkpoints', 'preflight']
