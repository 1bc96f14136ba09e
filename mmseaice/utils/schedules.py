"""Schedules of a training that end earlier or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import ConfigDict

#: Settings of schedulers that are times.
_TIMES = (
    *('begin', 'end', 'T_max', 'periods', 'milestones', 'step_size'),
    'total_steps',
)


def stretch_schedulers(
    schedulers: ConfigDict | Sequence[ConfigDict], factor: float
) -> None:
    """Let the schedule of a training end earlier or later, in place.

    Args:
        schedulers: Config of a scheduler, or of several.
        factor: What all times are multiplied by; none but 0 becomes 0.
    """

    def stretched(time: float) -> int:
        return max(round(time * factor), 1) if time else 0

    schedulers = [schedulers] if isinstance(schedulers, dict) else schedulers
    for scheduler in schedulers:
        for key in set(_TIMES) & set(scheduler):
            time = scheduler[key]
            scheduler[key] = (
                [stretched(period) for period in time]
                if isinstance(time, Sequence)
                else stretched(time)
            )
