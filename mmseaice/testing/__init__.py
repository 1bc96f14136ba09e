"""Help for tests, ours and those of extensions: configs and tiny data."""

from .charted import make_charted
from .configs import FOUR_STEPS, config_root, find_configs
from .meta import on_meta_device
from .recipes import make_scene, open_recipe, write_recipe, write_recipes
from .stores import (
    build_demo_stores,
    build_recipes,
    build_tiny_store,
    read_files,
)
from .twins import shrink_model, shrink_recipe

__all__ = [
    'FOUR_STEPS',
    'build_demo_stores',
    'build_recipes',
    'build_tiny_store',
    'config_root',
    'find_configs',
    'make_charted',
    'make_scene',
    'on_meta_device',
    'open_recipe',
    'read_files',
    'shrink_model',
    'shrink_recipe',
    'write_recipe',
    'write_recipes',
]
