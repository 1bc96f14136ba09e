"""The parity record: how pixels were prepared for a model.

It travels in the checkpoint, and inference compares it with what it is
about to feed. Every value is of a plain type, so it can be written as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..version import __version__
from .transforms import NormaliseScene, ScalePatch


def one_or_all(values: Iterable[Any]) -> Any:
    """The common value, or the sorted list of different ones."""
    different = sorted(set(values))
    return different[0] if len(different) == 1 else different


def parity_record(
    steps: Iterable[Callable],
    channels: Sequence[str],
    spacings: Iterable[float],
    units: Sequence[str],
    **source: Any,
) -> dict[str, Any]:
    """Describe how pixels are prepared.

    Args:
        steps: The data pipeline; normalisation and scaling are read off
            its :class:`NormaliseScene` and :class:`ScalePatch`.
        channels: Channel names, in the order the model sees them.
        spacings: Pixel spacings in m.
        units: Unit of each channel before normalisation.
        **source: What is known of where the pixels come from: resampler,
            min_valid, mask, release, label_rule, chart_resampling.

    Returns:
        The record; mean and std are lists in the order of ``channels``,
        None if the pipeline does not normalise.
    """
    record = {
        'version': __version__,
        'channels': list(channels),
        'spacings': sorted({float(spacing) for spacing in spacings}),
        'units': list(units),
        'scaling': 'none',
        'mean': None,
        'std': None,
        'clip': None,
        'fill': None,
        'resampler': 'none',
        'min_valid': None,
        'mask': 'none',
        'release': '',
        'label_rule': '',
        'chart_resampling': '',
    }
    for step in steps:
        if isinstance(step, ScalePatch):
            record['scaling'] = step.mode
        if isinstance(step, NormaliseScene):
            step.check_channels(channels)
            record['mean'] = [float(step.mean[name]) for name in channels]
            record['std'] = [float(step.std[name]) for name in channels]
            record['clip'] = None if step.clip is None else list(step.clip)
            record['fill'] = step.fill
    return record | source
