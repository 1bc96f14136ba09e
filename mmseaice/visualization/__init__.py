"""Figures and palettes. Needs matplotlib, but neither torch nor mm*."""

from .channel_summary import ChannelSummary
from .confusion_figure import draw_confusion_figure
from .footprint_figure import draw_footprint_figure
from .images import robust_limits, thumbnail
from .page import write_page
from .palettes import chart_to_rgb, legend_entries
from .quicklook import draw_quicklook
from .reconstruction_figure import draw_reconstruction_figure
from .reliability_figure import draw_reliability_figure
from .sample_figure import ChannelScale, ScenePlace, draw_sample_figure
from .scene_figure import draw_scene_figure
from .selection import diverse_subset
from .sweep_figure import draw_sweep_figure

__all__ = [
    'ChannelScale',
    'ChannelSummary',
    'ScenePlace',
    'chart_to_rgb',
    'diverse_subset',
    'draw_confusion_figure',
    'draw_footprint_figure',
    'draw_quicklook',
    'draw_reconstruction_figure',
    'draw_reliability_figure',
    'draw_sample_figure',
    'draw_scene_figure',
    'draw_sweep_figure',
    'legend_entries',
    'robust_limits',
    'thumbnail',
    'write_page',
]
