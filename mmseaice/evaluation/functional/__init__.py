"""Scores as plain formulas on running sums: numpy only, no torch."""

from .autoice import AutoICESums, autoice_scores
from .confusion import ConfusionMatrix
from .regression import RegressionSums
from .task_sums import TaskSums, round_to_classes

__all__ = [
    'AutoICESums',
    'ConfusionMatrix',
    'RegressionSums',
    'TaskSums',
    'autoice_scores',
    'round_to_classes',
]
