"""What a notebook imports: models and whole-scene inference."""

from .model import init_model
from .scene_inferencer import SceneInferencer

__all__ = ['SceneInferencer', 'init_model']
