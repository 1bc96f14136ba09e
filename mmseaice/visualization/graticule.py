"""Lines of latitude and longitude over an image in radar geometry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke

from mmseaice.scenes import Geolocation

from . import canvas

#: Steps in degrees between lines, and how many lines there may be.
_STEPS = (*(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60), 90)
_MOST_LINES = 6

#: Nodes along the longer side on which lines are looked for.
_NODES = 120

#: Share of the sides that labels keep clear of, and of each other.
_MARGIN, _DISTANCE = 0.06, 0.09


@dataclass(frozen=True)
class GridLine:
    """One line of equal latitude or longitude, as far as it is in a scene.

    Args:
        label: Such as '75°N'.
        meridian: Whether longitude is equal, else latitude.
        points: Pieces, each (n, 2) of sample and line, edge-based.
    """

    label: str
    meridian: bool
    points: tuple[np.ndarray, ...]


def graticule(
    geolocation: Geolocation, shape: tuple[int, int]
) -> list[GridLine]:
    """Find the lines of round latitude and longitude in a scene.

    Works at the pole and across 180 degrees.

    Args:
        geolocation: Where the pixels are.
        shape: Lines and samples of the scene.
    """
    nodes = [
        np.linspace(0, size, max(round(_NODES * size / max(shape)), 2) + 1)
        for size in shape
    ]
    y, x = nodes
    latitude, longitude = geolocation.grid(y, x)
    middle = float(geolocation.at(shape[0] / 2, shape[1] / 2)[1])
    # Turned so that the scene lies about 0, where nothing jumps.
    turned = (longitude - middle + 180) % 360 - 180
    lines = []
    for level in _round_levels(latitude.min(), latitude.max()):
        pieces = contour_generator(x, y, latitude).lines(level)
        label = f'{abs(level):g}°{"N" if level >= 0 else "S"}'
        lines.append(GridLine(label, False, tuple(pieces)))
    low, high = turned.min() + middle, turned.max() + middle
    for level in _round_levels(low, high):
        # Distance from the plane of the meridian: smooth even at the pole.
        angle = np.radians(longitude - level)
        distance = np.cos(np.radians(latitude)) * np.sin(angle)
        near = np.ma.masked_where(np.cos(angle) <= 0, distance)
        pieces = contour_generator(x, y, near).lines(0)
        lines.append(GridLine(_longitude_label(level), True, tuple(pieces)))
    return [line for line in lines if line.points]


def draw_graticule(
    axes: Axes,
    lines: Sequence[GridLine],
    shape: tuple[int, int],
) -> None:
    """Draw lines and labels over an image in pixel coordinates.

    Args:
        axes: Axes of the image.
        lines: What :func:`graticule` found.
        shape: Lines and samples of the scene.
    """
    pale = withStroke(linewidth=1.6, foreground='white', alpha=0.35)
    for line in lines:
        for piece in line.points:
            axes.plot(
                *piece.T,
                color='black',
                linewidth=0.6,
                alpha=0.6,
                path_effects=[pale],
            )
    for text, (x, y) in _label_places(lines, shape):
        axes.text(
            x,
            y,
            text,
            color='black',
            fontsize=canvas.LABEL_SIZE - 2,
            ha='center',
            va='center',
            path_effects=[withStroke(linewidth=2, foreground='white')],
        )
    axes.set_xlim(0, shape[1])
    axes.set_ylim(shape[0], 0)


def compass(
    geolocation: Geolocation, shape: tuple[int, int]
) -> dict[str, tuple[float, float]]:
    """Directions of north and east at the centre of a scene.

    Radar images may be mirrored, so that one does not tell the other.

    Args:
        geolocation: Where the pixels are.
        shape: Lines and samples of the scene.

    Returns:
        For 'N' and 'E' a unit vector of samples and lines.
    """
    steps = np.array([(0, 1), (0, -1), (1, 0), (-1, 0)])
    y, x = (np.array(shape) / 2 + steps).T
    latitude, longitude = geolocation.at(y, x)
    turned = (longitude - longitude[0] + 180) % 360 - 180
    degrees = np.stack([latitude, turned * np.cos(np.radians(latitude[0]))])
    per_pixel = (degrees[:, ::2] - degrees[:, 1::2]) / 2
    directions = np.linalg.pinv(per_pixel).T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    north, east = directions.tolist()
    return {'N': tuple(north), 'E': tuple(east)}


def draw_compass(
    axes: Axes,
    directions: dict[str, tuple[float, float]],
    shape: tuple[int, int],
) -> None:
    """Draw an arrow to each of the directions in the upper right corner."""
    length = 0.036 * max(shape)
    centre = (shape[1] - 2.4 * length, 2.4 * length)
    axes.add_patch(Circle(centre, 2.1 * length, color='black', alpha=0.5))
    for name, direction in directions.items():
        tip = np.add(centre, np.multiply(direction, length))
        arrow = {'arrowstyle': '-|>', 'color': 'white', 'shrinkA': 0}
        arrow |= {'shrinkB': 0}
        axes.annotate('', tip, centre, arrowprops=arrow)
        axes.text(
            *np.add(centre, np.multiply(direction, 1.55 * length)),
            name,
            color='white',
            fontsize=canvas.LABEL_SIZE - 1,
            ha='center',
            va='center',
        )


def _round_levels(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, as many as there may be."""
    step = next(
        (s for s in _STEPS if (high - low) / s <= _MOST_LINES), _STEPS[-1]
    )
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(number * step, 2) for number in range(first, last + 1)]


def _longitude_label(level: float) -> str:
    """A longitude of any turn as text within 180 degrees."""
    level = round((level + 180) % 360 - 180, 2)
    if level in (0, -180):
        return f'{abs(level):g}°'
    return f'{abs(level):g}°{"E" if level > 0 else "W"}'


def _label_places(
    lines: Sequence[GridLine], shape: tuple[int, int]
) -> Iterator[tuple[str, np.ndarray]]:
    """Places (sample, line) near the left for parallels, below for others."""
    size = np.array(shape[::-1], float)
    taken: list[np.ndarray] = []
    for line in lines:
        points = np.concatenate(line.points)
        places = points / size
        inside = ((places > _MARGIN) & (places < 1 - _MARGIN)).all(axis=1)
        # Two corners belong to the scale bar and to the arrows.
        inside &= (places[:, 0] > 0.35) | (places[:, 1] < 0.85)
        inside &= (places[:, 0] < 0.7) | (places[:, 1] > 0.3)
        free = [
            place
            for place in places[inside]
            if all(np.linalg.norm(place - t) > _DISTANCE for t in taken)
        ]
        if free:
            best = (
                max(free, key=lambda place: place[1])
                if line.meridian
                else min(free, key=lambda place: place[0])
            )
            taken.append(best)
            yield line.label, best * size
