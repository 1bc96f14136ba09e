"""What lies between encoder and heads, where upstream lacks it."""

from .uper_neck import UPerNeck

__all__ = ['UPerNeck']
