"""Metrics for mmengine runners, thin wrappers of ``functional``."""

from .autoice_metric import AutoICEMetric

__all__ = ['AutoICEMetric']
