"""One HTML page of charted scenes, to look at in any browser."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

import numpy as np
import xarray as xr
from tqdm import tqdm

from mmseaice.scenes import Geolocation
from mmseaice.utils.atomic import atomic_path

from .charted_layers import WARNING, reduction
from .graticule import compass
from .page_layers import page_layers

_PARTS = Path(__file__).parent / 'page_parts'

#: Longest side of an image in pixels.
MAX_SIDE = 1600

#: Nodes per side of the grid of latitudes and longitudes.
_NODES = 25

#: Rows of the table of provenance: attribute, and what it is.
_PROVENANCE = (
    ('acquisition_time', 'Acquired (UTC)'),
    ('source', 'Source'),
    ('model', 'Model'),
    ('checkpoint', 'Checkpoint'),
    ('checkpoint_sha256', 'SHA-256 of the checkpoint'),
    ('calibration', 'Calibration'),
    ('passes', 'Passes'),
    ('pixel_spacing', 'Pixel spacing of the prediction (m)'),
    ('software', 'Software'),
)


def write_page(
    scenes: Sequence[xr.Dataset],
    path: str | os.PathLike,
    *,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    title: str = 'Sea-ice charts',
    progress: bool = True,
) -> Path:
    """Write charted scenes as one HTML file that needs nothing else.

    It loads nothing and runs from a disk: images, styles and script are in
    the file, a few megabytes per scene. Charts show the pixel at the centre
    of each cell, SAR its mean power.

    Args:
        scenes: Charted scenes, opened one after the other.
        path: File to write.
        scores: Scores in percent by ``scene_id``, then by name.
        title: Title of the page.
        progress: Whether to show a progress bar.

    Returns:
        The path of the page.

    Raises:
        PredictionError: If a scene has no chart.
        ValueError: If there is no scene.
    """
    if len(scenes) == 0:
        raise ValueError(
            'scenes must be at least one charted scene, but got none.'
        )
    parts = {
        name: (_PARTS / f'page.{name}').read_text(encoding='utf-8')
        for name in ('html', 'css', 'js')
    }
    head, tail = parts['html'].split('<!-- scenes -->')
    head = head.replace('/* style */', parts['css'])
    head = head.replace('<!-- warning -->', escape(WARNING))
    head = head.replace('<!-- title -->', escape(title))
    path = Path(path)
    with atomic_path(path) as part, part.open('w', encoding='utf-8') as file:
        file.write(head)
        for scene in tqdm(scenes, 'page', disable=not progress):
            name = str(scene.attrs.get('scene_id', ''))
            file.write(_scene_block(scene, (scores or {}).get(name, {})))
        file.write(tail.replace('/* script */', parts['js']))
    return path


def _scene_block(charted: xr.Dataset, scores: Mapping[str, float]) -> str:
    """A scene as a block of JSON that no text in it can end."""
    attrs = charted.attrs
    shape = charted['status'].shape
    factor = reduction(shape, MAX_SIDE)
    height, width = (size // factor for size in shape)
    covered = height * factor, width * factor
    geolocation = Geolocation.from_scene(charted)
    nodes = (np.linspace(0, size, _NODES) for size in covered)
    latitude, longitude = geolocation.grid(*nodes)
    name = str(attrs.get('scene_id', ''))
    content = {
        'id': name,
        'height': height,
        'width': width,
        'layers': [asdict(layer) for layer in page_layers(charted, factor)],
        'compass': compass(geolocation, covered),
        'grid': {
            'rows': _NODES,
            'columns': _NODES,
            'latitude': np.round(latitude.ravel(), 5).tolist(),
            'longitude': np.round(longitude.ravel(), 5).tolist(),
        },
        'provenance': [
            (label, str(attrs[key]))
            for key, label in _PROVENANCE
            if str(attrs.get(key, ''))
        ],
        'scores': [
            (key, f'{value:.2f}' if np.isfinite(value) else 'none')
            for key, value in scores.items()
        ],
    }
    text = json.dumps(content, allow_nan=False).replace('<', '\\u003c')
    time = escape(str(attrs.get('acquisition_time', '')))
    return (
        f'<script type="application/json" class="scene" '
        f'data-id="{escape(name)}" data-time="{time}">{text}</script>\n'
    )
