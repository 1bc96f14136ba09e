"""Steps of a data pipeline, one file per verb.

All randomness of a step comes from ``results['rng']``, which belongs to
the sample and to nothing else.
"""

from .crop_scene import CropScene
from .flip_scene import FlipScene
from .load_scene import LoadScene
from .normalise_scene import NormaliseScene
from .pack_patch import PackPatch
from .pack_scene import PackScene
from .scale_patch import ScalePatch
from .warp_scene import WarpScene

__all__ = [
    'CropScene',
    'FlipScene',
    'LoadScene',
    'NormaliseScene',
    'PackPatch',
    'PackScene',
    'ScalePatch',
    'WarpScene',
]
