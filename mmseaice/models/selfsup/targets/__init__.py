"""What a masked autoencoder is asked to predict."""

from .despeckled import DespeckledTarget
from .gradient import GradientTarget
from .pixel import PixelTarget

__all__ = ['DespeckledTarget', 'GradientTarget', 'PixelTarget']
