"""A few pixels of each scene, drawn as the scenes stream by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmseaice.charts import IGNORE
from mmseaice.errors import PredictionError


class PixelSample:
    """At most ``size`` labelled pixels of one scene, all equally likely.

    Every pixel gets a random number and those with the least ones stay, so
    it does not matter in how many parts the scene comes, and memory does
    not grow with it.

    Args:
        size: Pixels to keep.
        seed: Seed of the draw.
        name: What tells this draw from others of the same seed, such as
            the id of the scene. Scenes may come in any order.

    Attributes:
        scores: Drawn scores, float32 (K, n).
        truth: Their true classes, uint8 (n,).
    """

    def __init__(self, size: int, seed: int = 0, name: str = '') -> None:
        self.size = size
        self.name = name
        self._rng = np.random.default_rng([seed, *name.encode()])
        self._keys = np.empty(0)
        self.scores: np.ndarray | None = None
        self.truth = np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self.truth)

    def update(
        self,
        scores: np.ndarray,
        truth: np.ndarray,
        valid: np.ndarray | None = None,
    ) -> None:
        """Show a part of the scene.

        Args:
            scores: What the model says of each pixel, (K, ...).
            truth: True classes (...), 255 where there is no label.
            valid: Where the scene is charted, bool (...); everywhere by
                default.

        Raises:
            ValueError: If shapes differ.
            PredictionError: If the scores of a drawn pixel are not finite.
        """
        if scores.shape[1:] != truth.shape:
            raise ValueError(
                f'scores must have the shape (K, *{truth.shape}), but got '
                f'{scores.shape}.'
            )
        usable = truth != IGNORE
        if valid is not None:
            usable &= valid
        index = np.flatnonzero(usable)
        keys = self._rng.random(len(index))
        chosen = _least(keys, self.size)
        index, keys = index[chosen], keys[chosen]
        found = scores.reshape(len(scores), -1)[:, index].astype(np.float32)
        if not np.isfinite(found).all():
            raise PredictionError(
                self.name or 'the scene',
                'a finite score on every labelled pixel',
                'NaN or infinite ones',
                'Leave out pixels without a prediction.',
            )
        if self.scores is not None:
            found = np.concatenate([self.scores, found], axis=1)
        classes = truth.ravel()[index].astype(np.uint8)
        classes = np.concatenate([self.truth, classes])
        keys = np.concatenate([self._keys, keys])
        kept = _least(keys, self.size)
        self._keys, self.truth = keys[kept], classes[kept]
        self.scores = found[:, kept]


@dataclass
class SceneSample:
    """The drawn pixels of one scene.

    Args:
        scene_id: Id of the scene.
        tasks: Pixels by task. Scores are logits of a classification, and
            the predicted quantity, (1, n), of a regression.
        groups: What the scene belongs to, by kind, such as
            ``{'service': 'dmi', 'season': 'winter'}``.
    """

    scene_id: str
    tasks: dict[str, PixelSample] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


def _least(keys: np.ndarray, size: int) -> np.ndarray | slice:
    """Places of the ``size`` least keys, in their order of place."""
    if len(keys) <= size:
        return slice(None)
    return np.sort(np.argpartition(keys, size - 1)[:size])
