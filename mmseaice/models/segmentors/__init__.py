"""Whole models that chart sea ice."""

from .multi_task import MultiTaskSegmentor

__all__ = ['MultiTaskSegmentor']
