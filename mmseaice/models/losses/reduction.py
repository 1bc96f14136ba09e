"""How our losses average: over what is valid, and over all ranks."""

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


def sum_over_ranks(values: torch.Tensor) -> torch.Tensor:
    """Sum of a tensor over ranks, for losses that are no mean of pixels.

    The value is that of all ranks, the graph that of this rank's part,
    multiplied by their number. So the mean over ranks of the gradients of
    any function of the result is the gradient for all pixels together.
    Every rank must call it equally often.

    Args:
        values: This rank's part, finite, any shape.

    Returns:
        Tensor of the same shape with a graph.
    """
    total = values.detach().clone()
    all_reduce(total)
    return total + get_world_size() * (values - values.detach())
