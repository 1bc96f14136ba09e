"""Help for tests, ours and those of extensions: configs and tiny data."""

from .configs import config_root, find_configs
from .recipes import make_scene, open_recipe, write_recipe, write_recipes
from .stores import build_recipes, build_tiny_store, read_files

__all__ = [
    'build_recipes',
    'build_tiny_store',
    'config_root',
    'find_configs',
    'make_scene',
    'open_recipe',
    'read_files',
    'write_recipe',
    'write_recipes',
]
