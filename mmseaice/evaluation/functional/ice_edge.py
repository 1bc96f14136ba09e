"""Errors of the ice edge: how much area is wrong, and how far off the line.

The edge lies where the concentration crosses 15 %. Sources: the integrated
ice-edge error of Goessling et al. 2016, Geophysical Research Letters 43,
1642, and the length of an edge in pixels of Melsom et al. 2019, Ocean
Science 15, 615.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

#: Concentration at the ice edge, in tenths.
EDGE = 1.5

#: Quantile of the distances between two edges; the largest of them all
#: would be that of one stray pixel.
QUANTILE = 0.95


@dataclass(frozen=True)
class IceEdgeErrors:
    """Errors of the ice edge on the labelled pixels of one scene.

    Args:
        over_km2: Area of ice in the prediction that is water in the truth.
        under_km2: Area of water in the prediction that is ice in the truth.
        edge_km: Length of the true edge; 0 without one.
        predicted_edge_km: Length of the predicted edge.
        hausdorff_km: Of the distances from each point of one edge to the
            other edge, the 95 % quantile, the larger one of the two ways;
            NaN if an edge is missing.
    """

    over_km2: float
    under_km2: float
    edge_km: float
    predicted_edge_km: float
    hausdorff_km: float

    @property
    def error_km2(self) -> float:
        """The integrated ice-edge error: all area in disagreement."""
        return self.over_km2 + self.under_km2

    @property
    def km2_per_km(self) -> float:
        """Area in disagreement per length of the true edge, NaN without."""
        return self.error_km2 / self.edge_km if self.edge_km else math.nan


def ice_edge_errors(
    truth: np.ndarray,
    prediction: np.ndarray,
    scored: np.ndarray,
    spacing: float = 80.0,
    threshold: float = EDGE,
) -> IceEdgeErrors:
    """Compare the ice edges of two maps of concentration.

    Only scored pixels count: where land or missing labels meet ice there is
    no edge.

    Args:
        truth: Concentration in tenths (H, W).
        prediction: The same on the same pixels.
        scored: Pixels that count, bool (H, W); both maps are numbers there.
        spacing: Size of a pixel in metres.
        threshold: Concentration in tenths from which a pixel is ice.

    Raises:
        ValueError: If the shapes differ.
    """
    if not truth.shape == prediction.shape == scored.shape:
        raise ValueError(
            'truth, prediction and scored must have one shape, but got '
            f'{truth.shape}, {prediction.shape} and {scored.shape}.'
        )
    kilometres = spacing / 1000
    ice, predicted = ((m >= threshold) & scored for m in (truth, prediction))
    edge, predicted_edge = (edge_pixels(m, scored) for m in (ice, predicted))
    return IceEdgeErrors(
        over_km2=int(np.sum(predicted & ~ice)) * kilometres**2,
        under_km2=int(np.sum(ice & ~predicted)) * kilometres**2,
        edge_km=edge_length(edge) * kilometres,
        predicted_edge_km=edge_length(predicted_edge) * kilometres,
        hausdorff_km=hausdorff(edge, predicted_edge) * kilometres,
    )


def edge_pixels(ice: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """Ice that shares a side with scored water.

    Args:
        ice: Scored ice, bool (H, W).
        scored: Pixels that count, bool (H, W).
    """
    return ice & _beside(scored & ~ice).astype(bool)


def edge_length(edge: np.ndarray) -> float:
    """Length of an edge in pixels, straight or diagonal.

    A pixel with two edge pixels at its sides counts 1, one with none
    counts the diagonal, and one with a single one their mean (Melsom et al.
    2019).

    Args:
        edge: Edge pixels, bool (H, W).
    """
    beside = np.minimum(_beside(edge)[edge], 2)
    counts = np.bincount(beside, minlength=3)
    diagonal = math.sqrt(2)
    return float(counts @ (diagonal, (1 + diagonal) / 2, 1.0))


def _beside(mask: np.ndarray) -> np.ndarray:
    """Number of the four neighbours in a mask, uint8 (H, W)."""
    count = np.zeros(mask.shape, np.uint8)
    count[1:] += mask[:-1]
    count[:-1] += mask[1:]
    count[:, 1:] += mask[:, :-1]
    count[:, :-1] += mask[:, 1:]
    return count


def hausdorff(
    first: np.ndarray, second: np.ndarray, quantile: float = QUANTILE
) -> float:
    """Quantile of the distances between two sets of pixels.

    Args:
        first: Pixels, bool (H, W).
        second: Pixels, bool (H, W).
        quantile: Quantile of the distances from each pixel of one set to
            the nearest one of the other; 1 is the Hausdorff distance.

    Returns:
        The larger one of the two ways, in pixels; NaN if a set is empty.
    """
    points = [np.argwhere(mask) for mask in (first, second)]
    if min(map(len, points)) == 0:
        return math.nan
    # Edges are thin: a tree of their points needs far less memory than the
    # distances of all pixels.
    one, other = points
    ways = (cKDTree(one).query(other)[0], cKDTree(other).query(one)[0])
    return float(max(np.quantile(way, quantile) for way in ways))
