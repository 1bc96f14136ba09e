"""The one table of tasks, classes, ice-chart codes and colours.

Everything that maps between SIGRID-3 codes, class numbers, class names and
colours reads :data:`TASKS`. Adding a task means adding a row here.

Sources: classes and code groups as in the AutoICE challenge (Stokholm et
al. 2024, The Cryosphere 18, 3471); codes after SIGRID-3 (JCOMM TR 23);
colours of concentration and stage of development after the WMO ice chart
colour standard (WMO/TD 1215). The WMO sets no colours for floe size, so the
sequence used there is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Label value of pixels without a usable label, for every task.
IGNORE = 255

#: Light grey of masked chart pixels in every figure and product. Not the
#: darker (150, 150, 150), which is fast ice in the WMO colour standard.
IGNORE_COLOUR = (205, 205, 205)

#: Dark grey of land; neither the grey of masked pixels nor that of fast ice.
LAND_COLOUR = (105, 105, 105)


@dataclass(frozen=True)
class Task:
    """One quantity of an ice chart.

    Args:
        name: Short name, the key used in configs, files and scores.
        title: Name for figures and product attributes.
        kind: 'regression' if classes are steps on a scale that a single
            number can stand for, else 'classification'.
        classes: Class names by class number.
        palette: RGB colour (0..255) by class number.
        code_map: SIGRID-3 code to class number; codes without a usable
            class map to :data:`IGNORE`.
        output_codes: The SIGRID-3 code written for each class number; -9
            leaves the field empty.
        weight: Weight of the task in the combined AutoICE score.
    """

    name: str
    title: str
    kind: Literal['regression', 'classification']
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    code_map: Mapping[int, int] = field(repr=False)
    output_codes: tuple[int, ...] = field(repr=False)
    weight: float

    @property
    def num_classes(self) -> int:
        """Number of classes, without the ignored one."""
        return len(self.classes)


def _codes(*groups: tuple[int, ...], ignored: tuple[int, ...] = ()) -> dict:
    """Map each code of group ``i`` to class ``i``."""
    table = {code: i for i, group in enumerate(groups) for code in group}
    return table | dict.fromkeys(ignored, IGNORE)


_OPEN_WATER = (150, 200, 255)

SIC = Task(
    name='SIC',
    title='Sea ice concentration',
    kind='regression',
    classes=tuple(f'{10 * tenth} %' for tenth in range(11)),
    palette=(
        (0, 100, 255),
        *[(140, 255, 160)] * 3,
        *[(255, 255, 0)] * 3,
        *[(255, 125, 7)] * 2,
        *[(255, 0, 0)] * 2,
    ),
    code_map=_codes(
        (0, 1, 2, 55),
        *[(10 * tenth,) for tenth in range(1, 10)],
        (91, 92),
        ignored=(99,),
    ),
    output_codes=(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 92),
    weight=2.0,
)

SOD = Task(
    name='SOD',
    title='Stage of development',
    kind='classification',
    classes=(
        'open water',
        'new ice',
        'young ice',
        'thin first-year ice',
        'thick first-year ice',
        'old ice',
    ),
    palette=(
        _OPEN_WATER,
        (240, 210, 250),
        (170, 40, 240),
        (155, 210, 0),
        (0, 120, 0),
        (180, 100, 50),
    ),
    code_map=_codes(
        (0, 80),
        (81, 82),
        (83, 84, 85),
        (87, 88, 89),
        (86, 91, 93),
        (95, 96, 97),
        ignored=(98, 99),
    ),
    output_codes=(80, 81, 83, 87, 86, 95),
    weight=2.0,
)

FLOE = Task(
    name='FLOE',
    title='Floe size',
    kind='classification',
    classes=(
        'open water',
        'cake ice',
        'small floe',
        'medium floe',
        'big floe',
        'vast floe',
        'bergs',
    ),
    palette=(
        _OPEN_WATER,
        (255, 245, 180),
        (250, 205, 110),
        (240, 150, 70),
        (205, 85, 70),
        (140, 45, 90),
        (70, 20, 90),
    ),
    code_map=_codes(
        (0,),
        (2,),
        (3,),
        (4,),
        (5,),
        (6, 7),
        (9, 10),
        ignored=(1, 8, 21, 22),
    ),
    # Open water has no form: the field stays empty (-9). A 0 would name a
    # form of ice, pancakes.
    output_codes=(-9, 2, 3, 4, 5, 6, 10),
    weight=1.0,
)

#: All tasks by name, in the order figures and tables show them.
TASKS: dict[str, Task] = {task.name: task for task in (SIC, SOD, FLOE)}


def get_task(name: str) -> Task:
    """Look a task up by name.

    Raises:
        ValueError: If no such task is in the table.
    """
    if name not in TASKS:
        raise ValueError(
            f'task must be one of {", ".join(TASKS)}, but got {name!r}. '
            'Add a row to mmseaice/charts/codes.py for a new task.'
        )
    return TASKS[name]
