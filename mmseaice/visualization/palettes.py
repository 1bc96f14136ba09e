"""Charts in the colours of the one class table."""

from __future__ import annotations

import numpy as np

from mmseaice.charts import IGNORE, IGNORE_COLOUR, get_task

Colour = tuple[int, int, int]


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


def legend_entries(task: str) -> list[tuple[str, Colour]]:
    """Names and colours for the legend of a task, the masked one last.

    Neighbouring classes that share a colour share an entry.
    """
    row = get_task(task)
    groups: list[tuple[list[str], Colour]] = []
    for name, colour in zip(row.classes, row.palette, strict=True):
        if groups and groups[-1][1] == colour:
            groups[-1][0].append(name)
        else:
            groups.append(([name], colour))
    entries = [
        (names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}', colour)
        for names, colour in groups
    ]
    return [*entries, ('masked', IGNORE_COLOUR)]
