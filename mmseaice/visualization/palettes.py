"""Charts in the colours of the one class table."""

from __future__ import annotations

import numpy as np

from mmseaice.charts import IGNORE, IGNORE_COLOUR, Task, get_task

Colour = tuple[int, int, int]

#: What legends call pixels without a class: the analyst left them out, or
#: there is no SAR to predict them from.
NOT_CHARTED, NO_DATA = 'not charted', 'no data'


def chart_to_rgb(chart: np.ndarray, task: str) -> np.ndarray:
    """Colour a chart with the palette of its task.

    Args:
        chart: Class numbers (H, W). Real numbers, such as a regressed SIC,
            are rounded and clipped to the table; 255 and NaN stay without
            a class.
        task: Name of the task.

    Returns:
        uint8 (H, W, 3); pixels without a class are grey.
    """
    row = get_task(task)
    chart = np.asarray(chart)
    unknown = ~np.isfinite(chart) | (chart == IGNORE)
    classes = np.where(unknown, 0, chart)
    classes = np.clip(np.rint(classes), 0, row.num_classes - 1)
    rgb = np.array(row.palette, np.uint8)[classes.astype(np.intp)]
    rgb[unknown] = IGNORE_COLOUR
    return rgb


def colour_shares(chart: np.ndarray, task: str) -> dict[Colour, float]:
    """Share of a chart's pixels (0..1) by the colour that they are shown in.

    Args:
        chart: Class numbers (H, W), 255 without a class.
        task: Name of the task.
    """
    counts = np.bincount(np.ravel(chart), minlength=IGNORE + 1) / chart.size
    shares = {IGNORE_COLOUR: float(counts[IGNORE])}
    for number, colour in enumerate(get_task(task).palette):
        shares[colour] = shares.get(colour, 0) + float(counts[number])
    return shares


def legend_entries(
    task: str, blank: str = NOT_CHARTED
) -> list[tuple[str, Colour]]:
    """Names and colours for the legend of a task, that without class last.

    Neighbouring classes that share a colour share an entry. Those of a
    regression are its values rounded, so an entry is the range of values
    that look so.

    Args:
        task: Name of the task.
        blank: What pixels without a class are called.
    """
    row = get_task(task)
    groups: list[tuple[list[int], Colour]] = []
    for number, colour in enumerate(row.palette):
        if groups and groups[-1][1] == colour:
            groups[-1][0].append(number)
        else:
            groups.append(([number], colour))
    name = _range if row.kind == 'regression' else _names
    entries = [(name(row, numbers), colour) for numbers, colour in groups]
    return [*entries, (blank, IGNORE_COLOUR)]


def _names(row: Task, numbers: list[int]) -> str:
    """Names of the first and the last of some classes."""
    names = [row.classes[number] for number in numbers]
    return names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}'


def _range(row: Task, numbers: list[int]) -> str:
    """Percent that are rounded to one of some tenths."""
    low = max(10 * numbers[0] - 5, 0)
    high = 10 * numbers[-1] + 5
    if numbers[0] == 0:
        return f'below {high} %'
    if numbers[-1] == row.num_classes - 1:
        return f'{low} % and more'
    return f'{low} to {high} %'
