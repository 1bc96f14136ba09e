"""Hooks that upstream lacks."""

from .deterministic_draw_hook import DeterministicDrawHook
from .leak_hook import LeakHook
from .parity_hook import ParityHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .scene_figure_hook import SceneFigureHook

__all__ = [
    'DeterministicDrawHook',
    'LeakHook',
    'ParityHook',
    'PlainCheckpointHook',
    'SceneFigureHook',
]
