"""Temperature scaling: one number that takes away overconfidence.

Source: Guo et al. 2017, 'On calibration of modern neural networks'. The
most likely class of a pixel stays what it was.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

#: Temperatures beyond these say that labels or logits are no good.
COLDEST, HOTTEST = 0.05, 20.0


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities of logits (K, ...) at a temperature, float32 (K, ...)."""
    scaled = np.asarray(logits, np.float32) / np.float32(temperature)
    scaled -= scaled.max(axis=0)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=0)
    return scaled


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at another temperature, float32 (K, ...).

    The same as :func:`softmax` of the logits behind them. NaN stays NaN.

    Args:
        probabilities: (K, ...), at temperature 1.
        temperature: Above 1 the classes come closer to each other.
    """
    powers = np.asarray(probabilities, np.float32) ** np.float32(
        1 / temperature
    )
    powers /= powers.sum(axis=0)
    return powers


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature with the least mean negative log-likelihood.

    The likelihood is concave in 1 / T, so its only maximum is where the
    slope is 0.

    Args:
        logits: (K, n), finite.
        truth: True classes (n,), integers below K.

    Returns:
        Temperature within :data:`COLDEST` and :data:`HOTTEST`.

    Raises:
        ValueError: If there are no pixels, or shapes differ.
    """
    logits, truth = np.asarray(logits), np.asarray(truth)
    if logits.shape[1:] != truth.shape or not truth.size:
        raise ValueError(
            'logits and truth must be (K, n) and (n,) with n > 0, but got '
            f'{logits.shape} and {truth.shape}.'
        )
    own = np.take_along_axis(logits, truth[None].astype(np.intp), 0)
    lead = (logits - own).astype(np.float32)
    below = lead - lead.max(axis=0)

    def slope(sharpness: float) -> float:
        """Derivative of the mean loss by 1 / T."""
        weights = np.exp(np.float32(sharpness) * below)
        mean = (weights * lead).sum(axis=0) / weights.sum(axis=0)
        return float(mean.mean(dtype=np.float64))

    low, high = 1 / HOTTEST, 1 / COLDEST
    if slope(low) >= 0:
        return HOTTEST
    if slope(high) <= 0:
        return COLDEST
    return 1 / brentq(slope, low, high, xtol=1e-5)
