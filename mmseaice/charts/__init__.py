"""Ice-chart knowledge: classes, codes, colours, polygons. No torch."""

from .codes import IGNORE, IGNORE_COLOUR, LAND_COLOUR, TASKS, Task, get_task
from .egg import POLYGON_COLUMNS, Polygon, read_polygon_codes
from .polygons import RULES, polygon_classes, polygons_to_charts
from .shares import polygon_shares, share_table

__all__ = [
    'IGNORE',
    'IGNORE_COLOUR',
    'LAND_COLOUR',
    'POLYGON_COLUMNS',
    'RULES',
    'TASKS',
    'Polygon',
    'Task',
    'get_task',
    'polygon_classes',
    'polygon_shares',
    'polygons_to_charts',
    'read_polygon_codes',
    'share_table',
]
