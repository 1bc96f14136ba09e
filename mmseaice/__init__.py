"""Sea-ice charts from Sentinel-1 SAR with foundation models.

Importing the package itself is cheap: the science rooms
(:mod:`mmseaice.charts`, :mod:`mmseaice.scenes`,
:mod:`mmseaice.evaluation.functional`) need numpy and xarray, and only the
learning rooms import torch and the OpenMMLab libraries.
"""

from .version import __version__

__all__ = ['__version__']
