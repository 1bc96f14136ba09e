"""Scenes as the splits know them."""

import numpy as np
import pytest

from mmseaice.scenes import read_published_split


@pytest.fixture(scope='module')
def scenes():
    """The published training scenes, a tenth of them with old ice."""
    found = read_published_split('train_dec2022')
    scenes = {scene.scene_id: scene.attrs for scene in found}
    rng = np.random.default_rng(0)
    for attrs in scenes.values():
        counts = [5, 5, 5, 5, 5, 9 * int(rng.random() < 0.1)]
        attrs['class_histogram'] = {'SOD': counts}
    return scenes
