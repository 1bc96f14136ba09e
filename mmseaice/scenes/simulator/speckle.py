"""Multi-look speckle as in Sentinel-1 EW GRDM products."""

from __future__ import annotations

import numpy as np

#: Weight of the direct neighbours in the averaging window of one axis. The
#: window is wider than the pixel spacing (about 90 m against 40 m), hence
#: the correlation. With two looks this gives 10.9 equivalent looks and a
#: lag-1 correlation of 0.57 in each direction; the product definition of
#: Sentinel-1 (S1-RS-MDA-52-7441) gives 10.7 looks for EW GRDM.
_NEIGHBOUR = np.float32(0.355)
_LOOKS = 2


def _average(values: np.ndarray, axis: int) -> np.ndarray:
    """Average three neighbours along an axis, two lines shorter."""
    count = values.shape[axis] - 2
    parts = [
        values[(slice(None),) * axis + (slice(k, k + count),)]
        for k in range(3)
    ]
    out = parts[0] + parts[2]
    out *= _NEIGHBOUR
    out += parts[1]
    out /= 1 + 2 * _NEIGHBOUR
    return out


class Speckle:
    """Speckle of unit mean, drawn strip by strip down the lines.

    The intensity of one complex Gaussian look is an exponential variate.
    Each pixel averages looks over a window that overlaps its neighbours'
    windows, which makes the result a correlated gamma variate.

    Args:
        rng: Source of randomness.
        samples: Samples per line.
    """

    def __init__(self, rng: np.random.Generator, samples: int) -> None:
        self._rng = rng
        self._samples = samples
        self._carry = self._looks(2)

    def _looks(self, lines: int) -> np.ndarray:
        shape = (lines, self._samples + 2)
        total = self._rng.standard_exponential(shape, np.float32)
        for _ in range(_LOOKS - 1):
            total += self._rng.standard_exponential(shape, np.float32)
        total /= _LOOKS
        return _average(total, axis=1)

    def draw(self, lines: int) -> np.ndarray:
        """Speckle of the next ``lines`` lines, float32 (lines, samples)."""
        looks = np.concatenate([self._carry, self._looks(lines)])
        self._carry = looks[-2:]
        return _average(looks, axis=0)
