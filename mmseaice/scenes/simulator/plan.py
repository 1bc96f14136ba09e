"""What the scenes of a set are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .scene import SMALLEST, Special, check_size, scene_identity

#: From how many scenes on a set holds the special ones, and the twins.
_FOR_SPECIALS, _FOR_TWINS = 8, 10
_WATER, _SHORT, _MASKED, _TWINS = 1, 2, 5, (3, 4)


@dataclass(frozen=True)
class ScenePlan:
    """What to simulate, and where it belongs.

    Args:
        seed: Seed of the set.
        index: Number of the scene in the set.
        lines: Raw lines.
        samples: Raw samples.
        split: 'train' or 'test'.
        service: 'dmi' or 'cis'.
        special: See :func:`simulate_scene`.
        start: Time of the first line if it is not free.
    """

    seed: int
    index: int
    lines: int
    samples: int
    split: str
    service: str
    special: Special | None = None
    start: datetime | None = None


def plan_scenes(
    scenes: int,
    *,
    lines: int,
    samples: int,
    seed: int = 0,
    test_scenes: int = 0,
    specials: bool = True,
) -> list[ScenePlan]:
    """Decide what each scene of a set is.

    Services take turns; the last ``test_scenes`` are test scenes. A set of
    8 or more holds one scene without ice, one short scene and one whose
    labels are mostly masked; a set of 10 or more two scenes of one time
    stamp, one per service. All of these are among the first six.

    Raises:
        ValueError: If a number is out of range.
    """
    check_size(lines, samples)
    if scenes < 1:
        raise ValueError(f'scenes must be at least 1, but got {scenes}.')
    if not 0 <= test_scenes <= scenes:
        raise ValueError(
            f'test_scenes must be between 0 and scenes ({scenes}), but got '
            f'{test_scenes}.'
        )
    plans = []
    for index in range(scenes):
        special, start, height = None, None, lines
        if specials and scenes >= _FOR_SPECIALS:
            special = {_WATER: 'water', _MASKED: 'masked'}.get(index)
            if index == _SHORT:
                height = max(SMALLEST, round(0.25 * lines))
        if specials and scenes >= _FOR_TWINS and index == _TWINS[1]:
            start = scene_identity(seed, _TWINS[0], lines).start
        split = 'test' if index >= scenes - test_scenes else 'train'
        service = ('dmi', 'cis')[index % 2]
        plans.append(
            ScenePlan(
                seed, index, height, samples, split, service, special, start
            )
        )
    return plans
