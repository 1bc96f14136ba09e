"""The one way in which our losses average: over what is valid, everywhere."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size


def valid_mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of ``values`` over the batch of all ranks together.

    Each rank divides its own sum by the weight of all ranks and multiplies
    by their number, so that the mean over ranks, which is what distributed
    training takes of gradients and logs, is the mean over all pixels and
    not a mean of means. Every rank must call it equally often.

    Args:
        values: Finite values, any shape.
        weights: Weight of each value, broadcastable; 0 leaves it out.

    Returns:
        Scalar with a graph: 0 where nothing has weight, never NaN.
    """
    weights = weights.to(values.dtype).expand_as(values)
    total = (values * weights).sum()
    weight = weights.sum().detach()
    all_reduce(weight)
    # Where instead of an if: reading the weight would wait for the GPU.
    weight = torch.where(weight > 0, weight, torch.ones_like(weight))
    return total * get_world_size() / weight
