"""What travels with an image through data set, model and metric."""

from .sample_stack import SampleStack
from .sea_ice_data_sample import SeaIceDataSample

__all__ = ['SampleStack', 'SeaIceDataSample']
