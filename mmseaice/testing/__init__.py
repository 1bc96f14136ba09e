"""Help for tests, ours and those of extensions: configs and tiny data."""

from .configs import config_root, find_configs
from .recipes import make_scene, open_recipe, write_recipe
from .stores import build_tiny_store

__all__ = [
    'build_tiny_store',
    'config_root',
    'find_configs',
    'make_scene',
    'open_recipe',
    'write_recipe',
]
