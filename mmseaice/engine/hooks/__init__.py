"""Hooks that upstream lacks."""

from .compile_hook import CompileHook
from .deterministic_draw_hook import DeterministicDrawHook
from .early_stopping_hook import EarlyStoppingHook
from .finite_loss_hook import FiniteLossHook
from .lazy_runtime_info_hook import LazyRuntimeInfoHook
from .leak_hook import LeakHook
from .overdue_validation_hook import OverdueValidationHook
from .parity_hook import ParityHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .preemption_hook import PreemptionHook
from .recompute_hook import RecomputeHook
from .scene_figure_hook import SceneFigureHook, ValidationFigureHook
from .throughput_hook import ThroughputHook

__all__ = [
    'CompileHook',
    'DeterministicDrawHook',
    'EarlyStoppingHook',
    'FiniteLossHook',
    'LazyRuntimeInfoHook',
    'LeakHook',
    'OverdueValidationHook',
    'ParityHook',
    'PlainCheckpointHook',
    'PreemptionHook',
    'RecomputeHook',
    'SceneFigureHook',
    'ThroughputHook',
    'ValidationFigureHook',
]
