"""Where logs go, as far as upstream's ways there do not work."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.visualization import MLflowVisBackend as UpstreamBackend

from ..registry import VISBACKENDS


@VISBACKENDS.register_module()
class MLflowVisBackend(UpstreamBackend):
    """mmengine's backend, whose pictures MLflow can take.

    MLflow reads the format from the name of a picture, and upstream's names
    have no suffix; they also lack the step, so that each validation would
    overwrite the one before.
    """

    def add_image(
        self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any
    ) -> None:
        """Log an image, uint8 RGB (H, W, 3)."""
        super().add_image(f'{name}_{step}.png', image, step, **kwargs)
