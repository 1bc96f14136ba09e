"""Ice-chart knowledge: classes, codes, colours, polygons. No torch."""

from .codes import IGNORE, IGNORE_COLOUR, TASKS, Task, get_task

__all__ = ['IGNORE', 'IGNORE_COLOUR', 'TASKS', 'Task', 'get_task']
