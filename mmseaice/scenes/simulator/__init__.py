"""Simulated scenes that read like real ones."""

from .campaign import write_scenes
from .plan import plan_scenes
from .scene import SimulatedScene, simulate_scene

__all__ = ['SimulatedScene', 'plan_scenes', 'simulate_scene', 'write_scenes']
