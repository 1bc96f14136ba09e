"""What travels with an image through data set, model and metric."""

from .sea_ice_data_sample import SeaIceDataSample

__all__ = ['SeaIceDataSample']
