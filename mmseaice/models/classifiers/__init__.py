"""Models that name what a patch shows."""

from .patch_classifier import PatchClassifier

__all__ = ['PatchClassifier']
