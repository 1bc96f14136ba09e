"""What a benchmark is to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Sequence


def judge_goal(
    name: str, value: float | None, goal: float, better: str
) -> dict[str, object]:
    """Hold a figure against its goal; one that is not known is not judged.

    Args:
        name: What is judged.
        value: The figure, None if it was not measured.
        goal: What it should be at least, or at most.
        better: 'higher' or 'lower'.
    """
    met = None
    if value is not None:
        met = value >= goal if better == 'higher' else value <= goal
    return {
        'name': name,
        'value': value,
        'goal': goal,
        'better': better,
        'met': met,
    }


def goal_lines(goals: Sequence[dict]) -> list[str]:
    """The goals as lines of a Markdown table."""
    lines = ['| | value | goal | met |', '|---|---:|---:|---|']
    for goal in goals:
        sign = '>=' if goal['better'] == 'higher' else '<='
        value, met = goal['value'], goal['met']
        lines.append(
            f'| {goal["name"]} '
            f'| {"not measured" if value is None else _plain(value)} '
            f'| {sign} {_plain(goal["goal"])} '
            f'| {"" if met is None else "yes" if met else "no"} |'
        )
    return lines


def _plain(value: float) -> str:
    """A number as people write it."""
    return f'{value:.1g}' if abs(value) < 0.01 else f'{value:.2f}'
