"""Learning without labels."""

from .sea_ice_mae import SeaIceMAE

__all__ = ['SeaIceMAE']
