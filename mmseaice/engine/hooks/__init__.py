"""Hooks that upstream lacks."""

from .deterministic_draw_hook import DeterministicDrawHook
from .parity_hook import ParityHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .scene_figure_hook import SceneFigureHook

__all__ = [
    'DeterministicDrawHook',
    'ParityHook',
    'PlainCheckpointHook',
    'SceneFigureHook',
]
