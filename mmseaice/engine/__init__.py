"""What drives a run, beyond what mmengine's configuration can say.

Importing this room makes checkpoints strict on reading and atomic on
writing for everything that goes through mmengine.
"""

from .checkpoint import (
    AtomicLocalBackend,
    latest_checkpoint,
    load_checkpoint_file,
    trusted_checkpoints,
)
from .hooks import (
    DeterministicDrawHook,
    LeakHook,
    ParityHook,
    PlainCheckpointHook,
)
from .optim_wrapper import Bf16OptimWrapper
from .parity import check_parity, parity_differences
from .weights import load_weights

__all__ = [
    'AtomicLocalBackend',
    'Bf16OptimWrapper',
    'DeterministicDrawHook',
    'LeakHook',
    'ParityHook',
    'PlainCheckpointHook',
    'check_parity',
    'latest_checkpoint',
    'load_checkpoint_file',
    'load_weights',
    'parity_differences',
    'trusted_checkpoints',
]
