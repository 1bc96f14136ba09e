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
    CompileHook,
    DeterministicDrawHook,
    EarlyStoppingHook,
    FiniteLossHook,
    LazyRuntimeInfoHook,
    LeakHook,
    OverdueValidationHook,
    ParityHook,
    PlainCheckpointHook,
    PreemptionHook,
    RecomputeHook,
    SceneFigureHook,
    ThroughputHook,
    ValidationFigureHook,
)
from .optim_wrapper import Bf16OptimWrapper, GroupedOptimWrapperConstructor
from .parity import check_parity, parity_differences
from .sharded import build_sharded_optimizer
from .vis_backends import MLflowVisBackend
from .weights import load_weights

__all__ = [
    'AtomicLocalBackend',
    'Bf16OptimWrapper',
    'CompileHook',
    'DeterministicDrawHook',
    'EarlyStoppingHook',
    'FiniteLossHook',
    'GroupedOptimWrapperConstructor',
    'LazyRuntimeInfoHook',
    'LeakHook',
    'MLflowVisBackend',
    'OverdueValidationHook',
    'ParityHook',
    'PlainCheckpointHook',
    'PreemptionHook',
    'RecomputeHook',
    'SceneFigureHook',
    'ThroughputHook',
    'ValidationFigureHook',
    'build_sharded_optimizer',
    'check_parity',
    'latest_checkpoint',
    'load_checkpoint_file',
    'load_weights',
    'parity_differences',
    'trusted_checkpoints',
]
